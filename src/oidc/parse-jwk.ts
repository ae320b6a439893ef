import { KeyError } from '../errors.js';
import { decodeBase64 } from './base64.js';
import { curves } from './curves.js';
import { ecNumbers, rsaNumbers, type PublicNumbers } from './public-numbers.js';
import type { SigningAlgorithm } from './types.js';
import { UnsupportedKeyError } from './unsupported-key-error.js';

/** What a JWK says about its public key. */
export interface JwkKey {
  readonly numbers: PublicNumbers;
  readonly alg: SigningAlgorithm;
  readonly kid?: string;
}

const advice = 'AWS verifies nothing else: make a key with generateSigningKey()';

const stringOf = (jwk: Readonly<Record<string, unknown>>, member: string): string | undefined => {
  const value = jwk[member];
  if (value === undefined || typeof value === 'string') return value;
  throw new KeyError(`key: expected the JWK's ${member} to be a string, got ${typeof value}`, {
    path: member,
    expected: 'a string',
    actual: typeof value,
  });
};

const octetsOf = (jwk: Readonly<Record<string, unknown>>, member: string): Uint8Array => {
  const text = stringOf(jwk, member) ?? '';
  const octets = /^[\w-]+$/.test(text) ? decodeBase64(text) : undefined;
  if (octets === undefined) {
    throw new KeyError(
      `key: expected the JWK's ${member} in base64url without padding, got ${text === '' ? 'nothing' : 'something else'}`,
      { path: member, expected: 'base64url without padding' },
    );
  }
  return octets;
};

/** The algorithm that Kubernetes signs with, for a key of this type. */
export const defaultAlgorithm = (numbers: PublicNumbers): SigningAlgorithm =>
  numbers.kty === 'RSA'
    ? 'RS256'
    : (curves.find(({ name }) => name === numbers.crv)?.alg ?? 'ES256');

const rsaAlgorithms = ['RS256', 'RS384', 'RS512'] as const;

const algorithmOf = (declared: string | undefined, numbers: PublicNumbers): SigningAlgorithm => {
  const usual = defaultAlgorithm(numbers);
  if (declared === undefined || declared === usual) return usual;
  const other = numbers.kty === 'RSA' ? rsaAlgorithms.find((alg) => alg === declared) : undefined;
  if (other !== undefined) return other;
  throw new UnsupportedKeyError(
    `${numbers.kty === 'RSA' ? 'RSA' : `EC on ${numbers.crv}`} with alg ${JSON.stringify(declared.slice(0, 40))}`,
    `AWS verifies ${numbers.kty === 'RSA' ? rsaAlgorithms.join(', ') : usual} with such a key`,
  );
};

const numbersOf = (jwk: Readonly<Record<string, unknown>>): PublicNumbers => {
  const kty = stringOf(jwk, 'kty');
  const crv = stringOf(jwk, 'crv');
  switch (kty) {
    case 'RSA':
      return rsaNumbers(octetsOf(jwk, 'n'), octetsOf(jwk, 'e'));
    case 'EC':
      return ecNumbers(crv ?? 'a curve without a name', octetsOf(jwk, 'x'), octetsOf(jwk, 'y'));
    case 'OKP':
      throw new UnsupportedKeyError(crv ?? 'OKP', advice);
    case 'AKP':
      throw new UnsupportedKeyError(stringOf(jwk, 'alg') ?? 'AKP', advice);
    case 'oct':
      throw new UnsupportedKeyError('a symmetric key (oct)', 'pass a public key');
    case undefined:
      throw new KeyError('key: expected a JWK with a kty, got an object without one', {
        path: 'kty',
        expected: 'RSA or EC',
      });
    default:
      throw new UnsupportedKeyError(`kty ${JSON.stringify(kty.slice(0, 40))}`, advice);
  }
};

/**
 * Reads the public members of a JWK; private ones are not looked at.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7517#section-4 | RFC 7517, section 4}
 */
export function parseJwk(jwk: Readonly<Record<string, unknown>>): JwkKey {
  const use = stringOf(jwk, 'use');
  if (use !== undefined && use !== 'sig') {
    throw new UnsupportedKeyError(
      `a key for use ${JSON.stringify(use.slice(0, 40))}`,
      'pass signing keys',
    );
  }
  const numbers = numbersOf(jwk);
  const kid = stringOf(jwk, 'kid');
  const alg = algorithmOf(stringOf(jwk, 'alg'), numbers);
  return { numbers, alg, ...(kid === undefined ? {} : { kid }) };
}
