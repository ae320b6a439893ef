import type { EcCurve } from './types.js';

interface CurveFacts {
  readonly name: EcCurve;
  readonly alg: 'ES256' | 'ES384' | 'ES512';
  readonly oid: string;
  /** Content octets of the OID. */
  readonly oidOctets: Uint8Array;
  /** Octets of one coordinate. */
  readonly size: number;
  readonly p: bigint;
  readonly b: bigint;
}

/** The three curves y² = x³ − 3x + b (mod p) of FIPS 186-4, appendix D.1.2. */
export const curves: readonly CurveFacts[] = Object.freeze([
  {
    name: 'P-256',
    alg: 'ES256',
    oid: '1.2.840.10045.3.1.7',
    oidOctets: Uint8Array.of(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07),
    size: 32,
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  {
    name: 'P-384',
    alg: 'ES384',
    oid: '1.3.132.0.34',
    oidOctets: Uint8Array.of(0x2b, 0x81, 0x04, 0x00, 0x22),
    size: 48,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  {
    name: 'P-521',
    alg: 'ES512',
    oid: '1.3.132.0.35',
    oidOctets: Uint8Array.of(0x2b, 0x81, 0x04, 0x00, 0x23),
    size: 66,
    p: 2n ** 521n - 1n,
    b: 0x51953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
]);

const octetHex = Array.from({ length: 256 }, (_, octet) => octet.toString(16).padStart(2, '0'));

const toBigInt = (bytes: Uint8Array): bigint =>
  BigInt(`0x0${Array.from(bytes, (octet) => octetHex[octet]).join('')}`);

const toBytes = (value: bigint, size: number): Uint8Array => {
  const hex = value.toString(16).padStart(size * 2, '0');
  return Uint8Array.from({ length: size }, (_, at) => parseInt(hex.slice(2 * at, 2 * at + 2), 16));
};

const powerMod = (base: bigint, exponent: bigint, modulus: bigint): bigint => {
  let result = 1n;
  for (let square = base, rest = exponent; rest > 0n; rest >>= 1n) {
    if ((rest & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
};

const rightSide = (x: bigint, { p, b }: CurveFacts): bigint =>
  ((((x * x - 3n) * x + b) % p) + p) % p;

/** Whether a point lies on the curve: one that does not is a typing error or an attack. */
export function isOnCurve(x: Uint8Array, y: Uint8Array, curve: CurveFacts): boolean {
  const [xValue, yValue] = [toBigInt(x), toBigInt(y)];
  if (xValue >= curve.p || yValue >= curve.p) return false;
  return (yValue * yValue) % curve.p === rightSide(xValue, curve);
}

/** The y of a compressed point, which `openssl -conv_form compressed` writes; undefined when x is on no point. */
export function decompressY(
  x: Uint8Array,
  odd: boolean,
  curve: CurveFacts,
): Uint8Array | undefined {
  const { p, size } = curve;
  const value = toBigInt(x);
  if (value >= p) return undefined;
  const square = rightSide(value, curve);
  // All three primes are 3 (mod 4), so that this power is a square root where there is one.
  const root = powerMod(square, (p + 1n) / 4n, p);
  if ((root * root) % p !== square) return undefined;
  return toBytes(((root & 1n) === 1n) === odd ? root : p - root, size);
}
