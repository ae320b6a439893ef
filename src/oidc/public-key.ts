import { encodeBase64Url } from './base64.js';
import { defaultAlgorithm } from './parse-jwk.js';
import { spkiOf, type PublicNumbers } from './public-numbers.js';
import type { EcPublicJwk, PublicJwk, PublicKey, RsaPublicJwk, SigningAlgorithm } from './types.js';

/** Base64url of the SHA-256 of some bytes. */
export async function digestOf(bytes: Uint8Array): Promise<string> {
  const whole = Uint8Array.from(bytes);
  return encodeBase64Url(new Uint8Array(await crypto.subtle.digest('SHA-256', whole)));
}

/** The JWK as published: picked member by member, so that nothing else can come along. */
export function publicJwk(kid: string, alg: SigningAlgorithm, numbers: PublicNumbers): PublicJwk {
  // The casts below only say what parseJwk has checked: that `alg` is one of the key's own type.
  if (numbers.kty === 'RSA') {
    return {
      use: 'sig',
      kty: 'RSA',
      kid,
      alg: alg as RsaPublicJwk['alg'],
      n: encodeBase64Url(numbers.n),
      e: encodeBase64Url(numbers.e),
    };
  }
  return {
    use: 'sig',
    kty: 'EC',
    kid,
    crv: numbers.crv,
    alg: alg as EcPublicJwk['alg'],
    x: encodeBase64Url(numbers.x),
    y: encodeBase64Url(numbers.y),
  };
}

/** Numbers in, key out: kid and alg follow from them. */
export async function publicKeyOf(
  numbers: PublicNumbers,
  known: { alg?: SigningAlgorithm; kid?: string; notAfter?: Date } = {},
): Promise<PublicKey> {
  const kid = await digestOf(spkiOf(numbers));
  const alg = known.alg ?? defaultAlgorithm(numbers);
  return {
    kid,
    alg,
    jwk: publicJwk(kid, alg, numbers),
    ...(known.notAfter === undefined ? {} : { notAfter: known.notAfter }),
    ...(known.kid === undefined || known.kid === kid || known.kid === ''
      ? {}
      : { declaredKid: known.kid }),
  };
}
