import { IssuerError } from '../errors.js';
import { parseIssuer, type Issuer } from '../names/issuer.js';
import { buildDiscoveryDocument, urlUnder } from './build-discovery-document.js';
import { buildJwks } from './build-jwks.js';
import { parseHttpsUrl } from './parse-https-url.js';
import { readPublicKeys } from './read-public-keys.js';
import type { DiscoveryProfile, KeyMaterial, PublicKey } from './types.js';

/** What {@link buildIssuerDocuments} needs. */
export interface IssuerDocumentsOptions {
  readonly issuer: Issuer | string;
  /** As {@link readPublicKeys} gives them, or key material as it takes it. */
  readonly keys: readonly PublicKey[] | KeyMaterial;
  /** Where the JWKS lies under the issuer, without a leading slash. Default `openid/v1/jwks`, as kube-apiserver has it. */
  readonly jwksPath?: string;
  /** Where the JWKS is, if not under the issuer; any https host. */
  readonly jwksUri?: string;
  /** Default `aws`. */
  readonly profile?: DiscoveryProfile;
  /** See {@link buildJwks}. Default false. */
  readonly legacyEmptyKid?: boolean;
  /** See {@link buildJwks}. Default false. */
  readonly keepDeclaredKids?: boolean;
  /** How long caches may keep the documents, in seconds. Default 3600, as kube-apiserver has it. */
  readonly maxAgeSeconds?: number;
}

/** One document to upload. */
export interface IssuerDocument {
  /**
   * Relative to the issuer, without a leading slash; for a JWKS on another host the path on that host.
   * In a path-style bucket this is the object's key, too.
   */
  readonly path: string;
  /** Where verifiers fetch it. */
  readonly url: string;
  /** Compact JSON without a final line end: the same keys give the same bytes. */
  readonly body: string;
  readonly contentType: 'application/json' | 'application/jwk-set+json';
  readonly cacheControl: string;
  /** Of the body in UTF-8, in lower-case hex. */
  readonly sha256: string;
}

const sha256Hex = async (text: string): Promise<string> => {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
};

const assertPath = (path: string): string => {
  // Dot segments and escapes are rewritten by URL parsers: the object's key and the fetched path would differ.
  const plain = /^[\w.~-]+(?:\/[\w.~-]+)*$/;
  if (!plain.test(path) || path.split('/').some((part) => part === '.' || part === '..')) {
    throw new IssuerError(
      `JWKS path: expected a relative path of plain segments, got ${JSON.stringify(path.slice(0, 300))}; write it without a leading slash, e.g. keys.json`,
      { path: 'jwksPath', expected: 'a relative path', actual: path.slice(0, 300) },
    );
  }
  return path;
};

const pathOf = (url: string, issuer: Issuer): string => {
  const base = urlUnder(issuer, '');
  return url.startsWith(base) ? url.slice(base.length) : new URL(url).pathname.slice(1);
};

const isKeyList = (keys: readonly PublicKey[] | KeyMaterial): keys is readonly PublicKey[] =>
  Array.isArray(keys);

/**
 * Builds the two files that make an issuer: the discovery document and the JWKS, ready to upload.
 *
 * @throws {@link IssuerError} `ERR_ISSUER` for an issuer, path or JWKS URL that verifiers do not take
 * @throws {@link JwksError} `ERR_JWKS` for no keys, too many, or one `kid` for two different keys
 * @throws {@link KeyError} `ERR_KEY` for key material that cannot be read
 * @example
 * ```ts
 * import { buildIssuerDocuments, generateSigningKey, s3Issuer } from 'irsa/oidc';
 * const { publicKeyPem: keys } = await generateSigningKey();
 * const issuer = s3Issuer({ bucket: 'my-oidc', region: 'eu-west-1' });
 * for (const { path, contentType } of await buildIssuerDocuments({ issuer, keys })) console.log(path, contentType);
 * // .well-known/openid-configuration application/json
 * // openid/v1/jwks application/jwk-set+json
 * ```
 * @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig | OpenID Connect Discovery 1.0, section 4}
 */
export async function buildIssuerDocuments(
  options: IssuerDocumentsOptions,
): Promise<IssuerDocument[]> {
  const { jwksPath = 'openid/v1/jwks', profile = 'aws', maxAgeSeconds = 3600 } = options;
  const { legacyEmptyKid = false, keepDeclaredKids = false } = options;
  if (!Number.isInteger(maxAgeSeconds) || maxAgeSeconds < 0) {
    throw new TypeError('buildIssuerDocuments: expected maxAgeSeconds to be a whole number from 0');
  }
  const issuer = parseIssuer(options.issuer);
  const jwksUri =
    options.jwksUri === undefined
      ? urlUnder(issuer, assertPath(jwksPath))
      : parseHttpsUrl(options.jwksUri, 'JWKS URL');
  const keys = isKeyList(options.keys) ? options.keys : (await readPublicKeys(options.keys)).keys;
  const jwks = await buildJwks(keys, { legacyEmptyKid, keepDeclaredKids });
  const discovery = buildDiscoveryDocument({ issuer, jwks, jwksUri, profile });
  const cacheControl = `public, max-age=${maxAgeSeconds}`;

  const document = async (
    path: string,
    url: string,
    content: object,
    contentType: IssuerDocument['contentType'],
  ): Promise<IssuerDocument> => {
    const body = JSON.stringify(content);
    return { path, url, body, contentType, cacheControl, sha256: await sha256Hex(body) };
  };
  const discoveryPath = '.well-known/openid-configuration';
  return [
    await document(discoveryPath, urlUnder(issuer, discoveryPath), discovery, 'application/json'),
    await document(pathOf(jwksUri, issuer), jwksUri, jwks, 'application/jwk-set+json'),
  ];
}
