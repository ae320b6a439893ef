import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { CliIo } from '../types.js';

interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** What every client is made with. */
export interface AwsAccess {
  readonly maxAttempts: number;
  readonly endpoint?: string;
  readonly credentials: Keys | ((caller?: object) => Promise<Keys>);
}

/** How AWS can be asked from here: keys of the environment, else what a profile or the shared files give; undefined where there is nothing. */
export function awsAccess({ env }: CliIo, service: 'IAM' | 'S3'): AwsAccess | undefined {
  // What is set to nothing is not set, for the aws command too.
  const read = (name: string): string | undefined => (env[name] === '' ? undefined : env[name]);
  const accessKeyId = read('AWS_ACCESS_KEY_ID');
  const secretAccessKey = read('AWS_SECRET_ACCESS_KEY');
  const sessionToken = read('AWS_SESSION_TOKEN');
  const endpoint = read(`AWS_ENDPOINT_URL_${service}`) ?? read('AWS_ENDPOINT_URL');
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
  const profile = read('AWS_PROFILE');
  const home = read('HOME') ?? read('USERPROFILE') ?? '/';
  const filepath = read('AWS_SHARED_CREDENTIALS_FILE') ?? join(home, '.aws', 'credentials');
  const configFilepath = read('AWS_CONFIG_FILE') ?? join(home, '.aws', 'config');
  if (profile === undefined && !existsSync(filepath) && !existsSync(configFilepath))
    return undefined;
  return {
    ...shared,
    // The role of the pod or of the node is not asked, as the SDK's own chain would in the end: it is what is being diagnosed.
    credentials: async (caller) => {
      const { fromIni } = await import('@aws-sdk/credential-providers');
      return fromIni({
        profile: profile ?? 'default',
        filepath,
        configFilepath,
        ignoreCache: true,
      })(caller);
    },
  };
}
