import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CliIo } from '../types.js';

/** What every client is made with. */
export interface AwsAccess {
  readonly maxAttempts: number;
  readonly endpoint?: string;
  readonly credentials?: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string;
  };
}

/** How AWS can be asked from here: keys of the environment, else what a profile or the shared files give; undefined where there is nothing. */
export function awsAccess({ env }: CliIo, service: 'IAM' | 'S3'): AwsAccess | undefined {
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  const sessionToken = env['AWS_SESSION_TOKEN'];
  const endpoint = env[`AWS_ENDPOINT_URL_${service}`] ?? env['AWS_ENDPOINT_URL'];
  const shared = { maxAttempts: 2, ...(endpoint === undefined ? {} : { endpoint }) };
  if (accessKeyId !== undefined && secretAccessKey !== undefined)
    return {
      ...shared,
      credentials: {
        accessKeyId,
        secretAccessKey,
        ...(sessionToken === undefined ? {} : { sessionToken }),
      },
    };
  const home = env['HOME'] ?? env['USERPROFILE'];
  const hasFiles =
    home !== undefined &&
    ['credentials', 'config'].some((name) => existsSync(join(home, '.aws', name)));
  // The role of the pod or of the node is not asked: it is what is being diagnosed.
  return env['AWS_PROFILE'] !== undefined || hasFiles ? shared : undefined;
}
