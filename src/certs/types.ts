/** An RSA key pair as PEM. The private key is PKCS#8 (`PRIVATE KEY`) or PKCS#1 (`RSA PRIVATE KEY`), never encrypted. */
export interface RsaKeyPair {
  readonly privateKeyPem: string;
  /** SPKI (`PUBLIC KEY`); checked against the private key when given, derived from it otherwise. */
  readonly publicKeyPem?: string;
}

/** A certificate with its private key, as {@link createCertificateAuthority} and {@link issueServingCertificate} return it. */
export interface IssuedCertificate {
  /** One `CERTIFICATE` block, ending in a line feed. */
  readonly certificatePem: string;
  /** The private key as it was passed in. */
  readonly privateKeyPem: string;
  /** Lower-case hex without leading zeros. */
  readonly serialNumber: string;
  /** Whole seconds: X.509 knows no fractions. */
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/** What signs: the authority's certificate and private key. */
export interface CertificateAuthority {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** What a certificate says, read by {@link inspectCertificate}. */
export interface CertificateFacts {
  /** One attribute a line, e.g. `CN=irsa webhook CA`. */
  readonly subject: string;
  readonly issuer: string;
  /** Lower-case hex without leading zeros. */
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly isAuthority: boolean;
  /** True when the certificate is signed with its own key. */
  readonly selfSigned: boolean;
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  readonly keyType: 'rsa' | 'ec' | 'other';
  /** Bits of the RSA modulus or of the curve; left out for other keys. */
  readonly keyBits?: number;
  /** SHA-256 of the DER, lower-case hex. */
  readonly fingerprint: string;
  /** The certificate alone, one `CERTIFICATE` block. */
  readonly certificatePem: string;
}
