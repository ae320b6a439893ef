import { AwsFailure } from './aws-failure.js';
import { concatBytes, hmac, sha256Hex, textOfBytes, toHex } from './bytes.js';
import type { VerifiedSignature } from './verify-signature-v4.js';

/** An aws-chunked body taken apart. */
export interface DecodedBody {
  readonly body: Uint8Array;
  /** Names in lower case. */
  readonly trailers: Readonly<Record<string, string>>;
}

const mismatch = (): AwsFailure =>
  new AwsFailure(
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    403,
  );
const incomplete = (): AwsFailure =>
  new AwsFailure('IncompleteBody', 'The request body terminated unexpectedly.', 400);

/**
 * Reads an `aws-chunked` body and checks the signature of every chunk and of the trailers, where the payload mode asks for it.
 *
 * @see {@link https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html | S3: signature calculations with trailing headers}
 */
export async function decodeAwsChunked(
  encoded: Uint8Array,
  verified: VerifiedSignature,
): Promise<DecodedBody> {
  const signed = verified.payloadHash.startsWith('STREAMING-AWS4-HMAC-SHA256-PAYLOAD');
  const chunks: Uint8Array[] = [];
  let previous = verified.signature;
  let at = 0;
  for (;;) {
    const end = lineEnd(encoded, at);
    const [size = '', ...extensions] = textOfBytes(encoded.subarray(at, end)).split(';');
    const length = /^[0-9a-fA-F]{1,8}$/.test(size) ? Number.parseInt(size, 16) : Number.NaN;
    at = end + 2;
    if (Number.isNaN(length) || at + length > encoded.length) throw incomplete();
    const data = encoded.subarray(at, at + length);
    if (signed) {
      const claimed = extensions.find((part) => part.startsWith('chunk-signature='))?.slice(16);
      previous = await chunkSignature(verified, previous, data);
      if (claimed !== previous) throw mismatch();
    }
    at += length;
    if (length === 0) break;
    chunks.push(data);
    at += 2;
  }
  const trailers = readTrailers(encoded, at);
  if (verified.payloadHash.endsWith('-TRAILER') && signed) {
    await checkTrailerSignature(verified, previous, trailers);
  }
  return { body: concatBytes(chunks), trailers };
}

function lineEnd(bytes: Uint8Array, from: number): number {
  for (let at = from; at + 1 < bytes.length; at += 1) {
    if (bytes[at] === 13 && bytes[at + 1] === 10) return at;
  }
  throw incomplete();
}

const emptyHash = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

async function chunkSignature(
  verified: VerifiedSignature,
  previous: string,
  data: Uint8Array,
): Promise<string> {
  return toHex(
    await hmac(
      verified.signingKey,
      [
        'AWS4-HMAC-SHA256-PAYLOAD',
        verified.amzDate,
        verified.scope,
        previous,
        emptyHash,
        await sha256Hex(data),
      ].join('\n'),
    ),
  );
}

function readTrailers(encoded: Uint8Array, from: number): Record<string, string> {
  const lines = textOfBytes(encoded.subarray(from))
    .split('\r\n')
    .filter((line) => line.includes(':'));
  return Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()] as const;
    }),
  );
}

async function checkTrailerSignature(
  verified: VerifiedSignature,
  previous: string,
  trailers: Readonly<Record<string, string>>,
): Promise<void> {
  const { 'x-amz-trailer-signature': claimed, ...rest } = trailers;
  const canonical = Object.keys(rest)
    .sort()
    .map((name) => `${name}:${String(rest[name])}\n`)
    .join('');
  const expected = toHex(
    await hmac(
      verified.signingKey,
      [
        'AWS4-HMAC-SHA256-TRAILER',
        verified.amzDate,
        verified.scope,
        previous,
        await sha256Hex(canonical),
      ].join('\n'),
    ),
  );
  if (claimed !== expected) throw mismatch();
}
