import { carryOut } from '../carry-out.js';
import { addTrustOptions, trustBinding, type TrustOptions } from '../trust-options.js';
import type { CommandContext } from '../types.js';

type Options = TrustOptions & {
  readonly name: string;
  readonly path?: string;
  readonly yes?: true;
  readonly dryRun?: true;
};

export function defineRoleCreate({ command, io, respond }: CommandContext): void {
  addTrustOptions(command)
    .requiredOption('--name <role>', 'of the role; one that exists gets the service accounts added')
    .option('--path <path>', 'of a new role (default: /)')
    .option('-y, --yes', 'ask nobody')
    .option('--dry-run', 'show the plan as a diff')
    .addHelpText(
      'after',
      '\nExample:\n  irsa role create --name s3-echoer --issuer https://oidc.example.com --account-id 111122223333 \\\n    --service-account default/s3-echoer',
    )
    .action(async (options: Options) => {
      await respond(() => {
        const { issuer, accountId, partition, subjects, audience } = trustBinding(options);
        const { name, path } = options;
        const spec = {
          name,
          accountId,
          ...(partition === undefined ? {} : { partition }),
          issuer,
          target: { kind: 'elsewhere' } as const,
          documents: [],
          // The provider is the issuer's affair.
          provider: null,
          roles: [
            {
              roleName: name,
              subjects,
              ...(path === undefined ? {} : { path }),
              ...(audience === undefined ? {} : { audience }),
            },
          ],
        };
        return carryOut({ spec }, io, {
          yes: options.yes === true,
          dryRun: options.dryRun === true,
          question: `Create or change the role ${name}?`,
        });
      });
    });
}
