import { GetOpenIDConnectProviderCommand, GetRoleCommand } from '@aws-sdk/client-iam';
import type { FetchFact, ProviderFact, RoleFact, WebIdentityFacts } from 'irsa/diagnose';
import { sendHttps } from '../clients/send-https.js';
import type { HttpsAnswer } from '../clients/send-https.js';
import { accountId, region } from '../environment/hosts.js';
import type { VerifyingAws } from '../environment/start-aws.js';

/** Looks at everything that STS looks at: the issuer as a stranger, provider and role as the account's administrator. */
export async function gatherFacts(
  aws: VerifyingAws,
  ca: string,
  call: {
    readonly token: string;
    readonly roleArn: string;
    readonly durationSeconds?: number;
    readonly sessionName?: string;
    readonly policy?: string;
    readonly providerId?: string;
  },
): Promise<WebIdentityFacts> {
  const { token, roleArn, durationSeconds, sessionName, policy, providerId } = call;
  const issuer = claimedIssuer(token);
  const documents = issuer === undefined ? { fetches: [] } : await readIssuer(issuer, ca);
  return {
    token,
    now: new Date(),
    ...documents,
    provider: issuer === undefined ? null : await readProvider(aws, issuer),
    role: await readRole(aws, roleArn),
    call: {
      roleArn,
      region,
      ...(durationSeconds === undefined ? {} : { durationSeconds }),
      ...(sessionName === undefined ? {} : { roleSessionName: sessionName }),
      ...(policy === undefined ? {} : { policy }),
      ...(providerId === undefined ? {} : { providerId }),
    },
  };
}

function claimedIssuer(token: string): string | undefined {
  try {
    const { iss } = JSON.parse(
      Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'),
    );
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined;
  }
}

async function readIssuer(
  issuer: string,
  ca: string,
): Promise<Pick<WebIdentityFacts, 'discovery' | 'jwks' | 'fetches'>> {
  const fetches: FetchFact[] = [];
  const read = async (
    document: FetchFact['document'],
    url: string,
  ): Promise<string | undefined> => {
    const answer = await sendHttps({ url, ca, timeoutMs: 3000 }).catch(() => undefined);
    fetches.push(factOf(document, url, answer));
    return answer?.status === 200 ? answer.text : undefined;
  };
  const base = issuer.replace(/\/$/, '');
  const discovery = await read('discovery', `${base}/.well-known/openid-configuration`);
  const jwksUri = discovery === undefined ? '' : String(JSON.parse(discovery).jwks_uri);
  const jwks = jwksUri.startsWith('https:') ? await read('jwks', jwksUri) : undefined;
  return {
    ...(discovery === undefined ? {} : { discovery }),
    ...(jwks === undefined ? {} : { jwks }),
    fetches,
  };
}

function factOf(
  document: FetchFact['document'],
  url: string,
  answer: HttpsAnswer | undefined,
): FetchFact {
  if (answer === undefined) return { document, url, failure: 'connection' };
  const contentType = answer.headers['content-type'];
  return {
    document,
    url,
    status: answer.status,
    ...(typeof contentType === 'string' ? { contentType } : {}),
  };
}

async function readProvider(aws: VerifyingAws, issuer: string): Promise<ProviderFact | null> {
  const arn = `arn:aws:iam::${accountId}:oidc-provider/${issuer.replace('https://', '')}`;
  const found = await aws.iam
    .send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }))
    .catch(() => undefined);
  if (found === undefined) return null;
  return { url: found.Url ?? issuer, audiences: found.ClientIDList ?? [], arn };
}

async function readRole(aws: VerifyingAws, roleArn: string): Promise<RoleFact | null> {
  const found = await aws.iam
    .send(new GetRoleCommand({ RoleName: roleArn.split('/').at(-1) }))
    .catch(() => undefined);
  if (found?.Role === undefined) return null;
  return {
    arn: found.Role.Arn!,
    trustPolicy: found.Role.AssumeRolePolicyDocument,
    maxSessionDurationSeconds: found.Role.MaxSessionDuration ?? 3600,
  };
}
