import { CertificateError } from '../errors.js';
import { parsePem } from './parse-pem.js';
import type { RsaKeyPair } from './types.js';

/** A key pair that the platform has taken in. */
export interface UsableKeyPair {
  readonly publicKeyDer: Uint8Array<ArrayBuffer>;
  /** PKCS#1 v1.5 signature with SHA-256, which every TLS client of the API server understands. */
  sign(message: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>>;
}

const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;

/** Takes in an RSA key pair; signing is the platform's, because node-forge signs in slow JavaScript. */
export async function readRsaKeyPair(keyPair: RsaKeyPair, what: string): Promise<UsableKeyPair> {
  const { privateKeyPem, publicKeyPem } = keyPair;
  const pkcs8 = privateKeyDer(privateKeyPem, what);
  const refused = new CertificateError(
    `${what}: expected an RSA private key of 2048 bits or more (PKCS#8 or PKCS#1), got another kind of key; make one with generateRsaKeyPair()`,
    { path: what, expected: 'an RSA private key' },
  );
  try {
    const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']);
    const { kty, n, e } = await crypto.subtle.exportKey('jwk', privateKey);
    if (n === undefined || e === undefined || n.length < 342) throw refused;
    const jwk = { kty: kty ?? 'RSA', n, e };
    const publicKey = await crypto.subtle.importKey('jwk', jwk, algorithm, true, ['verify']);
    const publicKeyDer = new Uint8Array(await crypto.subtle.exportKey('spki', publicKey));
    if (publicKeyPem !== undefined) assertSameKey(publicKeyPem, publicKeyDer, what);
    return {
      publicKeyDer,
      sign: async (message) =>
        new Uint8Array(await crypto.subtle.sign(algorithm, privateKey, message)),
    };
  } catch (error) {
    if (error instanceof CertificateError) throw error;
    // The cause is left out: an ASN.1 error may quote key bytes.
    throw refused;
  }
}

function privateKeyDer(pem: string, what: string): Uint8Array<ArrayBuffer> {
  for (const { label, der } of parsePem(pem, what)) {
    if (label === 'PRIVATE KEY') return der;
    if (label === 'RSA PRIVATE KEY') return pkcs1ToPkcs8(der);
    if (label === 'EC PRIVATE KEY') {
      throw new CertificateError(
        `${what}: expected an RSA private key, got an EC key; certificates are issued with RSA keys only, make one with generateRsaKeyPair()`,
        { path: what, expected: 'an RSA private key', actual: 'an EC key' },
      );
    }
  }
  throw new CertificateError(
    `${what}: expected a PRIVATE KEY block, found none; pass the private key's PEM, not the certificate or the public key`,
    { path: what, expected: 'a PRIVATE KEY block' },
  );
}

function assertSameKey(publicKeyPem: string, expected: Uint8Array, what: string): void {
  const [block] = parsePem(publicKeyPem, what);
  const same =
    block?.label === 'PUBLIC KEY' &&
    block.der.length === expected.length &&
    block.der.every((byte, index) => byte === expected[index]);
  if (!same) {
    throw new CertificateError(
      `${what}: expected publicKeyPem to belong to privateKeyPem, it does not; pass both halves of one key, or leave publicKeyPem out`,
      { path: what, expected: 'the public half of the private key' },
    );
  }
}

/** PrivateKeyInfo around an RSAPrivateKey (RFC 5208): WebCrypto takes no PKCS#1. */
function pkcs1ToPkcs8(der: Uint8Array): Uint8Array<ArrayBuffer> {
  const versionAndRsaEncryption = [
    0x02, 0x01, 0x00, 0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01,
    0x05, 0x00,
  ];
  const octets = derElement(0x04, der);
  return derElement(0x30, Uint8Array.from([...versionAndRsaEncryption, ...octets]));
}

function derElement(tag: number, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const { length } = content;
  const size = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff];
  return Uint8Array.from([tag, ...size, ...content]);
}
