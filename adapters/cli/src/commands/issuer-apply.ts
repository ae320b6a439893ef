import { publishIssuer } from '../publish-issuer.js';
import { addIssuerOptions, issuerTask, type IssuerOptions } from '../issuer-spec.js';
import type { CommandContext } from '../types.js';

type Options = IssuerOptions & { readonly yes?: true; readonly dryRun?: true };

export function defineIssuerApply({ command, io, respond }: CommandContext): void {
  addIssuerOptions(command)
    .option('-y, --yes', 'ask nobody')
    .option('--dry-run', 'show the plan as a diff')
    .addHelpText(
      'after',
      '\nExample:\n  irsa issuer apply --name cluster-1 --account-id 111122223333 --bucket my-oidc --region eu-west-1 --key keys/sa.pub',
    )
    .action(async (options: Options) => {
      await respond(() =>
        publishIssuer(() => issuerTask(options, io), io, {
          yes: options.yes === true,
          dryRun: options.dryRun === true,
          question: 'Make these changes?',
        }),
      );
    });
}
