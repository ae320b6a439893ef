import { JwksError } from '../errors.js';
import { parseIssuer, type Issuer } from '../names/issuer.js';
import { parseHttpsUrl } from './parse-https-url.js';
import type { DiscoveryDocument, DiscoveryProfile, JwkSet, SigningAlgorithm } from './types.js';

/** What {@link buildDiscoveryDocument} needs: the key set, or the algorithms alone. */
export interface DiscoveryDocumentOptions {
  readonly issuer: Issuer | string;
  /** The key set whose algorithms are listed; or give `algorithms`. */
  readonly jwks?: JwkSet;
  /** The algorithms to list, where the key set is not at hand. */
  readonly algorithms?: readonly SigningAlgorithm[];
  /** Where the JWKS is; any https host. Default: `openid/v1/jwks` under the issuer. */
  readonly jwksUri?: string;
  /** Default `aws`. */
  readonly profile?: DiscoveryProfile;
}

const signingAlgorithms: readonly string[] = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];

/** The URL of a document under an issuer: one terminating slash of the issuer is not doubled (OIDC Discovery 4). */
export const urlUnder = (issuer: Issuer, path: string): string =>
  `${issuer.endsWith('/') ? issuer.slice(0, -1) : issuer}/${path}`;

/**
 * Builds the discovery document of an issuer.
 *
 * `aws` has the fields that the IAM User Guide requires; `kubernetes` is, serialised, byte for byte what kube-apiserver
 * serves for the same keys.
 *
 * @throws {@link IssuerError} `ERR_ISSUER` for an issuer or JWKS URL that verifiers do not take
 * @throws {@link JwksError} `ERR_JWKS` when there is no algorithm to list
 * @example
 * ```ts
 * import { buildDiscoveryDocument } from 'irsa/oidc';
 * const document = buildDiscoveryDocument({ issuer: 'https://oidc.example.com', algorithms: ['RS256'] });
 * console.log(document.jwks_uri); // https://oidc.example.com/openid/v1/jwks
 * ```
 * @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata | OpenID Connect Discovery 1.0, section 3}
 * @see {@link https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html | IAM: create an OIDC provider}
 */
export function buildDiscoveryDocument(options: DiscoveryDocumentOptions): DiscoveryDocument {
  const { jwks, profile = 'aws' } = options;
  const algorithms = options.algorithms ?? jwks?.keys.map(({ alg }) => alg);
  const issuer = parseIssuer(options.issuer);
  const jwksUri = options.jwksUri ?? urlUnder(issuer, 'openid/v1/jwks');
  if (algorithms === undefined) {
    throw new TypeError('buildDiscoveryDocument: pass `jwks` or `algorithms`');
  }
  if (algorithms.length === 0) {
    throw new JwksError(
      'discovery document: expected at least one signing algorithm, got none; pass the keys of the API server',
      { expected: 'at least one algorithm' },
    );
  }
  const unknown = algorithms.filter((algorithm) => !signingAlgorithms.includes(algorithm));
  if (unknown.length > 0) {
    throw new JwksError(
      `discovery document: expected algorithms that AWS verifies (${signingAlgorithms.join(', ')}), got ${JSON.stringify(unknown).slice(0, 100)}; build the key set with buildJwks()`,
      { expected: signingAlgorithms.join(', '), actual: JSON.stringify(unknown).slice(0, 100) },
    );
  }
  if (!['aws', 'kubernetes'].includes(profile)) {
    throw new TypeError('buildDiscoveryDocument: expected profile aws or kubernetes');
  }
  const common = {
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: [...new Set(algorithms)].sort(),
  };
  const addresses = { issuer, jwks_uri: parseHttpsUrl(jwksUri, 'JWKS URL') };
  if (profile === 'kubernetes') return { ...addresses, ...common };
  return {
    ...addresses,
    authorization_endpoint: 'urn:kubernetes:programmatic_authorization',
    ...common,
    claims_supported: ['aud', 'exp', 'iat', 'iss', 'sub'],
  };
}
