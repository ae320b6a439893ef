import { InvalidArgumentError } from 'commander';
import { carryOut } from '../carry-out.js';
import { addTrustOptions, trustBinding, type TrustOptions } from '../trust-options.js';
import type { CommandContext } from '../types.js';

type Options = TrustOptions & {
  readonly name: string;
  readonly path?: string;
  readonly profile?: string;
  readonly yes?: true;
  readonly dryRun?: true;
};

const roleName = (text: string): string => {
  if (/^[\w+=,.@-]{1,64}$/.test(text)) return text;
  throw new InvalidArgumentError('Expected 1 to 64 letters, digits or _+=,.@-.');
};

export function defineRoleCreate({ command, io, respond }: CommandContext): void {
  addTrustOptions(command)
    .requiredOption(
      '--name <role>',
      'of the role; one that exists gets the service accounts added',
      roleName,
    )
    .option('--path <path>', 'of a new role (default: /)')
    .option('--profile <profile>', 'of the AWS configuration (default: AWS_PROFILE)')
    .option('-y, --yes', 'ask nobody')
    .option('--dry-run', 'show the plan as a diff')
    .addHelpText(
      'after',
      '\nExample:\n  irsa role create --name s3-echoer --issuer https://oidc.example.com --account-id 111122223333 \\\n    --service-account default/s3-echoer',
    )
    .action(async (options: Options) => {
      await respond(async () => {
        const { issuer, accountId, partition, subjects, audience } = trustBinding(options);
        const { name, path, profile } = options;
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
        const clients = await io.awsClients({
          spec,
          ...(profile === undefined ? {} : { profile }),
        });
        return carryOut({ spec, target: { clients } }, io, {
          yes: options.yes === true,
          dryRun: options.dryRun === true,
          question: `Create or change the role ${name}?`,
        });
      });
    });
}
