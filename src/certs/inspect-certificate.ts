import type { X509Certificate } from 'node:crypto';
import { CertificateError } from '../errors.js';
import { encodePem, parsePem } from './parse-pem.js';
import type { CertificateFacts } from './types.js';

/**
 * What the first certificate of a PEM text says; RSA and EC. An expired certificate is read like any other.
 *
 * @throws {@link CertificateError} `ERR_CERTIFICATE`
 * @example
 * ```ts
 * import { generateServerIdentity, inspectCertificate } from 'irsa/certs';
 * const { certificatePem } = await generateServerIdentity({ dnsNames: ['localhost'] });
 * const { notAfter, dnsNames } = await inspectCertificate(certificatePem);
 * ```
 */
export async function inspectCertificate(pem: string): Promise<CertificateFacts> {
  const [first] = await inspectCertificates(pem);
  if (first === undefined) throw noCertificate();
  return first;
}

/**
 * What every certificate of a PEM text says, in order: for chains and CA bundles. Blocks of other kinds are skipped.
 *
 * @throws {@link CertificateError} `ERR_CERTIFICATE` when one cannot be read or there is none
 * @example
 * ```ts
 * import { generateServerIdentity, inspectCertificates } from 'irsa/certs';
 * const { certificatePem } = await generateServerIdentity({ dnsNames: ['localhost'] });
 * (await inspectCertificates(certificatePem)).map(({ isAuthority }) => isAuthority); // [false, true]
 * ```
 */
export async function inspectCertificates(pem: string): Promise<CertificateFacts[]> {
  const { X509Certificate: Certificate } = await import('node:crypto');
  const blocks = parsePem(pem, 'certificate').filter(({ label }) =>
    /^(?:TRUSTED |X509 )?CERTIFICATE$/.test(label),
  );
  if (blocks.length === 0) throw noCertificate();
  return blocks.map(({ der }, index) => {
    try {
      return factsOf(new Certificate(der), der);
    } catch (cause) {
      throw new CertificateError(
        `certificate ${index + 1} of ${blocks.length}: expected X.509 in DER, got bytes that are none; the file is damaged`,
        { cause, path: 'certificate' },
      );
    }
  });
}

const noCertificate = (): CertificateError =>
  new CertificateError(
    'certificate: expected a CERTIFICATE block, found none; pass the certificate, not its key',
    { path: 'certificate', expected: 'a CERTIFICATE block' },
  );

function factsOf(certificate: X509Certificate, der: Uint8Array): CertificateFacts {
  const names = altNames(certificate.subjectAltName ?? '');
  const { publicKey } = certificate;
  const type = publicKey.asymmetricKeyType;
  const details = publicKey.asymmetricKeyDetails;
  const keyBits = details?.modulusLength ?? curveBits(details?.namedCurve);
  return {
    subject: certificate.subject,
    issuer: certificate.issuer,
    serialNumber: certificate.serialNumber.toLowerCase().replace(/^0+(?=.)/, ''),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    isAuthority: certificate.ca,
    selfSigned: certificate.checkIssued(certificate) && certificate.verify(publicKey),
    dnsNames: names.filter(([kind]) => kind === 'DNS').map(([, value]) => value),
    ipAddresses: names.filter(([kind]) => kind === 'IP Address').map(([, value]) => value),
    keyType: type === 'rsa' || type === 'ec' ? type : 'other',
    ...(keyBits === undefined ? {} : { keyBits }),
    fingerprint: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    certificatePem: encodePem('CERTIFICATE', der),
  };
}

/** node:crypto joins the names with ", " and puts those with a comma or quote into JSON quotes. */
function altNames(text: string): [kind: string, value: string][] {
  const found: [string, string][] = [];
  for (const [, kind = '', quoted, plain = ''] of text.matchAll(
    /(?:^|, )([A-Za-z ]+):(?:("(?:[^"\\]|\\.)*")|([^,]*))/g,
  )) {
    found.push([kind, quoted === undefined ? plain : String(JSON.parse(quoted))]);
  }
  return found;
}

function curveBits(curve: string | undefined): number | undefined {
  const bits = { prime256v1: 256, secp384r1: 384, secp521r1: 521 };
  return Object.entries(bits).find(([name]) => name === curve)?.[1];
}
