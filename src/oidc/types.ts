/** The signature algorithms that AWS verifies and Kubernetes can be told about. */
export type SigningAlgorithm = 'RS256' | 'RS384' | 'RS512' | 'ES256' | 'ES384' | 'ES512';

/** The elliptic curves that Kubernetes signs with and AWS verifies. */
export type EcCurve = 'P-256' | 'P-384' | 'P-521';

/**
 * A public RSA key as published. The members stand in the order in which kube-apiserver writes them.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7518#section-6.3.1 | RFC 7518, section 6.3.1}
 */
export interface RsaPublicJwk {
  readonly use: 'sig';
  readonly kty: 'RSA';
  readonly kid: string;
  readonly alg: 'RS256' | 'RS384' | 'RS512';
  /** Modulus: base64url of the fewest octets. */
  readonly n: string;
  /** Exponent: base64url of the fewest octets. */
  readonly e: string;
}

/**
 * A public EC key as published. The members stand in the order in which kube-apiserver writes them.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7518#section-6.2.1 | RFC 7518, section 6.2.1}
 */
export interface EcPublicJwk {
  readonly use: 'sig';
  readonly kty: 'EC';
  readonly kid: string;
  readonly crv: EcCurve;
  readonly alg: 'ES256' | 'ES384' | 'ES512';
  /** Base64url of exactly 32, 48 or 66 octets. */
  readonly x: string;
  /** Base64url of exactly 32, 48 or 66 octets. */
  readonly y: string;
}

/** A published key. It has no member that could hold anything private. */
export type PublicJwk = RsaPublicJwk | EcPublicJwk;

/** The JWKS document. */
export interface JwkSet {
  readonly keys: readonly PublicJwk[];
}

/** One public signing key. */
export interface PublicKey {
  /** Kubernetes' key ID: base64url(SHA-256(SPKI DER)) without padding. */
  readonly kid: string;
  readonly alg: SigningAlgorithm;
  readonly jwk: PublicJwk;
  /** When the certificate that held the key expires; absent for bare keys. Kubernetes does not look at it. */
  readonly notAfter?: Date;
  /** The `kid` that a JWK carried, where it is another than Kubernetes' (external signers name keys as they like). */
  readonly declaredKid?: string;
}

/** Any JWK as it comes from elsewhere, private ones too; other members than these are never read. */
export interface JwkLike {
  readonly kty?: string;
  readonly use?: string;
  readonly alg?: string;
  readonly kid?: string;
  readonly n?: string;
  readonly e?: string;
  readonly crv?: string;
  readonly x?: string;
  readonly y?: string;
}

/** Any JWKS as it comes from elsewhere. */
export interface JwkSetLike {
  readonly keys: readonly JwkLike[];
}

/** What is used of Node's `KeyObject`. */
export interface KeyObjectLike {
  readonly type: string;
  export(options: { format: 'der'; type: 'spki' | 'pkcs8' }): unknown;
}

/** What is used of Web Crypto's `CryptoKey`. */
export interface CryptoKeyLike {
  readonly type: string;
  readonly extractable: boolean;
  readonly algorithm: { readonly name: string };
}

/** A `KeyObject` or `CryptoKey`, public or private. */
export type KeyLike = KeyObjectLike | CryptoKeyLike;

/** What is used of a pair as `crypto.subtle.generateKey` and Node's `generateKeyPair` give it. */
export interface KeyPairLike {
  readonly publicKey: KeyLike | string | Uint8Array;
}

/** What is used of Node's `X509Certificate`. */
export interface CertificateLike {
  /** DER. */
  readonly raw: Uint8Array;
}

/** Every form in which {@link readPublicKeys} takes keys. */
export type KeyMaterial =
  | string
  | ArrayBuffer
  | ArrayBufferView
  | JwkLike
  | JwkSetLike
  | KeyLike
  | KeyPairLike
  | CertificateLike;

/**
 * The discovery document.
 *
 * @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata | OpenID Connect Discovery 1.0, section 3}
 */
export interface DiscoveryDocument {
  readonly issuer: string;
  readonly jwks_uri: string;
  /** Only in the `aws` profile: the URN that says "no browser flow here". */
  readonly authorization_endpoint?: string;
  readonly response_types_supported: readonly string[];
  readonly subject_types_supported: readonly string[];
  readonly id_token_signing_alg_values_supported: readonly SigningAlgorithm[];
  /** Only in the `aws` profile. */
  readonly claims_supported?: readonly string[];
}

/** Whose document to imitate: AWS's required fields, or kube-apiserver's exact bytes. */
export type DiscoveryProfile = 'aws' | 'kubernetes';
