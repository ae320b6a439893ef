import { KeyError } from '../errors.js';
import { curves, decompressY, isOnCurve } from './curves.js';
import { derTags, writeDer } from './der.js';
import type { EcCurve } from './types.js';
import { UnsupportedKeyError } from './unsupported-key-error.js';

/** The numbers that a public key consists of, checked: what every form of key material is reduced to. */
export type PublicNumbers =
  | { readonly kty: 'RSA'; readonly n: Uint8Array; readonly e: Uint8Array }
  | { readonly kty: 'EC'; readonly crv: EcCurve; readonly x: Uint8Array; readonly y: Uint8Array };

/** OpenSSL, and with it most verifiers, goes no further. */
const maxRsaBits = 16_384;

const withoutLeadingZeros = (octets: Uint8Array): Uint8Array => {
  let start = 0;
  while (start < octets.length - 1 && octets[start] === 0) start += 1;
  return octets.subarray(start);
};

const bitLength = (octets: Uint8Array): number =>
  octets.length * 8 - Math.clz32(octets[0] ?? 0) + 24;

/**
 * Checks an RSA key and trims its numbers to the fewest octets.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7518#section-3.3 | RFC 7518, section 3.3} (2048 bits or more)
 */
export function rsaNumbers(modulus: Uint8Array, exponent: Uint8Array): PublicNumbers {
  const n = withoutLeadingZeros(modulus);
  const e = withoutLeadingZeros(exponent);
  const bits = bitLength(n);
  if (bits < 2048 || bits > maxRsaBits) {
    throw new UnsupportedKeyError(`RSA of ${bits} bits`, 'make a key with generateSigningKey()');
  }
  if (((n[n.length - 1] ?? 0) & 1) === 0 || ((e[e.length - 1] ?? 0) & 1) === 0) {
    throw new KeyError('key: expected an odd RSA modulus and exponent, got an even one', {
      expected: 'an odd RSA modulus and exponent',
    });
  }
  // Go, and with it kube-apiserver, holds the exponent in 31 bits; 1 would sign nothing.
  if (bitLength(e) > 31 || (e.length === 1 && e[0] === 1)) {
    throw new UnsupportedKeyError(
      'an RSA exponent outside 3 to 2147483647',
      'make a key with the usual exponent 65537',
    );
  }
  return { kty: 'RSA', n, e };
}

const curveNamed = (crv: string): (typeof curves)[number] => {
  const curve = curves.find(({ name }) => name === crv);
  if (curve === undefined) {
    throw new UnsupportedKeyError(`EC on ${crv}`, 'make a key with generateSigningKey()');
  }
  return curve;
};

/** Checks an EC key: coordinates of exactly the curve's length, and a point that lies on it. */
export function ecNumbers(crv: string, x: Uint8Array, y: Uint8Array): PublicNumbers {
  const curve = curveNamed(crv);
  const fixed = (coordinate: Uint8Array): Uint8Array => {
    const short = withoutLeadingZeros(coordinate);
    if (short.length > curve.size) {
      throw new KeyError(
        `key: expected ${curve.name} coordinates of ${curve.size} octets, got ${coordinate.length}`,
        { expected: `${curve.size} octets`, actual: `${coordinate.length} octets` },
      );
    }
    const octets = new Uint8Array(curve.size);
    octets.set(short, curve.size - short.length);
    return octets;
  };
  const point = { x: fixed(x), y: fixed(y) };
  if (!isOnCurve(point.x, point.y, curve)) {
    throw new KeyError(
      `key: expected a point on ${curve.name}, got one that is not; the file is damaged`,
      {
        expected: `a point on ${curve.name}`,
      },
    );
  }
  return { kty: 'EC', crv: curve.name, ...point };
}

/** Reads a point as SEC1 section 2.3.4 writes it: uncompressed (04) or compressed (02, 03). */
export function ecNumbersOfPoint(crv: string, point: Uint8Array): PublicNumbers {
  const curve = curveNamed(crv);
  const form = point[0];
  const x = point.subarray(1, 1 + curve.size);
  if (form === 4 && point.length === 1 + 2 * curve.size) {
    return ecNumbers(crv, x, point.subarray(1 + curve.size));
  }
  const y =
    (form === 2 || form === 3) && point.length === 1 + curve.size
      ? decompressY(x, form === 3, curve)
      : undefined;
  if (y === undefined) {
    throw new KeyError(`key: expected a point on ${curve.name}, got something else`, {
      expected: `a point on ${curve.name}`,
    });
  }
  return ecNumbers(crv, x, y);
}

const oid = {
  rsaEncryption: Uint8Array.of(0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01),
  ecPublicKey: Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01),
};

const integer = (octets: Uint8Array): Uint8Array =>
  (octets[0] ?? 0) >= 0x80
    ? writeDer(derTags.integer, Uint8Array.of(0), octets)
    : writeDer(derTags.integer, octets);

const subjectPublicKeyInfo = (algorithm: readonly Uint8Array[], key: Uint8Array): Uint8Array =>
  writeDer(
    derTags.sequence,
    writeDer(derTags.sequence, ...algorithm),
    writeDer(derTags.bitString, Uint8Array.of(0), key),
  );

/**
 * The key as SubjectPublicKeyInfo, byte for byte as Go's `x509.MarshalPKIXPublicKey` writes it: Kubernetes' key ID is
 * the digest of these bytes.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc5280#section-4.1 | RFC 5280, section 4.1}
 */
export function spkiOf(numbers: PublicNumbers): Uint8Array {
  if (numbers.kty === 'RSA') {
    return subjectPublicKeyInfo(
      [writeDer(derTags.oid, oid.rsaEncryption), writeDer(derTags.null)],
      writeDer(derTags.sequence, integer(numbers.n), integer(numbers.e)),
    );
  }
  const point = new Uint8Array(1 + 2 * numbers.x.length);
  point[0] = 4;
  point.set(numbers.x, 1);
  point.set(numbers.y, 1 + numbers.x.length);
  return subjectPublicKeyInfo(
    [
      writeDer(derTags.oid, oid.ecPublicKey),
      writeDer(derTags.oid, curveNamed(numbers.crv).oidOctets),
    ],
    point,
  );
}
