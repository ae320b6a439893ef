import type { asn1, pki } from 'node-forge';
import { CertificateError } from '../errors.js';
import { binary, loadForge, subjectOf } from './build-certificate.js';
import { parsePem } from './parse-pem.js';
import { readRsaKeyPair, type UsableKeyPair } from './read-rsa-key-pair.js';
import type { CertificateAuthority } from './types.js';

/** An authority that can sign. */
export interface UsableAuthority {
  readonly subject: asn1.Asn1;
  readonly commonName: string | undefined;
  readonly notAfter: Date;
  /** Its subject key identifier, one character a byte. */
  readonly keyIdentifier: string;
  readonly key: UsableKeyPair;
}

/** Reads an authority and makes sure that its certificate may sign and belongs to its key. */
export async function readAuthority(authority: CertificateAuthority): Promise<UsableAuthority> {
  const { certificatePem, privateKeyPem } = authority;
  const block = parsePem(certificatePem, 'authority.certificatePem').find(
    ({ label }) => label === 'CERTIFICATE',
  );
  const refuse = (expected: string, fix: string): CertificateError =>
    new CertificateError(`authority: expected ${expected}; ${fix}`, {
      path: 'authority.certificatePem',
      expected,
    });
  if (block === undefined) throw refuse('a CERTIFICATE block', 'pass the certificate as PEM');
  const { x509, asn1 } = await loadForge();
  let certificate: pki.Certificate;
  let subject: asn1.Asn1 | undefined;
  try {
    const parsed = asn1.fromDer(binary(block.der));
    subject = subjectOf(parsed);
    certificate = x509.certificateFromAsn1(parsed);
  } catch (cause) {
    throw new CertificateError(
      'authority: expected an X.509 certificate with an RSA key; certificates are issued under RSA authorities only',
      { cause, path: 'authority.certificatePem' },
    );
  }
  const constraints = certificate.getExtension('basicConstraints') as { cA?: boolean } | undefined;
  if (constraints?.cA !== true || subject === undefined) {
    throw refuse('a certificate with CA:TRUE', 'pass the authority, not a serving certificate');
  }
  const key = await readRsaKeyPair({ privateKeyPem }, 'authority.privateKeyPem');
  const certified = asn1.toDer(x509.publicKeyToAsn1(certificate.publicKey)).getBytes();
  if (certified !== binary(key.publicKeyDer)) {
    throw refuse('the private key of its certificate', 'the two belong to different authorities');
  }
  const field = certificate.subject.getField('CN') as { value?: unknown } | null;
  const commonName = field?.value;
  const stated = certificate.getExtension('subjectKeyIdentifier') as
    { subjectKeyIdentifier?: string } | undefined;
  return {
    subject,
    commonName: typeof commonName === 'string' ? commonName : undefined,
    notAfter: certificate.validity.notAfter,
    // The stated identifier first: another tool may compute it otherwise.
    keyIdentifier:
      stated?.subjectKeyIdentifier === undefined
        ? certificate.generateSubjectKeyIdentifier().getBytes()
        : binaryOfHex(stated.subjectKeyIdentifier),
    key,
  };
}

const binaryOfHex = (hex: string): string =>
  hex.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
