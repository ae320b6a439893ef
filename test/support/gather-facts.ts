import { GetOpenIDConnectProviderCommand, GetRoleCommand, IAMClient } from '@aws-sdk/client-iam';
import type { FetchFact, ProviderFact, RoleFact } from 'irsa/diagnose';
import type { LocalIrsa } from './local-irsa.js';

/** What a doctor sees of a local set-up: documents as a stranger reads them, IAM over the wire. */
export interface GatheredFacts {
  readonly discovery?: string;
  readonly jwks?: string;
  readonly fetches: readonly FetchFact[];
  readonly provider: ProviderFact | null;
  readonly role: RoleFact | null;
}

export async function gatherFacts(
  irsa: LocalIrsa,
  issuer: string,
  limitMs = 5000,
): Promise<GatheredFacts> {
  const iam = new IAMClient({
    endpoint: irsa.aws.endpoint,
    region: 'us-east-1',
    credentials: irsa.aws.administrator,
  });
  const [documents, provider, role] = await Promise.all([
    readDocuments(irsa, issuer, limitMs),
    readProvider(iam, irsa),
    readRole(iam, irsa),
  ]);
  iam.destroy();
  return { ...documents, provider, role };
}

async function readDocuments(
  irsa: LocalIrsa,
  issuer: string,
  limitMs: number,
): Promise<Pick<GatheredFacts, 'discovery' | 'jwks' | 'fetches'>> {
  const base = issuer.replace(/\/$/, '');
  const discovery = await read(
    irsa,
    limitMs,
    'discovery',
    `${base}/.well-known/openid-configuration`,
  );
  let jwksUri = `${base}/openid/v1/jwks`;
  try {
    const { jwks_uri } = JSON.parse(discovery.body ?? '') as { jwks_uri?: string };
    if (jwks_uri?.startsWith('https://') === true) jwksUri = jwks_uri;
  } catch {
    // The usual place will do.
  }
  const jwks = await read(irsa, limitMs, 'jwks', jwksUri);
  return {
    fetches: [discovery.fact, jwks.fact],
    ...(discovery.body === undefined ? {} : { discovery: discovery.body }),
    ...(jwks.body === undefined ? {} : { jwks: jwks.body }),
  };
}

async function read(
  irsa: LocalIrsa,
  limitMs: number,
  document: FetchFact['document'],
  url: string,
): Promise<{ fact: FetchFact; body?: string }> {
  const late = new Promise<'late'>((resolve) => setTimeout(resolve, limitMs, 'late').unref());
  try {
    const reply = await Promise.race([irsa.issuer.fetchDocument(url), late]);
    if (reply === 'late') return { fact: { document, url, failure: 'timeout' } };
    const contentType = reply.headers?.['content-type'];
    const location = reply.headers?.['location'];
    const fact: FetchFact = {
      document,
      url,
      status: reply.status,
      ...(contentType === undefined ? {} : { contentType }),
      ...(location === undefined ? {} : { location }),
    };
    const body = typeof reply.body === 'string' ? reply.body : new TextDecoder().decode(reply.body);
    return reply.status === 200 ? { fact, body } : { fact };
  } catch (error) {
    const code = (error as { code?: string }).code ?? '';
    const tls = /CERT|ALTNAME|SELF_SIGNED|UNABLE_TO/.test(code);
    return { fact: { document, url, failure: tls ? 'tls' : 'connection', detail: code } };
  }
}

async function readProvider(iam: IAMClient, irsa: LocalIrsa): Promise<ProviderFact | null> {
  const { ListOpenIDConnectProvidersCommand } = await import('@aws-sdk/client-iam');
  const { OpenIDConnectProviderList = [] } = await iam.send(
    new ListOpenIDConnectProvidersCommand({}),
  );
  const arn = OpenIDConnectProviderList[0]?.Arn;
  if (arn === undefined) return null;
  const found = await iam.send(
    new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn }),
  );
  expectAccount(irsa, arn);
  return { arn, url: found.Url ?? '', audiences: found.ClientIDList ?? [] };
}

const expectAccount = (irsa: LocalIrsa, arn: string): void => {
  if (!arn.includes(irsa.aws.accountId)) throw new Error(`provider of another account: ${arn}`);
};

async function readRole(iam: IAMClient, irsa: LocalIrsa): Promise<RoleFact | null> {
  try {
    const { Role } = await iam.send(
      new GetRoleCommand({ RoleName: irsa.roleArn.split('/').at(-1) ?? '' }),
    );
    return {
      arn: Role?.Arn ?? '',
      trustPolicy: Role?.AssumeRolePolicyDocument,
      maxSessionDurationSeconds: Role?.MaxSessionDuration ?? 3600,
    };
  } catch (error) {
    if ((error as Error).name === 'NoSuchEntityException') return null;
    throw error;
  }
}
