import { carryOut } from '../carry-out.js';
import { addIssuerOptions, issuerTask, type IssuerOptions } from '../issuer-spec.js';
import type { CommandContext } from '../types.js';

type Options = IssuerOptions & {
  readonly yes?: true;
  readonly dryRun?: true;
  readonly releaseBucketName?: true;
};

export function defineIssuerTeardown({ command, io, respond }: CommandContext): void {
  addIssuerOptions(command)
    .option(
      '--release-bucket-name',
      'delete the bucket too: whoever takes its name then owns the issuer for every role that still trusts it',
    )
    .option('-y, --yes', 'ask nobody')
    .option('--dry-run', 'show the plan as a diff')
    .addHelpText(
      'after',
      '\nExample:\n  irsa issuer teardown --name cluster-1 --account-id 111122223333 --bucket my-oidc --region eu-west-1 --dry-run',
    )
    .action(async (options: Options) => {
      await respond(async () => {
        const task = await issuerTask(options, io, 'absent');
        const releaseBucketName = options.releaseBucketName === true;
        return carryOut({ ...task, spec: { ...task.spec, releaseBucketName } }, io, {
          yes: options.yes === true,
          dryRun: options.dryRun === true,
          question: `Take the issuer ${task.spec.name} down? Pods lose their roles.`,
        });
      });
    });
}
