import { TokenError } from '../errors.js';
import { decodeUnverifiedToken } from './decode-unverified-token.js';

/** What STS tolerates between its clock and the token's. */
const toleranceSeconds = 300;
const requiredClaims = ['iss', 'sub', 'aud', 'iat', 'exp'] as const;
const timeClaims = ['iat', 'exp', 'nbf'] as const;
const algorithms: ReadonlySet<unknown> = new Set([
  'RS256',
  'RS384',
  'RS512',
  'ES256',
  'ES384',
  'ES512',
]);

const fail = (expected: string, actual: string, fix: string): TokenError =>
  new TokenError(
    `web identity token: expected ${expected}, got ${actual}; STS was not asked. ${fix}`,
    {
      expected,
      actual,
    },
  );

// STS takes whole seconds, as a number or as a text of digits.
const secondsOf = (value: unknown): number | undefined => {
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
};

/** Whether the token's end, with STS's tolerance, lies before this time; false where it has no readable end. */
export function hasExpired(token: string, nowMs: number): boolean {
  const exp = secondsOf(decodeUnverifiedToken(token).claims['exp']);
  return exp !== undefined && nowMs > (exp + toleranceSeconds) * 1000;
}

/**
 * Finds what STS would refuse in a token without asking it: shape, algorithm, missing claims, odd times, several audiences, expiry.
 *
 * @param nowMs - epoch milliseconds, best of a clock that STS's own has set right
 * @throws {@link TokenError} `ERR_TOKEN`
 */
export function checkToken(token: string, nowMs: number): void {
  const { header, claims } = decodeUnverifiedToken(token);
  if (!algorithms.has(header['alg'])) {
    throw fail(
      'alg RS256, RS384, RS512, ES256, ES384 or ES512',
      JSON.stringify(header['alg'] ?? null).slice(0, 40),
      'Have the API server sign with an RSA or EC key.',
    );
  }
  if (header['crit'] !== undefined) {
    throw fail('no crit header', 'one', 'STS takes no token with critical extensions.');
  }
  const missing = requiredClaims.filter((name) => (claims[name] ?? undefined) === undefined);
  if (missing.length > 0) {
    throw fail(
      `the claims ${requiredClaims.join(', ')}`,
      `a token without ${missing.join(', ')}`,
      "Use the kubelet's projected token.",
    );
  }
  for (const name of timeClaims) {
    if (claims[name] !== undefined && secondsOf(claims[name]) === undefined) {
      throw fail(
        `${name} in whole seconds`,
        JSON.stringify(claims[name]).slice(0, 40),
        'Correct the issuer.',
      );
    }
  }
  const { aud, azp } = claims;
  if (Array.isArray(aud) && aud.length > 1 && azp === undefined) {
    throw fail(
      'one audience',
      `${aud.length}`,
      'Request the projected token for sts.amazonaws.com alone.',
    );
  }
  if (hasExpired(token, nowMs)) {
    const exp = secondsOf(claims['exp']) ?? 0;
    throw fail(
      'a token that is still good',
      `one that expired ${Math.round(nowMs / 1000 - exp)} s ago`,
      'Check that the kubelet rotates the file (a subPath mount never updates) and that the node clock is right.',
    );
  }
}
