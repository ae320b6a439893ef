import { JwksError } from '../errors.js';
import { parseJwk } from './parse-jwk.js';
import { publicJwk } from './public-key.js';
import type { JwkSet, PublicJwk, PublicKey } from './types.js';

/** Options of {@link buildJwks}. */
export interface BuildJwksOptions {
  /**
   * Repeat the first key at the end with an empty `kid`, for API servers before Kubernetes 1.16 whose tokens name no
   * key. Default false.
   */
  readonly legacyEmptyKid?: boolean;
  /**
   * Publish a key under the `kid` that its JWK carried, where that is not Kubernetes' own. Default false. True is for keys of an external signer
   * (`--service-account-signing-endpoint`), which names keys as it likes: its tokens ask for them by that name.
   */
  readonly keepDeclaredKids?: boolean;
}

/** AWS answers InvalidIdentityToken for a type of key that occurs more often. */
const maxKeysPerType = 100;

const assertCounts = (keys: readonly PublicJwk[]): void => {
  for (const kty of ['RSA', 'EC']) {
    const count = keys.filter((key) => key.kty === kty).length;
    if (count > maxKeysPerType) {
      throw new JwksError(
        `JWKS: expected at most ${maxKeysPerType} ${kty} keys, got ${count}; AWS refuses every token of that type beyond it: retire old keys`,
        { expected: `at most ${maxKeysPerType} ${kty} keys`, actual: String(count) },
      );
    }
  }
};

/**
 * Builds the JWKS of some keys: in their order, each once, nothing private in it.
 *
 * @param keys - as {@link readPublicKeys} gives them; 1 to 100 of each type
 * @throws {@link JwksError} `ERR_JWKS` for no keys, too many, or one `kid` for two different keys
 * @throws {@link KeyError} `ERR_KEY` for a key that is damaged
 * @example
 * ```ts
 * import { buildJwks, generateSigningKey, readPublicKeys } from 'irsa/oidc';
 * const { publicKeyPem } = await generateSigningKey();
 * const { keys } = await readPublicKeys(publicKeyPem);
 * console.log(JSON.stringify(await buildJwks(keys)));
 * ```
 * @see {@link https://www.rfc-editor.org/rfc/rfc7517#section-5 | RFC 7517, section 5}
 */
export async function buildJwks(
  keys: readonly PublicKey[],
  options: BuildJwksOptions = {},
): Promise<JwkSet> {
  const { legacyEmptyKid = false, keepDeclaredKids = false } = options;
  if (!Array.isArray(keys)) {
    throw new TypeError('buildJwks: expected an array of keys: `(await readPublicKeys(…)).keys`');
  }
  const byKid = new Map<string, PublicJwk>();
  for (const key of keys as readonly (PublicKey | null | undefined)[]) {
    if (typeof key !== 'object' || key === null)
      throw new TypeError(
        `buildJwks: expected every key to be an object, got ${key === null ? 'null' : typeof key}; readPublicKeys() gives them`,
      );
    const { alg, jwk } = key;
    const kid = keepDeclaredKids ? (key.declaredKid ?? key.kid) : key.kid;
    if (typeof kid !== 'string' || kid === '') {
      throw new TypeError(
        'buildJwks: expected every key to have a kid: readPublicKeys() computes it',
      );
    }
    const picked = publicJwk(kid, alg, parseJwk({ ...jwk, alg }).numbers);
    const earlier = byKid.get(kid);
    if (earlier !== undefined && JSON.stringify(earlier) !== JSON.stringify(picked)) {
      throw new JwksError(
        `JWKS: expected a kid of its own for each key, got two different keys with kid ${JSON.stringify(kid.slice(0, 100))}; a verifier would take one of them at random`,
        { expected: 'unique kids', actual: kid.slice(0, 100) },
      );
    }
    byKid.set(kid, picked);
  }
  const published = [...byKid.values()];
  const [first] = published;
  if (first === undefined) {
    throw new JwksError(
      'JWKS: expected at least one key, got none; an issuer without keys refuses every token',
      { expected: 'at least one key', actual: 'none' },
    );
  }
  if (legacyEmptyKid) published.push({ ...first, kid: '' });
  assertCounts(published);
  return Promise.resolve({ keys: published });
}
