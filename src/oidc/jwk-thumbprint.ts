import type { KeyOrJwk } from './compute-key-id.js';
import { parseJwk } from './parse-jwk.js';
import { digestOf, publicJwk } from './public-key.js';

/**
 * The JWK thumbprint of RFC 7638 with SHA-256, for tools that name keys by it. Kubernetes does not: see
 * {@link computeKeyId}.
 *
 * @throws {@link KeyError} `ERR_KEY` when the JWK is damaged
 * @example
 * ```ts
 * import { generateSigningKey, jwkThumbprint, readPublicKeys } from 'irsa/oidc';
 * const { publicKeyPem } = await generateSigningKey({ algorithm: 'ES256' });
 * const { keys } = await readPublicKeys(publicKeyPem);
 * for (const key of keys) console.log((await jwkThumbprint(key)).length); // 43
 * ```
 * @see {@link https://www.rfc-editor.org/rfc/rfc7638#section-3 | RFC 7638, section 3}
 */
export async function jwkThumbprint(key: KeyOrJwk): Promise<string> {
  const source = 'jwk' in key ? key.jwk : key;
  const { numbers, alg } = parseJwk({ ...source });
  const jwk = publicJwk('', alg, numbers);
  // Required members only, in lexicographic order, without white space.
  const canonical =
    jwk.kty === 'RSA'
      ? { e: jwk.e, kty: jwk.kty, n: jwk.n }
      : { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y };
  return digestOf(new TextEncoder().encode(JSON.stringify(canonical)));
}
