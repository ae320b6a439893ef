import { parseJwk } from './parse-jwk.js';
import { digestOf } from './public-key.js';
import { spkiOf } from './public-numbers.js';
import type { PublicJwk, PublicKey } from './types.js';

/** A key or its JWK alone. */
export type KeyOrJwk = PublicKey | PublicJwk;

/**
 * Kubernetes' key ID: base64url(SHA-256(SPKI DER)) without padding. It is what API servers write into `kid`, and it is
 * not the RFC 7638 thumbprint.
 *
 * @throws {@link KeyError} `ERR_KEY` when the JWK is damaged
 * @example
 * ```ts
 * import { computeKeyId, generateSigningKey, readPublicKeys } from 'irsa/oidc';
 * const { publicKeyPem, kid } = await generateSigningKey({ algorithm: 'ES256' });
 * const { keys } = await readPublicKeys(publicKeyPem);
 * for (const key of keys) console.log((await computeKeyId(key)) === kid); // true
 * ```
 * @see {@link https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery | Kubernetes: service account issuer discovery}
 */
export async function computeKeyId(key: KeyOrJwk): Promise<string> {
  const given: unknown = key;
  if (typeof given !== 'object' || given === null)
    throw new TypeError(
      `computeKeyId: expected a key or a JWK, got ${given === null ? 'null' : typeof given}; readPublicKeys() reads a PEM`,
    );
  const jwk = 'jwk' in key ? key.jwk : key;
  return digestOf(spkiOf(parseJwk({ ...jwk }).numbers));
}
