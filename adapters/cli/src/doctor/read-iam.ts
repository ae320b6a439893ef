import type { IAMClient } from '@aws-sdk/client-iam';
import type { ProviderFact, RoleFact } from 'irsa/diagnose';
import { issuerHostPath } from 'irsa/oidc';
import { parseArn } from 'irsa/iam';
import type { CliIo } from '../types.js';
import type { Gap } from './types.js';

/** What IAM shows; a member is absent where it could not be read, and null where there is no such thing. */
export interface IamFacts {
  readonly provider?: ProviderFact | null;
  readonly role?: RoleFact | null;
  readonly gaps: readonly Gap[];
}

/** Reads provider and role, where the environment has credentials to ask with. */
export async function readIam(
  issuer: string | undefined,
  roleArn: string | undefined,
  io: CliIo,
): Promise<IamFacts> {
  const { env } = io;
  const accessKeyId = env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = env['AWS_SECRET_ACCESS_KEY'];
  if (roleArn === undefined)
    return { gaps: [{ what: 'IAM', why: 'no role ARN is known; pass --role' }] };
  if (accessKeyId === undefined && env['AWS_PROFILE'] === undefined) {
    return {
      gaps: [
        {
          what: 'IAM',
          why: 'no AWS credentials: set AWS_PROFILE or access keys to have provider and role looked at',
        },
      ],
    };
  }
  const iam = await import('@aws-sdk/client-iam');
  const endpoint = env['AWS_ENDPOINT_URL_IAM'] ?? env['AWS_ENDPOINT_URL'];
  const sessionToken = env['AWS_SESSION_TOKEN'];
  const client = new iam.IAMClient({
    region: 'us-east-1',
    maxAttempts: 2,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : {
          credentials: {
            accessKeyId,
            secretAccessKey,
            ...(sessionToken === undefined ? {} : { sessionToken }),
          },
        }),
  });
  const gaps: Gap[] = [];
  const look = async <T>(what: string, act: () => Promise<T>): Promise<T | null | undefined> => {
    try {
      return await act();
    } catch (error) {
      const name = error instanceof Error ? error.name : String(error);
      if (name.startsWith('NoSuchEntity')) return null;
      gaps.push({ what, why: name });
      return undefined;
    }
  };
  const [provider, role] = await Promise.all([
    issuer === undefined
      ? undefined
      : look('the IAM OIDC provider', () => readProvider(client, issuer, roleArn)),
    look('the role', () => readRole(client, roleArn)),
  ]);
  client.destroy();
  return {
    gaps,
    ...(provider === undefined ? {} : { provider }),
    ...(role === undefined ? {} : { role }),
  };
}

/** The provider of the issuer; else the one that differs by a slash only, which is the classic mistake. */
async function readProvider(
  client: IAMClient,
  issuer: string,
  roleArn: string,
): Promise<ProviderFact | null> {
  const { GetOpenIDConnectProviderCommand, ListOpenIDConnectProvidersCommand } =
    await import('@aws-sdk/client-iam');
  const { accountId, partition } = parseArn(roleArn);
  const wanted = `arn:${partition}:iam::${accountId}:oidc-provider/${issuerHostPath(issuer)}`;
  const { OpenIDConnectProviderList: list = [] } = await client.send(
    new ListOpenIDConnectProvidersCommand({}),
  );
  const arns = list.map(({ Arn }) => Arn ?? '');
  const bare = (arn: string): string => arn.replace(/\/$/, '');
  const arn = arns.find((one) => one === wanted) ?? arns.find((one) => bare(one) === bare(wanted));
  if (arn === undefined) return null;
  const found = await client.send(
    new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }),
  );
  return { arn, url: found.Url ?? '', audiences: found.ClientIDList ?? [] };
}

async function readRole(client: IAMClient, roleArn: string): Promise<RoleFact> {
  const { GetRoleCommand } = await import('@aws-sdk/client-iam');
  const { Role } = await client.send(
    new GetRoleCommand({ RoleName: roleArn.split('/').at(-1) ?? '' }),
  );
  return {
    arn: Role?.Arn ?? '',
    trustPolicy: Role?.AssumeRolePolicyDocument,
    maxSessionDurationSeconds: Role?.MaxSessionDuration ?? 3600,
  };
}
