import { buildTrustPolicy, measureTrustPolicy } from 'irsa/iam';
import { addTrustOptions, trustBinding, type TrustOptions } from '../trust-options.js';
import type { CommandContext } from '../types.js';

export function defineTrustPolicyBuild({ command, io, respond }: CommandContext): void {
  addTrustOptions(command)
    .addHelpText(
      'after',
      '\nExample:\n  irsa trust-policy build --issuer https://oidc.example.com --account-id 111122223333 \\\n    --service-account default/s3-echoer > trust.json',
    )
    .action(async (options: TrustOptions) => {
      await respond(() => {
        const policy = buildTrustPolicy(trustBinding(options));
        const { length, limit } = measureTrustPolicy(policy);
        io.stderr.write(`note: ${length} of ${limit} characters\n`);
        return { data: policy, text: JSON.stringify(policy, undefined, 2) };
      });
    });
}
