import { assertKeyPair } from './assert-key-pair.js';
import {
  buildCertificate,
  checkedCommonName,
  checkedSerialNumber,
  checkedValidity,
} from './build-certificate.js';
import { readRsaKeyPair } from './read-rsa-key-pair.js';
import type { IssuedCertificate, RsaKeyPair } from './types.js';

/** What {@link createCertificateAuthority} needs. */
export interface CertificateAuthorityOptions {
  readonly keyPair: RsaKeyPair;
  /** 1 to 64 printable ASCII characters; two authorities in one bundle should differ in it. */
  readonly commonName: string;
  /** Positive, in hex, at most 159 bits; draw it at random. */
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
}

/**
 * Makes a self-signed certificate authority that may sign serving certificates and nothing below them.
 *
 * @throws {@link CertificateError} `ERR_CERTIFICATE`
 * @example
 * ```ts
 * import { createCertificateAuthority, generateRsaKeyPair } from 'irsa/certs';
 * const authority = await createCertificateAuthority({
 *   keyPair: await generateRsaKeyPair(),
 *   commonName: 'irsa webhook CA',
 *   serialNumber: '1f2e3d4c5b6a79880011223344556677',
 *   notBefore: new Date('2026-01-01T00:00:00Z'),
 *   notAfter: new Date('2036-01-01T00:00:00Z'),
 * });
 * console.log(authority.certificatePem);
 * ```
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.2 | RFC 5280, section 4.2}
 */
export async function createCertificateAuthority(
  options: CertificateAuthorityOptions,
): Promise<IssuedCertificate> {
  const { keyPair, commonName, serialNumber } = options;
  assertKeyPair(keyPair, 'keyPair');
  const { privateKeyPem } = keyPair;
  const validity = checkedValidity(options.notBefore, options.notAfter);
  const serial = checkedSerialNumber(serialNumber);
  const name = checkedCommonName(commonName);
  const key = await readRsaKeyPair(keyPair, 'keyPair');
  const certificatePem = await buildCertificate(
    {
      subject: name,
      serialNumber: serial.encoded,
      ...validity,
      publicKeyDer: key.publicKeyDer,
      extensions: [
        { name: 'basicConstraints', critical: true, cA: true, pathLenConstraint: 0 },
        { name: 'keyUsage', critical: true, keyCertSign: true, cRLSign: true },
        { name: 'subjectKeyIdentifier' },
      ],
    },
    key,
  );
  return { certificatePem, privateKeyPem, serialNumber: serial.shown, ...validity };
}
