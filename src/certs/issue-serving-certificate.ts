import { assertKeyPair } from './assert-key-pair.js';
import { CertificateError } from '../errors.js';
import {
  buildCertificate,
  checkedCommonName,
  checkedSerialNumber,
  checkedValidity,
} from './build-certificate.js';
import { checkedAltNames } from './checked-alt-names.js';
import { readAuthority } from './read-authority.js';
import { readRsaKeyPair } from './read-rsa-key-pair.js';
import type { CertificateAuthority, IssuedCertificate, RsaKeyPair } from './types.js';

/** What {@link issueServingCertificate} needs. */
export interface ServingCertificateOptions {
  readonly authority: CertificateAuthority;
  readonly keyPair: RsaKeyPair;
  /** The names that clients dial, e.g. of {@link webhookDnsNames}; `*.` is allowed in front. May be empty when there are addresses. */
  readonly dnsNames: readonly string[];
  /** IPv4 and IPv6 addresses that clients dial; default none. */
  readonly ipAddresses?: readonly string[];
  /** Default: the shortest DNS name that fits into 64 characters, else `serving certificate`. Never the authority's. */
  readonly commonName?: string;
  /** Positive, in hex, at most 159 bits; draw it at random, it must differ from every other of this authority. */
  readonly serialNumber: string;
  readonly notBefore: Date;
  /** Not after the authority's own end. */
  readonly notAfter: Date;
}

/**
 * Issues a TLS server certificate, signed by the authority, for DNS names and IP addresses.
 *
 * @throws {@link CertificateError} `ERR_CERTIFICATE`
 * @example
 * ```ts
 * import { createCertificateAuthority, generateRsaKeyPair, issueServingCertificate, webhookDnsNames } from 'irsa/certs';
 * const notBefore = new Date('2026-01-01T00:00:00Z');
 * const authority = await createCertificateAuthority({
 *   keyPair: await generateRsaKeyPair(), commonName: 'irsa webhook CA', serialNumber: '51', notBefore, notAfter: new Date('2036-01-01T00:00:00Z'),
 * });
 * const serving = await issueServingCertificate({
 *   authority,
 *   keyPair: await generateRsaKeyPair(),
 *   dnsNames: webhookDnsNames({ service: 'irsa-webhook', namespace: 'irsa-system' }),
 *   serialNumber: '52',
 *   notBefore,
 *   notAfter: new Date('2026-04-01T00:00:00Z'),
 * });
 * console.log(serving.certificatePem);
 * ```
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6 | RFC 5280, section 4.2.1.6}
 */
export async function issueServingCertificate(
  options: ServingCertificateOptions,
): Promise<IssuedCertificate> {
  const { keyPair } = options;
  assertKeyPair(keyPair, 'keyPair');
  assertKeyPair(options.authority, 'authority');
  const { privateKeyPem } = keyPair;
  const names = checkedAltNames(options.dnsNames, options.ipAddresses ?? []);
  const validity = checkedValidity(options.notBefore, options.notAfter);
  const serial = checkedSerialNumber(options.serialNumber);
  const commonName = options.commonName ?? defaultCommonName(names.dnsNames);
  const subject = checkedCommonName(commonName);
  const [authority, key] = await Promise.all([
    readAuthority(options.authority),
    readRsaKeyPair(keyPair, 'keyPair'),
  ]);
  if (validity.notAfter > authority.notAfter) {
    throw new CertificateError(
      `notAfter: expected no later than the authority's own end, ${authority.notAfter.toISOString()}, got ${validity.notAfter.toISOString()}; shorten the certificate or make a new authority`,
      { path: 'notAfter' },
    );
  }
  if (authority.commonName === commonName) {
    throw new CertificateError(
      `commonName: expected another name than the authority's, got ${JSON.stringify(commonName)} twice; verifiers would take the certificate for self-signed`,
      { path: 'commonName' },
    );
  }
  const certificatePem = await buildCertificate(
    {
      subject,
      issuer: authority.subject,
      serialNumber: serial.encoded,
      ...validity,
      publicKeyDer: key.publicKeyDer,
      extensions: [
        { name: 'basicConstraints', critical: true, cA: false },
        { name: 'keyUsage', critical: true, digitalSignature: true, keyEncipherment: true },
        { name: 'extKeyUsage', serverAuth: true },
        { name: 'subjectAltName', altNames: names.altNames },
        { name: 'subjectKeyIdentifier' },
        { name: 'authorityKeyIdentifier', keyIdentifier: authority.keyIdentifier },
      ],
    },
    authority.key,
  );
  return { certificatePem, privateKeyPem, serialNumber: serial.shown, ...validity };
}

function defaultCommonName(dnsNames: readonly string[]): string {
  const fitting = dnsNames.filter((name) => name.length <= 64);
  const [first = 'serving certificate', ...rest] = fitting;
  return rest.reduce((shortest, name) => (name.length < shortest.length ? name : shortest), first);
}
