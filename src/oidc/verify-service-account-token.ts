import { JwksError } from '../errors.js';
import { parseIssuer, type Issuer } from '../names/issuer.js';
import { parseServiceAccountSubject } from '../names/subject.js';
import { parseJwk, type JwkKey } from './parse-jwk.js';
import { parseToken, type TokenHeader } from './parse-token.js';
import { publicJwk } from './public-key.js';
import type { JwkSetLike } from './types.js';

/** What {@link verifyServiceAccountToken} needs. */
export interface VerifyTokenOptions {
  /** The token, as the kubelet writes it. */
  readonly token: string;
  /** The issuer's published key set. */
  readonly jwks: JwkSetLike;
  /** Must equal `iss` byte for byte. */
  readonly issuer: Issuer | string;
  /** One of these must be in `aud`. */
  readonly audience: string | readonly string[];
  readonly now: Date;
  /** How far the clocks of signer and verifier may differ, in seconds. Default 0. */
  readonly clockToleranceSeconds?: number;
}

/** Why a token is refused. */
export type TokenRefusal =
  | 'malformed'
  | 'unsupported-algorithm'
  | 'unknown-key'
  | 'unusable-key'
  | 'signature-mismatch'
  | 'missing-claim'
  | 'issuer-mismatch'
  | 'audience-mismatch'
  | 'expired'
  | 'not-yet-valid'
  | 'not-a-service-account';

/** What a verified token says. */
export interface ServiceAccountClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string | readonly string[];
  /** Seconds since 1970. */
  readonly exp: number;
  /** Seconds since 1970. */
  readonly iat: number;
  readonly [claim: string]: unknown;
}

/** A verified token's claims, or the reason why it is refused. */
export type TokenVerification =
  | {
      readonly valid: true;
      /** Of the key that signed; empty where the token names none. */
      readonly kid: string;
      readonly namespace: string;
      readonly serviceAccount: string;
      readonly expiresAt: Date;
      readonly claims: ServiceAccountClaims;
    }
  | {
      readonly valid: false;
      readonly reason: TokenRefusal;
      /** One sentence; never holds the token. */
      readonly message: string;
    };

type Refused = Extract<TokenVerification, { valid: false }>;

const refused = (reason: TokenRefusal, message: string): Refused => ({
  valid: false,
  reason,
  message,
});

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const shorten = (value: unknown): string => JSON.stringify(value ?? null).slice(0, 300);

const membersOf = (jwks: unknown): readonly unknown[] => {
  const keys = isObject(jwks) ? jwks['keys'] : undefined;
  if (!Array.isArray(keys)) {
    throw new JwksError(
      'JWKS: expected an object with an array `keys`, got something else; pass the parsed document',
      {
        path: 'jwks',
        expected: 'an array `keys`',
      },
    );
  }
  return keys;
};

/** The keys of the set that the token's header allows, or why there is none. Only the matching keys are read. */
const keysFor = ({ kid, alg }: TokenHeader, jwks: unknown): readonly JwkKey[] | Refused => {
  if (!/^(?:RS|ES)(?:256|384|512)$/.test(alg)) {
    return refused(
      'unsupported-algorithm',
      `The token is signed with ${shorten(alg)}; AWS verifies RS256, RS384, RS512, ES256, ES384 and ES512.`,
    );
  }
  const named = membersOf(jwks)
    .filter(isObject)
    .filter((member) => (member['kid'] ?? '') === kid);
  if (named.length === 0) {
    return refused(
      'unknown-key',
      `The key set has no key ${shorten(kid)}: publish the key that signs, or wait until caches have it.`,
    );
  }
  const usable: JwkKey[] = [];
  let fault = '';
  for (const member of named) {
    try {
      const key = parseJwk(member);
      // An RSA key without an alg takes any RS…; otherwise the key decides, not the token (RFC 8725, section 3.1).
      const free = key.numbers.kty === 'RSA' && member['alg'] === undefined && alg.startsWith('RS');
      if (free || key.alg === alg) usable.push(key);
    } catch (error) {
      fault = error instanceof Error ? error.message : 'it is damaged';
    }
  }
  if (usable.length > 0) return usable;
  return fault === ''
    ? refused(
        'unsupported-algorithm',
        `The token is signed with ${alg}, which is not the algorithm of key ${shorten(kid)}.`,
      )
    : refused('unusable-key', `The published key ${shorten(kid)} cannot be used: ${fault}`);
};

const isSignedBy = async (token: string, alg: string, key: JwkKey): Promise<boolean> => {
  const { compactVerify } = await import('jose/jws/compact/verify');
  const jwk = { ...publicJwk('', key.alg, key.numbers), alg };
  try {
    await compactVerify(token, jwk, { algorithms: [alg] });
    return true;
  } catch {
    return false;
  }
};

const checkClaims = (
  claims: Readonly<Record<string, unknown>>,
  options: Pick<VerifyTokenOptions, 'audience' | 'now'> & { issuer: string; tolerance: number },
): Refused | undefined => {
  const { issuer, audience, now, tolerance } = options;
  const { iss, sub, aud, exp, iat, nbf } = claims;
  const missing = Object.entries({ iss, sub, aud, exp, iat }).find(
    ([, value]) => value === undefined,
  );
  if (missing !== undefined)
    return refused('missing-claim', `The token has no claim ${missing[0]}.`);
  const audiences: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  const times = nbf === undefined ? [exp, iat] : [exp, iat, nbf];
  if (
    typeof iss !== 'string' ||
    typeof sub !== 'string' ||
    !audiences.every((entry) => typeof entry === 'string') ||
    !times.every((time) => Number.isInteger(time))
  ) {
    return refused('malformed', 'A claim of the token has another type than RFC 7519 gives it.');
  }
  if (iss !== issuer) {
    return refused(
      'issuer-mismatch',
      `Expected the issuer ${shorten(issuer)}, the token has ${shorten(iss)}; they must be equal byte for byte.`,
    );
  }
  const wanted = typeof audience === 'string' ? [audience] : audience;
  if (!wanted.some((entry) => audiences.includes(entry))) {
    return refused(
      'audience-mismatch',
      `Expected the audience ${wanted.map(shorten).join(' or ')}, the token has ${shorten(aud)}.`,
    );
  }
  const seconds = now.getTime() / 1000;
  if (Number(exp) <= seconds - tolerance) {
    return refused(
      'expired',
      `The token expired at ${isoTime(Number(exp))}; it is ${isoTime(seconds)}.`,
    );
  }
  if (Math.max(Number(nbf ?? iat), Number(iat)) > seconds + tolerance) {
    return refused(
      'not-yet-valid',
      `The token is valid from ${isoTime(Number(nbf ?? iat))}; it is ${isoTime(seconds)}: compare the clocks.`,
    );
  }
  return undefined;
};

const isoTime = (seconds: number): string => {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString();
};

/**
 * Verifies a service account's token as STS and the API server do: signature by `kid` against the published keys,
 * issuer, audience, times and subject. A refused token is a value with its reason, not an exception.
 *
 * @throws {@link JwksError} `ERR_JWKS` when `jwks` is no key set
 * @throws {@link IssuerError} `ERR_ISSUER` when `issuer` is no issuer URL
 * @example
 * ```ts
 * import { buildJwks, generateSigningKey, readPublicKeys, verifyServiceAccountToken } from 'irsa/oidc';
 * const { publicKeyPem } = await generateSigningKey();
 * const jwks = await buildJwks((await readPublicKeys(publicKeyPem)).keys);
 * const verification = await verifyServiceAccountToken({
 *   token: 'not.a.token',
 *   jwks,
 *   issuer: 'https://oidc.example.com',
 *   audience: 'sts.amazonaws.com',
 *   now: new Date(),
 * });
 * if (!verification.valid) console.log(verification.reason); // malformed
 * ```
 * @see {@link https://www.rfc-editor.org/rfc/rfc7519#section-7.2 | RFC 7519, section 7.2}, {@link https://www.rfc-editor.org/rfc/rfc8725 | RFC 8725}
 */
export async function verifyServiceAccountToken(
  options: VerifyTokenOptions,
): Promise<TokenVerification> {
  const { jwks, audience, now, clockToleranceSeconds: tolerance = 0 } = options;
  const token: unknown = options.token;
  const issuer = parseIssuer(options.issuer);
  if (!(now instanceof Date) || Number.isNaN(now.getTime())) {
    throw new TypeError('verifyServiceAccountToken: expected `now` to be a valid Date');
  }
  // NaN would make every comparison of times false, and with it every token young.
  if (!(tolerance >= 0 && tolerance < Infinity)) {
    throw new TypeError(
      'verifyServiceAccountToken: expected clockToleranceSeconds to be a number from 0 up',
    );
  }
  const audiences: unknown = typeof audience === 'string' ? [audience] : audience;
  if (!Array.isArray(audiences) || audiences.length === 0) {
    throw new TypeError('verifyServiceAccountToken: expected `audience` to be a string or several');
  }
  membersOf(jwks);
  const parsed = parseToken(token);
  if (parsed === undefined) {
    return refused(
      'malformed',
      'Expected a signed JWT of at most 20000 characters: three parts of base64url, JSON objects in the first two.',
    );
  }
  const { header, claims } = parsed;
  const keys = keysFor(header, jwks);
  if ('reason' in keys) return keys;
  const signed = await Promise.all(keys.map((key) => isSignedBy(String(token), header.alg, key)));
  if (!signed.includes(true)) {
    return refused(
      'signature-mismatch',
      `The signature is not one of key ${shorten(header.kid)}: the token was changed, or another key signed it.`,
    );
  }
  const fault = checkClaims(claims, { issuer, audience, now, tolerance });
  if (fault !== undefined) return fault;
  // checkClaims has looked at the type of every member that the interface names.
  const verified = claims as ServiceAccountClaims;
  try {
    const { namespace, name } = parseServiceAccountSubject(verified.sub);
    return {
      valid: true,
      kid: header.kid,
      namespace,
      serviceAccount: name,
      expiresAt: new Date(verified.exp * 1000),
      claims: verified,
    };
  } catch {
    return refused(
      'not-a-service-account',
      `Expected the subject of a service account, the token has ${shorten(verified.sub)}.`,
    );
  }
}
