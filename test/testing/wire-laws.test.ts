import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AwsFailure } from '../../src/testing/aws-failure.js';
import { checkChecksum } from '../../src/testing/checksums.js';
import { decodeAwsChunked } from '../../src/testing/decode-aws-chunked.js';
import { evaluatePolicy } from '../../src/testing/evaluate-policy.js';
import { parseQuery } from '../../src/testing/exchange.js';
import { readWebIdentityToken } from '../../src/testing/read-web-identity-token.js';
import type { VerifiedSignature } from '../../src/testing/verify-signature-v4.js';
import { elementsOf, renderXml, textOf } from '../../src/testing/xml.js';

const key = Buffer.from('signing key');
const verified = (payloadHash: string): VerifiedSignature => ({
  accessKeyId: 'AKIA',
  region: 'us-west-2',
  service: 's3',
  payloadHash,
  signature: 'f'.repeat(64),
  signingKey: key,
  amzDate: '20261123T120000Z',
  scope: '20261123/us-west-2/s3/aws4_request',
});
const sha256 = (data: string | Uint8Array): string =>
  createHash('sha256').update(data).digest('hex');
const sign = (lines: readonly string[]): string =>
  createHmac('sha256', key).update(lines.join('\n')).digest('hex');

/** Writes a body as clients do, with node:crypto instead of ours. */
function encodeChunks(
  chunks: readonly Uint8Array[],
  signed: boolean,
  trailer?: string,
): Uint8Array {
  const { amzDate, scope, signature } = verified('');
  let previous = signature;
  const parts = [...chunks.filter((chunk) => chunk.length > 0), new Uint8Array()].flatMap(
    (chunk) => {
      previous = sign([
        'AWS4-HMAC-SHA256-PAYLOAD',
        amzDate,
        scope,
        previous,
        sha256(''),
        sha256(chunk),
      ]);
      const extension = signed ? `;chunk-signature=${previous}` : '';
      const head = Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`);
      return chunk.length === 0 ? [head] : [head, chunk, Buffer.from('\r\n')];
    },
  );
  const trailers = trailer === undefined ? '' : `${trailer}\r\n`;
  const signedTrailer =
    trailer === undefined || !signed
      ? ''
      : `x-amz-trailer-signature:${sign(['AWS4-HMAC-SHA256-TRAILER', amzDate, scope, previous, sha256(`${trailer}\n`)])}\r\n`;
  return new Uint8Array(Buffer.concat([...parts, Buffer.from(`${trailers}${signedTrailer}\r\n`)]));
}

const chunks = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 5 });

describe('aws-chunked', () => {
  it.each([
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD', true, undefined],
    ['STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER', true, 'x-amz-checksum-crc32:AAAAAA=='],
    ['STREAMING-UNSIGNED-PAYLOAD-TRAILER', false, 'x-amz-checksum-crc32:AAAAAA=='],
  ] as const)('%s: decoding undoes encoding', async (mode, signed, trailer) => {
    await fc.assert(
      fc.asyncProperty(chunks, async (parts) => {
        const decoded = await decodeAwsChunked(
          encodeChunks(parts, signed, trailer),
          verified(mode),
        );
        expect(Buffer.from(decoded.body).equals(Buffer.concat(parts))).toBe(true);
        if (trailer !== undefined)
          expect(decoded.trailers['x-amz-checksum-crc32']).toBe('AAAAAA==');
      }),
      { numRuns: 100 },
    );
  });

  it('one changed byte of a signed body is noticed', async () => {
    const mode = 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD';
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        fc.nat(),
        async (body, at) => {
          const encoded = encodeChunks([body], true);
          const start = encoded.indexOf(10) + 1;
          const index = start + (at % body.length);
          encoded[index] = (encoded[index] ?? 0) ^ 1;
          await expect(decodeAwsChunked(encoded, verified(mode))).rejects.toThrow(AwsFailure);
        },
      ),
      { numRuns: 100 },
    );
  });

  it('anything else is a refusal, not a crash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), async (body) => {
        const outcome = await decodeAwsChunked(
          body,
          verified('STREAMING-UNSIGNED-PAYLOAD-TRAILER'),
        ).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(AwsFailure);
      }),
      { numRuns: 300 },
    );
  });
});

describe('checksums', () => {
  // The check value of each algorithm: what it makes of the nine digits.
  it.each([
    ['x-amz-checksum-crc32', 'cbf43926'],
    ['x-amz-checksum-crc32c', 'e3069283'],
    ['x-amz-checksum-crc64nvme', 'ae8b14860a799888'],
  ])('%s of 123456789', async (name, hex) => {
    const value = Buffer.from(hex, 'hex').toString('base64');
    expect(await checkChecksum(Buffer.from('123456789'), { [name]: value })).toEqual([name, value]);
    await expect(checkChecksum(Buffer.from('12345678'), { [name]: value })).rejects.toThrow(
      AwsFailure,
    );
  });
});

describe('readers of the wire', () => {
  it('XML: text comes back as it went in', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const clean = text.replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\r]/g, '');
        expect(textOf(renderXml({ Key: clean }), 'Key')).toBe(clean);
      }),
    );
    expect(elementsOf('<a><Tag>1</Tag><Tag/></a>', 'Tag')).toEqual(['1', '']);
  });

  it('query strings: URLSearchParams writes, we read', () => {
    const pairs = fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string()), { maxLength: 6 });
    fc.assert(
      fc.property(pairs, (given) => {
        expect(parseQuery(new URLSearchParams(given).toString())).toEqual(given);
      }),
    );
  });

  it('tokens: whatever comes is read or refused', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String()), (token) => {
        expect(() => readWebIdentityToken(token)).toThrow(AwsFailure);
      }),
      { numRuns: 300 },
    );
  });
});

describe('permissions', () => {
  const policy = (...statements: object[]): string => JSON.stringify({ Statement: statements });
  const ask = (document: string, context: Record<string, string> = {}): string =>
    evaluatePolicy(document, { action: 's3:PutObject', resource: 'arn:aws:s3:::b/k', context });
  const allow = { Effect: 'Allow', Action: 's3:*', Resource: '*' };

  it.each<readonly [string, object[], Record<string, string>, string]>([
    ['nothing said', [], {}, 'implicit-deny'],
    ['an Allow', [allow], {}, 'allow'],
    ['a Deny beats it', [allow, { ...allow, Effect: 'Deny' }], {}, 'explicit-deny'],
    ['actions are compared without case', [{ ...allow, Action: 'S3:putobject' }], {}, 'allow'],
    ['resources with it', [{ ...allow, Resource: 'arn:aws:s3:::B/*' }], {}, 'implicit-deny'],
    ['NotAction', [{ Effect: 'Allow', NotAction: 's3:Get*', Resource: '*' }], {}, 'allow'],
    [
      'NotResource',
      [{ Effect: 'Allow', Action: '*', NotResource: 'arn:aws:s3:::b/*' }],
      {},
      'implicit-deny',
    ],
    [
      'a condition that holds',
      [{ ...allow, Condition: { StringLike: { 's3:prefix': 'a*' } } }],
      { 's3:prefix': 'ab' },
      'allow',
    ],
    [
      'a condition without its key',
      [{ ...allow, Condition: { StringEquals: { 's3:prefix': 'a' } } }],
      {},
      'implicit-deny',
    ],
    [
      '…IfExists without its key',
      [{ ...allow, Condition: { StringEqualsIfExists: { 's3:prefix': 'a' } } }],
      {},
      'allow',
    ],
    ['Null', [{ ...allow, Condition: { Null: { 's3:prefix': 'true' } } }], {}, 'allow'],
    [
      'an operator that is not known: an Allow does not apply',
      [{ ...allow, Condition: { NumericLessThan: { 's3:max-keys': '1' } } }],
      { 's3:max-keys': '0' },
      'implicit-deny',
    ],
    [
      'and a Deny does',
      [allow, { ...allow, Effect: 'Deny', Condition: { NumericLessThan: { 's3:max-keys': '1' } } }],
      { 's3:max-keys': '5' },
      'explicit-deny',
    ],
  ])('%s', (_, statements, context, verdict) => {
    expect(ask(policy(...statements), context)).toBe(verdict);
  });
});
