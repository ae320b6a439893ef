import { ArnError } from '../errors.js';
import { parseArn } from '../names/arn.js';

/**
 * Refuses what is no ARN, and the ARN of something else than a role: STS would only say `Request ARN is invalid`.
 *
 * @throws {@link ArnError} `ERR_ARN`
 */
export function assertRoleArn(arn: string): void {
  const { service, resource } = parseArn(arn);
  if (service === 'iam' && resource.startsWith('role/')) return;
  const actual = `${service}:${resource.split('/')[0] ?? ''}`;
  throw new ArnError(
    `role ARN: expected arn:PARTITION:iam::ACCOUNT:role/NAME, got ${arn} (${actual}); use the ARN of the role itself, as \`aws iam get-role\` shows it`,
    { expected: 'arn:PARTITION:iam::ACCOUNT:role/NAME', actual: arn },
  );
}
