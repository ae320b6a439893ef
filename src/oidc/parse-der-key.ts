import { KeyError } from '../errors.js';
import { curves } from './curves.js';
import {
  derTags,
  readDerBits,
  readDerChildren,
  readDerOid,
  readDerUnsigned,
  readOnlyDer,
  writeDer,
  type DerElement,
} from './der.js';
import { ecNumbersOfPoint, rsaNumbers, type PublicNumbers } from './public-numbers.js';
import type { EcCurve } from './types.js';
import { UnsupportedKeyError } from './unsupported-key-error.js';

/** What a DER structure says about its public key. */
export type DerKey =
  | { readonly numbers: PublicNumbers; readonly notAfter?: Date }
  /** An EC private key that was written without its public point: the platform has to compute it from this PKCS#8. */
  | { readonly pkcs8WithoutPoint: Uint8Array; readonly crv: EcCurve };

/** Names for what people try; everything else is named by its object identifier. */
const algorithmNames: Readonly<Record<string, string>> = Object.freeze({
  '1.2.840.113549.1.1.7': 'RSA-OAEP',
  '1.2.840.113549.1.1.10': 'RSA-PSS',
  '1.2.840.10040.4.1': 'DSA',
  '1.2.840.113549.1.3.1': 'Diffie-Hellman',
  '1.3.101.110': 'X25519',
  '1.3.101.111': 'X448',
  '1.3.101.112': 'Ed25519',
  '1.3.101.113': 'Ed448',
  '2.16.840.1.101.3.4.3.17': 'ML-DSA-44',
  '2.16.840.1.101.3.4.3.18': 'ML-DSA-65',
  '2.16.840.1.101.3.4.3.19': 'ML-DSA-87',
  '1.3.132.0.10': 'EC on secp256k1',
  '1.3.132.0.33': 'EC on P-224',
  '1.2.840.10045.3.1.1': 'EC on P-192',
  '1.3.36.3.3.2.8.1.1.7': 'EC on brainpoolP256r1',
  '1.3.36.3.3.2.8.1.1.11': 'EC on brainpoolP384r1',
  '1.3.36.3.3.2.8.1.1.13': 'EC on brainpoolP512r1',
  '1.2.156.10197.1.301': 'EC on SM2',
});

const unsupported = (oid: string, what: string): UnsupportedKeyError =>
  new UnsupportedKeyError(
    algorithmNames[oid] ?? `${what} with object identifier ${oid}`,
    'AWS verifies nothing else: make a key with generateSigningKey()',
  );

const noKey = (): KeyError =>
  new KeyError(
    'key: expected SPKI, PKCS#1, PKCS#8, SEC1 or an X.509 certificate, got other DER data; pass the key itself',
    { expected: 'a key in DER' },
  );

/** `undefined` where a child is missing or has another tag than expected. */
const childOf = (
  children: readonly DerElement[],
  at: number,
  tag: number,
): DerElement | undefined => (children[at]?.tag === tag ? children[at] : undefined);

const required = (children: readonly DerElement[], at: number, tag: number): DerElement => {
  const child = childOf(children, at, tag);
  if (child === undefined) throw noKey();
  return child;
};

const curveOf = (parameters: DerElement | undefined): (typeof curves)[number] => {
  if (parameters?.tag !== derTags.oid) {
    throw new UnsupportedKeyError(
      'EC with curve parameters written out instead of a curve’s name',
      'write the key with a named curve (openssl ec -param_enc named_curve)',
    );
  }
  const oid = readDerOid(parameters);
  const curve = curves.find((known) => known.oid === oid);
  if (curve === undefined) throw unsupported(oid, 'EC on a curve');
  return curve;
};

const rsaSequence = (octets: Uint8Array, skip: number): PublicNumbers => {
  const children = readDerChildren(readOnlyDer(octets));
  const [modulus, exponent] = [children[skip], children[skip + 1]];
  if (modulus === undefined || exponent === undefined) throw noKey();
  return rsaNumbers(readDerUnsigned(modulus), readDerUnsigned(exponent));
};

/** SubjectPublicKeyInfo, RFC 5280 section 4.1. */
const parseSpki = (children: readonly DerElement[]): PublicNumbers => {
  const [algorithm, parameters] = readDerChildren(required(children, 0, derTags.sequence));
  if (algorithm === undefined) throw noKey();
  const oid = readDerOid(algorithm);
  const key = readDerBits(required(children, 1, derTags.bitString));
  if (oid === '1.2.840.113549.1.1.1') return rsaSequence(key, 0);
  if (oid === '1.2.840.10045.2.1') return ecNumbersOfPoint(curveOf(parameters).name, key);
  throw unsupported(oid, 'a key');
};

/** ECPrivateKey, RFC 5915 section 3; the curve may be named outside, in PKCS#8. */
const parseSec1 = (children: readonly DerElement[], outerParameters?: DerElement): DerKey => {
  required(children, 1, derTags.octetString);
  const tagged = (tag: number): DerElement | undefined => {
    const wrapper = children.slice(2).find((child) => child.tag === tag);
    return wrapper && readOnlyDer(wrapper.content);
  };
  const curve = curveOf(tagged(derTags.context0) ?? outerParameters);
  const point = tagged(derTags.context1);
  if (point !== undefined) return { numbers: ecNumbersOfPoint(curve.name, readDerBits(point)) };
  const [version, scalar] = children;
  if (version === undefined || scalar === undefined) throw noKey();
  const ecPublicKey = Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01);
  const pkcs8 = writeDer(
    derTags.sequence,
    writeDer(derTags.integer, Uint8Array.of(0)),
    writeDer(
      derTags.sequence,
      writeDer(derTags.oid, ecPublicKey),
      writeDer(derTags.oid, curve.oidOctets),
    ),
    writeDer(derTags.octetString, writeDer(derTags.sequence, version.whole, scalar.whole)),
  );
  return { pkcs8WithoutPoint: pkcs8, crv: curve.name };
};

/** PrivateKeyInfo, RFC 5208 section 5 and RFC 5958 section 2. */
const parsePkcs8 = (children: readonly DerElement[]): DerKey => {
  const [algorithm, parameters] = readDerChildren(required(children, 1, derTags.sequence));
  if (algorithm === undefined) throw noKey();
  const oid = readDerOid(algorithm);
  const inner = required(children, 2, derTags.octetString).content;
  if (oid === '1.2.840.113549.1.1.1') return { numbers: rsaSequence(inner, 1) };
  if (oid === '1.2.840.10045.2.1') {
    return parseSec1(readDerChildren(readOnlyDer(inner)), parameters);
  }
  throw unsupported(oid, 'a private key');
};

const parseTime = (element: DerElement | undefined): Date => {
  const text = element === undefined ? '' : String.fromCharCode(...element.content.subarray(0, 20));
  const pattern =
    element?.tag === derTags.utcTime
      ? /^(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/
      : /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})Z$/;
  const match = pattern.exec(text);
  if (match === null) {
    throw new KeyError('key: expected a certificate’s validity, got something else', {
      expected: 'an X.509 certificate',
    });
  }
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match
    .slice(1)
    .map(Number);
  // RFC 5280, section 4.1.2.5.1: two digits from 50 on are of the last century.
  const century = element?.tag === derTags.utcTime ? (year >= 50 ? 1900 : 2000) : 0;
  const date = new Date(0);
  date.setUTCFullYear(century + year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  return date;
};

/** TBSCertificate, RFC 5280 section 4.1: version?, serial, algorithm, issuer, validity, subject, key. */
const parseCertificate = (children: readonly DerElement[]): DerKey => {
  const fields = readDerChildren(required(children, 0, derTags.sequence));
  const at = fields[0]?.tag === derTags.context0 ? 1 : 0;
  required(fields, at, derTags.integer);
  const validity = readDerChildren(required(fields, at + 3, derTags.sequence));
  const key = readDerChildren(required(fields, at + 5, derTags.sequence));
  return { numbers: parseSpki(key), notAfter: parseTime(validity[1]) };
};

/**
 * Reads a key in any of the DER forms that people have, told apart by their shape and not by their label:
 * PEM labels are wrong often enough. What is private in it is not looked at.
 */
export function parseDerKey(bytes: Uint8Array): DerKey {
  const top = readOnlyDer(bytes);
  if (top.tag !== derTags.sequence) throw noKey();
  const children = readDerChildren(top);
  const shape = children.map(({ tag }) => tag);
  const is = (...tags: readonly number[]): boolean => tags.every((tag, at) => shape[at] === tag);
  const { integer, sequence, bitString, octetString } = derTags;

  if (is(integer, integer)) {
    if (children.length !== 2 && children.length < 9) throw noKey();
    return { numbers: rsaSequence(bytes, children.length === 2 ? 0 : 1) };
  }
  if (is(integer, sequence, octetString)) return parsePkcs8(children);
  if (is(integer, octetString)) return parseSec1(children);
  if (is(sequence, bitString)) return { numbers: parseSpki(children) };
  if (is(sequence, sequence, bitString)) return parseCertificate(children);
  if (is(sequence, octetString)) {
    throw new KeyError(
      'key: expected a key that can be read, got an encrypted PKCS#8 private key; pass the public key (openssl pkey -in KEY -pubout)',
      { expected: 'a key without a passphrase', actual: 'an encrypted private key' },
    );
  }
  throw noKey();
}
