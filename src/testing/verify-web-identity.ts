import type { Account, OidcProvider } from './account.js';
import { AwsFailure } from './aws-failure.js';
import { fetchIssuerKey } from './fetch-issuer-keys.js';
import { readWebIdentityToken, timestampOf, type TokenParts } from './read-web-identity-token.js';

/** A token that STS believes. */
export interface VerifiedWebIdentity {
  readonly provider: OidcProvider;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly subject: string;
  /** The audience that was found among the client IDs: `azp` where present. */
  readonly audience: string;
  /** Session tags from the `https://aws.amazon.com/tags` claim. */
  readonly tags: ReadonlyMap<string, string>;
}

/** STS allows clocks to be this far apart. */
const toleranceSeconds = 300;

const notValidated = (): AwsFailure =>
  new AwsFailure(
    'InvalidIdentityToken',
    'The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for requirements.',
  );

/**
 * Checks a web identity token in AWS's way: form, claims, provider, audience, times, key and signature, in this order.
 *
 * @see {@link https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html | STS: AssumeRoleWithWebIdentity}
 */
export async function verifyWebIdentity(
  account: Account,
  token: string,
  role: { readonly arn: string; readonly accountId: string },
): Promise<VerifiedWebIdentity> {
  const parts = readWebIdentityToken(token);
  const { claims } = parts;
  const provider = findProvider(account, claims['iss'], role.accountId);
  const audience = checkAudience(claims, provider);
  checkTimes(claims, account.now());
  await checkSignature(account, provider, parts);
  const tags = readTags(claims);
  checkRolesClaim(claims, role.arn);
  return { provider, claims, subject: String(claims['sub']), audience, tags };
}

function findProvider(account: Account, issuer: unknown, roleAccountId: string): OidcProvider {
  // The provider is looked for in the role's account, and there is only one account here.
  const found =
    roleAccountId === account.accountId
      ? [...account.providers.values()].find((provider) => provider.url === issuer)
      : undefined;
  if (found === undefined) {
    throw new AwsFailure(
      'InvalidIdentityToken',
      `No OpenIDConnect provider found in your account for ${String(issuer)}`,
    );
  }
  return found;
}

function checkAudience(claims: Readonly<Record<string, unknown>>, provider: OidcProvider): string {
  const { aud, azp } = claims;
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (azp !== undefined) {
    if (typeof azp !== 'string' || !provider.clientIds.includes(azp)) throw notValidated();
    return azp;
  }
  if (audiences.length > 1) {
    throw new AwsFailure(
      'InvalidIdentityToken',
      'Token audience contains more than one audience while authorized party is not present',
    );
  }
  const [audience] = audiences;
  if (typeof audience !== 'string' || !provider.clientIds.includes(audience)) {
    throw new AwsFailure('InvalidIdentityToken', 'Incorrect token audience');
  }
  return audience;
}

function checkTimes(claims: Readonly<Record<string, unknown>>, now: Date): void {
  const seconds = Math.floor(now.getTime() / 1000);
  const expires = timestampOf(claims, 'exp') ?? 0;
  // AWS prints the time that it compares with: its clock less the tolerance.
  const latest = seconds - toleranceSeconds;
  if (latest >= expires) {
    throw new AwsFailure(
      'ExpiredTokenException',
      `Token expired: current date/time ${String(latest)} must be before the expiration date/time ${String(expires)}`,
    );
  }
  for (const name of ['iat', 'nbf']) {
    if ((timestampOf(claims, name) ?? 0) > seconds + toleranceSeconds) throw notValidated();
  }
}

async function checkSignature(
  account: Account,
  provider: OidcProvider,
  parts: TokenParts,
): Promise<void> {
  const key = await fetchIssuerKey(account, provider.url, parts.header);
  if (key['key_ops'] !== undefined) throw notValidated();
  const { compactVerify, importJWK } = await import('jose');
  try {
    const { kty, n, e, crv, x, y } = key as Readonly<Record<string, string>>;
    const jwk = kty === 'RSA' ? { kty, n, e } : { kty, crv, x, y };
    const imported = await importJWK(jwk as Record<string, string>, parts.header.alg);
    await compactVerify(parts.compact, imported, { algorithms: [parts.header.alg] });
  } catch {
    throw notValidated();
  }
}

function readTags(claims: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> {
  const badFormat = (): AwsFailure =>
    new AwsFailure(
      'InvalidIdentityToken',
      'principal_tags passed in claim is not in correct format.',
    );
  const prefix = 'https://aws.amazon.com/tags/principal_tags/';
  const flat = Object.entries(claims).filter(([name]) => name.startsWith(prefix));
  const nested: unknown = claims['https://aws.amazon.com/tags'];
  const tags = new Map(flat.map(([name, value]) => [name.slice(prefix.length), String(value)]));
  if (nested === undefined) return tags;
  if (typeof nested !== 'object' || nested === null) throw badFormat();
  const principalTags: unknown =
    (nested as Readonly<Record<string, unknown>>)['principal_tags'] ?? {};
  if (typeof principalTags !== 'object' || principalTags === null) throw badFormat();
  for (const [name, value] of Object.entries(principalTags) as [string, unknown][]) {
    if (!Array.isArray(value) || value.length !== 1 || typeof value[0] !== 'string')
      throw badFormat();
    tags.set(name, value[0]);
  }
  return tags;
}

/** A signed list of roles, where the issuer sends one, must name the role that is asked for. */
function checkRolesClaim(claims: Readonly<Record<string, unknown>>, roleArn: string): void {
  const roles = claims['https://aws.amazon.com/roles'];
  if (roles === undefined || roles === null) return;
  const listed: unknown = typeof roles === 'string' ? roles.split(';') : roles;
  const named = Array.isArray(listed) && listed.some((one) => String(one).trim() === roleArn);
  if (!named) throw notValidated();
}
