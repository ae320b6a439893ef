import { AwsFailure } from './aws-failure.js';
import { digest, toBase64 } from './bytes.js';

/** Reflected CRC-32 with the given polynomial. */
const crc32 = (bytes: Uint8Array, polynomial: number): Uint8Array => {
  const table = Array.from({ length: 256 }, (_, index) => {
    let value = index;
    for (let bit = 0; bit < 8; bit += 1)
      value = value & 1 ? (value >>> 1) ^ polynomial : value >>> 1;
    return value;
  });
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ (table[(value ^ byte) & 0xff] ?? 0);
  value = ~value;
  return Uint8Array.of(value >>> 24, value >>> 16, value >>> 8, value);
};

/** Reflected CRC-64/NVME. BigInt is slow, and exact; no SDK sends this one unasked. */
const crc64 = (bytes: Uint8Array): Uint8Array => {
  const table = Array.from({ length: 256 }, (_, index) => {
    let value = BigInt(index);
    for (let bit = 0; bit < 8; bit += 1) {
      value = value & 1n ? (value >> 1n) ^ 0x9a6c9329ac4bc9b5n : value >> 1n;
    }
    return value;
  });
  const ones = 0xffffffffffffffffn;
  let value = ones;
  for (const byte of bytes) value = (value >> 8n) ^ (table[Number(value & 0xffn) ^ byte] ?? 0n);
  value ^= ones;
  return Uint8Array.from({ length: 8 }, (_, index) =>
    Number((value >> BigInt(56 - 8 * index)) & 0xffn),
  );
};

const algorithms: Readonly<
  Record<string, (bytes: Uint8Array) => Uint8Array | Promise<Uint8Array>>
> = {
  'x-amz-checksum-crc32': (bytes) => crc32(bytes, 0xedb88320),
  'x-amz-checksum-crc32c': (bytes) => crc32(bytes, 0x82f63b78),
  'x-amz-checksum-crc64nvme': crc64,
  'x-amz-checksum-sha1': (bytes) => digest('SHA-1', bytes),
  'x-amz-checksum-sha256': (bytes) => digest('SHA-256', bytes),
};

/** Checks the checksum that a request carries in its headers or trailers, and returns it as `[name, value]`. */
export async function checkChecksum(
  body: Uint8Array,
  fields: Readonly<Record<string, string>>,
): Promise<readonly [string, string] | undefined> {
  for (const [name, compute] of Object.entries(algorithms)) {
    const claimed = fields[name];
    if (claimed === undefined) continue;
    if (claimed !== toBase64(await compute(body))) {
      throw new AwsFailure(
        'BadDigest',
        `The ${name.slice('x-amz-checksum-'.length).toUpperCase()} you specified did not match the calculated checksum.`,
        400,
      );
    }
    return [name, claimed];
  }
  return undefined;
}
