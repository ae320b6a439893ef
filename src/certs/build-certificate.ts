import type { asn1, pki } from 'node-forge';
import type asn1Module from 'node-forge/lib/asn1.js';
import type x509Module from 'node-forge/lib/x509.js';
import { CertificateError } from '../errors.js';
import { encodePem } from './parse-pem.js';
import type { UsableKeyPair } from './read-rsa-key-pair.js';

/** Everything that goes into one certificate. */
export interface CertificateContent {
  readonly subject: pki.CertificateField[];
  /** The authority's subject, bit for bit as it stands in its certificate; left out for a self-signed one. */
  readonly issuer?: asn1.Asn1;
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly publicKeyDer: Uint8Array;
  readonly extensions: readonly Record<string, unknown>[];
}

/** node-forge's X.509 and ASN.1 modules, loaded at first use. */
export async function loadForge(): Promise<{
  x509: typeof x509Module;
  asn1: typeof asn1Module;
}> {
  const [x509, asn1] = await Promise.all([
    import('node-forge/lib/x509.js'),
    import('node-forge/lib/asn1.js'),
  ]);
  return { x509: x509.default, asn1: asn1.default };
}

/** Builds the certificate with node-forge and signs it with the platform. */
export async function buildCertificate(
  content: CertificateContent,
  signer: UsableKeyPair,
): Promise<string> {
  const { x509, asn1 } = await loadForge();
  const encode = (value: asn1.Asn1): Uint8Array<ArrayBuffer> => bytes(asn1.toDer(value).getBytes());
  const certificate = x509.createCertificate();
  certificate.serialNumber = content.serialNumber;
  certificate.validity.notBefore = content.notBefore;
  certificate.validity.notAfter = content.notAfter;
  certificate.publicKey = x509.publicKeyFromAsn1(asn1.fromDer(binary(content.publicKeyDer)));
  certificate.setSubject(content.subject);
  certificate.setIssuer(content.subject);
  certificate.setExtensions([...content.extensions]);
  const sha256WithRsa = x509.oids['sha256WithRSAEncryption'] ?? '';
  certificate.signatureOid = sha256WithRsa;
  certificate.siginfo.algorithmOid = sha256WithRsa;
  const toBeSigned = x509.getTBSCertificate(certificate);
  // Names are compared by their bytes: those of another tool's authority must not be encoded anew.
  if (content.issuer !== undefined) elementsOf(toBeSigned)[issuerIndex] = content.issuer;
  certificate.tbsCertificate = toBeSigned;
  const signature = await signer.sign(encode(toBeSigned));
  certificate.signature = binary(signature);
  return encodePem('CERTIFICATE', encode(x509.certificateToAsn1(certificate)));
}

const issuerIndex = 3;
const subjectIndex = 5;

const elementsOf = (value: asn1.Asn1): asn1.Asn1[] =>
  Array.isArray(value.value) ? value.value : [];

/** The subject of a parsed v3 certificate, bit for bit. */
export function subjectOf(certificate: asn1.Asn1): asn1.Asn1 | undefined {
  const [toBeSigned] = elementsOf(certificate);
  return toBeSigned === undefined ? undefined : elementsOf(toBeSigned)[subjectIndex];
}

/** Bytes as the one-character-a-byte string that node-forge works on. */
export function binary(value: Uint8Array): string {
  let text = '';
  for (const byte of value) text += String.fromCharCode(byte);
  return text;
}

const bytes = (text: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(text, (character) => character.charCodeAt(0));

/** The validity in whole seconds, or why it is none. */
export function checkedValidity(
  notBefore: Date,
  notAfter: Date,
): { notBefore: Date; notAfter: Date } {
  for (const [name, date] of Object.entries({ notBefore, notAfter })) {
    if (!(date instanceof Date)) throw new TypeError(`${name}: expected a Date`);
    const year = date.getUTCFullYear();
    if (Number.isNaN(year) || year < 1950 || year > 9999) {
      throw new CertificateError(
        `${name}: expected a date from the year 1950 to 9999, got ${String(date.getTime())} ms; X.509 can write no other`,
        { path: name },
      );
    }
  }
  const whole = (date: Date): Date => new Date(Math.floor(date.getTime() / 1000) * 1000);
  if (whole(notBefore) >= whole(notAfter)) {
    throw new CertificateError(
      `validity: expected notAfter later than notBefore, got ${notBefore.toISOString()} to ${notAfter.toISOString()}; swap or move them`,
      { path: 'notAfter' },
    );
  }
  return { notBefore: whole(notBefore), notAfter: whole(notAfter) };
}

/** The serial number in hex as DER wants it (positive, minimal), and as people read it. */
export function checkedSerialNumber(serialNumber: string): { encoded: string; shown: string } {
  const value: unknown = serialNumber;
  const shown =
    typeof value === 'string' && /^[0-9a-f]+$/i.test(value)
      ? value.toLowerCase().replace(/^0+/, '')
      : '';
  const even = shown.length % 2 === 1 ? `0${shown}` : shown;
  const encoded = /^[89a-f]/.test(even) ? `00${even}` : even;
  if (shown === '' || encoded.length > 40) {
    throw new CertificateError(
      `serialNumber: expected a positive number in hex of at most 159 bits, got ${JSON.stringify(String(value).slice(0, 60))}; draw 16 random bytes (RFC 5280, section 4.1.2.2)`,
      { path: 'serialNumber', expected: 'positive hex' },
    );
  }
  return { encoded, shown };
}

/** A common name that X.509 can hold. */
export function checkedCommonName(commonName: string): pki.CertificateField[] {
  const value: unknown = commonName;
  // Printable ASCII: every verifier compares these bytes alike.
  if (typeof value !== 'string' || !/^[\x20-\x7e]{1,64}$/.test(value) || value.trim() === '') {
    throw new CertificateError(
      `commonName: expected 1 to 64 printable ASCII characters, got ${JSON.stringify(String(value).slice(0, 100))}; shorten or rename it`,
      { path: 'commonName', expected: '1 to 64 printable ASCII characters' },
    );
  }
  return [{ name: 'commonName', value }];
}
