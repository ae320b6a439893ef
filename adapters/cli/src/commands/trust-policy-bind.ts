import {
  bindServiceAccounts,
  parseTrustPolicy,
  unbindServiceAccounts,
  type TrustPolicy,
} from 'irsa/iam';
import { changeText } from '../change-text.js';
import { paint } from '../paint.js';
import { readText } from '../read-input.js';
import { addTrustOptions, trustBinding, type TrustOptions } from '../trust-options.js';
import type { CommandContext } from '../types.js';

export function defineTrustPolicyBind(context: CommandContext): void {
  define(context, 'bind', (policy, options) => bindServiceAccounts(policy, trustBinding(options)));
}

export function defineTrustPolicyUnbind(context: CommandContext): void {
  define(context, 'unbind', (policy, options) =>
    unbindServiceAccounts(policy, trustBinding(options)),
  );
}

type Options = TrustOptions & { readonly dryRun?: true };

function define(
  { command, io, respond }: CommandContext,
  name: string,
  change: (policy: TrustPolicy, options: TrustOptions) => TrustPolicy,
): void {
  addTrustOptions(command.argument('[file]', 'the trust policy; - is standard input', '-'))
    .option('--dry-run', 'show the change instead of the policy')
    .addHelpText(
      'after',
      `\nExample:\n  aws iam get-role --role-name app --query Role.AssumeRolePolicyDocument |\n    irsa trust-policy ${name} --issuer https://oidc.example.com --account-id 111122223333 \\\n      --service-account default/app`,
    )
    .action(async (file: string, options: Options) => {
      await respond(async () => {
        const before = parseTrustPolicy(await readText(file, io));
        const after = change(before, options);
        const text = JSON.stringify(after, undefined, 2);
        return {
          data: after,
          text:
            options.dryRun === true
              ? changeText(JSON.stringify(before, undefined, 2), text, paint(io))
              : text,
        };
      });
    });
}
