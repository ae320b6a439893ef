import type { IAMClient } from '@aws-sdk/client-iam';
import type { ProviderFact, RoleFact } from 'irsa/diagnose';
import { issuerHostPath } from 'irsa/oidc';
import { factsOfPartition, type Partition } from 'irsa/iam';
import type { CliIo } from '../types.js';
import { awsAccess } from './aws-access.js';
import { readOrGap } from './read-or-gap.js';
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
  if (roleArn === undefined)
    return { gaps: [{ what: 'IAM', why: 'no role ARN is known; pass --role' }] };
  const access = awsAccess(io, 'IAM');
  if (access === undefined) {
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
  const client = new iam.IAMClient({ ...access, region: globalRegionOf(roleArn) });
  const gaps: Gap[] = [];
  const look = <T>(what: string, act: () => Promise<T>): Promise<T | null | undefined> =>
    readOrGap(gaps, what, 'NoSuchEntity', act);
  const reading = look('the role', () => readRole(client, roleArn));
  const [provider, role] = await Promise.all([
    look('the IAM OIDC provider', () => readProvider(client, issuer, reading)),
    reading,
  ]);
  client.destroy();
  return {
    gaps,
    ...(provider === undefined ? {} : { provider }),
    ...(role === undefined ? {} : { role }),
  };
}

/** IAM answers in one region of each partition; an ARN that is none is the diagnosis's to explain. */
function globalRegionOf(roleArn: string): string {
  const partition = /^arn:([^:]+):/.exec(roleArn)?.[1] ?? 'aws';
  return factsOfPartition(partition as Partition).globalRegion;
}

/** The provider of the issuer; else the one that differs by a slash only, which is the classic mistake; else the one that the role trusts. */
async function readProvider(
  client: IAMClient,
  issuer: string | undefined,
  role: Promise<RoleFact | null | undefined>,
): Promise<ProviderFact | null> {
  const { GetOpenIDConnectProviderCommand, ListOpenIDConnectProvidersCommand } =
    await import('@aws-sdk/client-iam');
  const { OpenIDConnectProviderList: list = [] } = await client.send(
    new ListOpenIDConnectProvidersCommand({}),
  );
  const arns = list.map(({ Arn }) => Arn ?? '');
  const wanted = `:oidc-provider/${issuer === undefined ? '' : issuerHostPath(issuer)}`;
  const bare = (arn: string): string => arn.replace(/\/$/, '');
  const arn =
    arns.find((one) => one.endsWith(wanted)) ??
    arns.find((one) => bare(one).endsWith(bare(wanted))) ??
    trustedOf(arns, (await role)?.trustPolicy);
  if (arn === undefined) return null;
  const found = await client.send(
    new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }),
  );
  return { arn, url: found.Url ?? '', audiences: found.ClientIDList ?? [] };
}

/** The one provider that a trust policy names; undefined where it names several, or none that is there. */
function trustedOf(arns: readonly string[], trustPolicy: unknown): string | undefined {
  const text = decodeURIComponent(typeof trustPolicy === 'string' ? trustPolicy : '');
  const named = arns.filter((arn) => text.includes(`"${arn}"`));
  return named.length === 1 ? named[0] : undefined;
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
