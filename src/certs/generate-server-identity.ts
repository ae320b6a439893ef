import { createCertificateAuthority } from './create-certificate-authority.js';
import { generateRsaKeyPair } from './generate-rsa-key-pair.js';
import { issueServingCertificate } from './issue-serving-certificate.js';
import type { CertificateAuthority, IssuedCertificate } from './types.js';

const daySeconds = 86_400;

/** What {@link generateServerIdentity} takes. */
export interface ServerIdentityOptions {
  /** The names that clients dial; default none, then there must be addresses. */
  readonly dnsNames?: readonly string[];
  /** The addresses that clients dial; default none. */
  readonly ipAddresses?: readonly string[];
  /** Signs with this authority instead of a new one. */
  readonly authority?: CertificateAuthority;
  /** Of a new authority; default `irsa CA` and a random suffix, so that two authorities never share a name. */
  readonly authorityCommonName?: string;
  /** Of the serving certificate; default 90 days. */
  readonly lifetimeSeconds?: number;
  /** Of a new authority; default 3,650 days. */
  readonly authorityLifetimeSeconds?: number;
  /** How long before `now` the certificates begin, for clocks that are behind; default 300. */
  readonly backdateSeconds?: number;
  /** Default: the system's clock. */
  readonly now?: Date;
}

/** Everything that a TLS server and those who trust it need. */
export interface ServerIdentity {
  /** The serving certificate, then the authority's: what a server presents. */
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  /** The authority's certificate: what clients trust. */
  readonly caBundlePem: string;
  /** The same as a webhook configuration's `caBundle`: base64 of the PEM. */
  readonly caBundle: string;
  /** To sign the next certificate with; keep its private key as safe as the server's. */
  readonly authority: CertificateAuthority;
  readonly serving: IssuedCertificate;
  readonly notBefore: Date;
  /** When the serving certificate ends. */
  readonly notAfter: Date;
}

/**
 * Makes a TLS identity in one call: keys, an authority (unless one is given) and a serving certificate.
 *
 * @throws {@link CertificateError} `ERR_CERTIFICATE`
 * @example
 * ```ts
 * import { generateServerIdentity, webhookDnsNames } from 'irsa/certs';
 * const identity = await generateServerIdentity({
 *   dnsNames: webhookDnsNames({ service: 'irsa-webhook', namespace: 'irsa-system' }),
 * });
 * console.log(identity.notAfter, identity.caBundle.length);
 * ```
 */
export async function generateServerIdentity(
  options: ServerIdentityOptions,
): Promise<ServerIdentity> {
  const { randomBytes } = await import('node:crypto');
  const now = options.now ?? new Date();
  const at = (seconds: number): Date => new Date(now.getTime() + seconds * 1000);
  const notBefore = at(-(options.backdateSeconds ?? 300));
  const keys = await Promise.all([
    generateRsaKeyPair(),
    options.authority === undefined ? generateRsaKeyPair() : undefined,
  ]);
  const [keyPair, authorityKeyPair] = keys;
  const authority =
    options.authority ??
    (await createCertificateAuthority({
      keyPair: authorityKeyPair ?? (await generateRsaKeyPair()),
      commonName: options.authorityCommonName ?? `irsa CA ${randomBytes(4).toString('hex')}`,
      serialNumber: randomSerialNumber(randomBytes(16)),
      notBefore,
      notAfter: at(options.authorityLifetimeSeconds ?? 3650 * daySeconds),
    }));
  const serving = await issueServingCertificate({
    authority,
    keyPair,
    dnsNames: options.dnsNames ?? [],
    ...(options.ipAddresses === undefined ? {} : { ipAddresses: options.ipAddresses }),
    serialNumber: randomSerialNumber(randomBytes(16)),
    notBefore,
    notAfter: at(options.lifetimeSeconds ?? 90 * daySeconds),
  });
  const caBundlePem = authority.certificatePem;
  return {
    certificatePem: `${serving.certificatePem}${caBundlePem}`,
    privateKeyPem: serving.privateKeyPem,
    caBundlePem,
    caBundle: btoa(caBundlePem),
    authority: { certificatePem: authority.certificatePem, privateKeyPem: authority.privateKeyPem },
    serving,
    notBefore: serving.notBefore,
    notAfter: serving.notAfter,
  };
}

/** The first bit is set, so that the number has its full length and is never zero. */
function randomSerialNumber(bytes: Uint8Array): string {
  return Array.from(bytes, (byte, index) =>
    (index === 0 ? byte | 0x80 : byte).toString(16).padStart(2, '0'),
  ).join('');
}
