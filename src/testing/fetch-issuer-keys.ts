import type { Account } from './account.js';
import { AwsFailure } from './aws-failure.js';
import { textOfBytes } from './bytes.js';

/** A published key, as unknown as any JSON from the network. */
export type PublishedKey = Readonly<Record<string, unknown>>;

/** Past this many keys of a type, tokens of that type are refused. */
const maxKeysPerType = 100;

/** STS's answer to everything that keeps it from the key; the two spaces are AWS's. */
export const noVerificationKey = (): AwsFailure =>
  new AwsFailure(
    'InvalidIdentityToken',
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
  );

const isRecord = (value: unknown): value is PublishedKey =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Reads discovery document and JWKS of an issuer, through the cache, and returns the key that a token names. */
export async function fetchIssuerKey(
  account: Account,
  issuer: string,
  header: { readonly alg: string; readonly kid?: string },
): Promise<PublishedKey> {
  const keys = await cachedKeys(account, issuer);
  const type = header.alg.startsWith('RS') ? 'RSA' : 'EC';
  const usable = keys.filter(
    (key) =>
      key['kty'] === type &&
      typeof key['kid'] === 'string' &&
      key['kid'] !== '' &&
      (key['use'] === undefined || key['use'] === 'sig'),
  );
  if (keys.filter((key) => key['kty'] === type).length > maxKeysPerType) throw noVerificationKey();
  // Without a kid in the token only a single candidate will do; of equal kids the last one counts.
  const found =
    header.kid === undefined
      ? usable.length === 1
        ? usable[0]
        : undefined
      : usable.filter((key) => key['kid'] === header.kid).at(-1);
  if (found === undefined) throw noVerificationKey();
  return found;
}

async function cachedKeys(account: Account, issuer: string): Promise<readonly PublishedKey[]> {
  const now = account.now().getTime();
  const cached = account.issuerKeys.get(issuer);
  if (cached !== undefined && cached.until > now) return cached.keys;
  const discovery = await fetchJson(
    account,
    `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`,
  );
  const jwksUri = discovery['jwks_uri'];
  if (
    discovery['issuer'] !== issuer ||
    typeof jwksUri !== 'string' ||
    !jwksUri.startsWith('https://')
  ) {
    throw noVerificationKey();
  }
  const { keys } = await fetchJson(account, jwksUri);
  if (!Array.isArray(keys)) throw noVerificationKey();
  const read = (keys as readonly unknown[]).filter(isRecord);
  if (account.jwksCacheSeconds > 0) {
    account.issuerKeys.set(issuer, { until: now + account.jwksCacheSeconds * 1000, keys: read });
  }
  return read;
}

async function fetchJson(account: Account, url: string): Promise<PublishedKey> {
  let parsed: unknown;
  try {
    const { status, body } = await account.fetchDocument(url);
    if (status === 200) parsed = JSON.parse(typeof body === 'string' ? body : textOfBytes(body));
  } catch {
    // No connection, no trust, no time or no JSON: STS says the same of all of them.
  }
  if (!isRecord(parsed)) throw noVerificationKey();
  return parsed;
}
