import { AwsFailure } from './aws-failure.js';
import { hmac, sha256Hex, toHex } from './bytes.js';
import { queryValue, type AwsRequest } from './exchange.js';
import type { AccessKeys } from './types.js';

/** What a verified signature says; chunk signatures continue from it. */
export interface VerifiedSignature {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
  /** `x-amz-content-sha256`, or the SHA-256 of the body where the header is absent. */
  readonly payloadHash: string;
  readonly signature: string;
  readonly signingKey: Uint8Array;
  readonly amzDate: string;
  readonly scope: string;
}

/** The parts of an `Authorization` header or of a presigned query. */
interface SignatureParts {
  readonly accessKeyId: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly amzDate: string;
  readonly sessionToken: string | undefined;
  /** Seconds; presigned requests only. */
  readonly expires: number | undefined;
}

const maxSkewMs = 15 * 60_000;

/** Whether the request claims a signature; what does not is anonymous. */
export function isSigned(request: AwsRequest): boolean {
  return (
    request.headers['authorization'] !== undefined ||
    queryValue(request, 'X-Amz-Signature') !== undefined
  );
}

/** The service that the signature is made for; undefined for anonymous requests. */
export function signedService(request: AwsRequest): string | undefined {
  return isSigned(request) ? readParts(request)?.service : undefined;
}

/**
 * Verifies a request's AWS Signature Version 4, in its header or presigned in its query.
 *
 * @see {@link https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html | AWS: create a signed request}
 */
export async function verifySignatureV4(options: {
  readonly request: AwsRequest;
  readonly findKeys: (accessKeyId: string) => (AccessKeys & { expiration?: Date }) | undefined;
  readonly now: Date;
}): Promise<VerifiedSignature> {
  const { request, findKeys, now } = options;
  const parts = readParts(request);
  const s3 = parts?.service === 's3';
  if (parts === undefined) {
    throw new AwsFailure(
      'IncompleteSignature',
      'The request signature does not conform to AWS standards.',
      400,
    );
  }
  const keys = findKeys(parts.accessKeyId);
  if (keys === undefined) {
    throw s3
      ? new AwsFailure(
          'InvalidAccessKeyId',
          'The AWS Access Key Id you provided does not exist in our records.',
          403,
        )
      : new AwsFailure(
          'InvalidClientTokenId',
          'The security token included in the request is invalid.',
          403,
        );
  }
  if (keys.sessionToken !== parts.sessionToken) {
    throw s3
      ? new AwsFailure('InvalidToken', 'The provided token is malformed or otherwise invalid.', 400)
      : new AwsFailure(
          'InvalidClientTokenId',
          'The security token included in the request is invalid',
          403,
        );
  }
  checkTime(parts, now, s3);
  const payloadHash =
    request.headers['x-amz-content-sha256'] ??
    (parts.expires === undefined ? await sha256Hex(request.body) : 'UNSIGNED-PAYLOAD');
  const scope = `${parts.date}/${parts.region}/${parts.service}/aws4_request`;
  const canonical = canonicalRequest(request, parts, payloadHash);
  const stringToSign = `AWS4-HMAC-SHA256\n${parts.amzDate}\n${scope}\n${await sha256Hex(canonical)}`;
  let signingKey: Uint8Array = await hmac(`AWS4${keys.secretAccessKey}`, parts.date);
  for (const part of [parts.region, parts.service, 'aws4_request']) {
    signingKey = await hmac(signingKey, part);
  }
  if (toHex(await hmac(signingKey, stringToSign)) !== parts.signature) {
    throw new AwsFailure(
      'SignatureDoesNotMatch',
      s3
        ? 'The request signature we calculated does not match the signature you provided. Check your key and signing method.'
        : 'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.',
      403,
    );
  }
  if (keys.expiration !== undefined && keys.expiration <= now) {
    throw s3
      ? new AwsFailure('ExpiredToken', 'The provided token has expired.', 400)
      : new AwsFailure(
          'ExpiredToken',
          'The security token included in the request is expired',
          403,
        );
  }
  if (/^[0-9a-f]{64}$/.test(payloadHash) && payloadHash !== (await sha256Hex(request.body))) {
    throw new AwsFailure(
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
      400,
    );
  }
  return {
    accessKeyId: parts.accessKeyId,
    region: parts.region,
    service: parts.service,
    payloadHash,
    signature: parts.signature,
    signingKey,
    amzDate: parts.amzDate,
    scope,
  };
}

function readParts(request: AwsRequest): SignatureParts | undefined {
  const header = request.headers['authorization'];
  const value = (name: string): string | undefined => queryValue(request, name);
  const credential =
    header === undefined ? value('X-Amz-Credential') : /Credential=([^,\s]+)/.exec(header)?.[1];
  const signedHeaders =
    header === undefined
      ? value('X-Amz-SignedHeaders')
      : /SignedHeaders=([^,\s]+)/.exec(header)?.[1];
  const signature =
    header === undefined ? value('X-Amz-Signature') : /Signature=([0-9a-f]+)/.exec(header)?.[1];
  const algorithm = header === undefined ? value('X-Amz-Algorithm') : header.split(' ')[0];
  const amzDate = header === undefined ? value('X-Amz-Date') : request.headers['x-amz-date'];
  const scope = credential?.split('/') ?? [];
  const [accessKeyId, date, region, service, end] = scope.slice(-5);
  if (
    algorithm !== 'AWS4-HMAC-SHA256' ||
    end !== 'aws4_request' ||
    accessKeyId === undefined ||
    date === undefined ||
    region === undefined ||
    service === undefined ||
    signedHeaders === undefined ||
    signature === undefined ||
    amzDate === undefined
  ) {
    return undefined;
  }
  const expires = value('X-Amz-Expires');
  return {
    accessKeyId,
    date,
    region,
    service,
    signature,
    amzDate,
    signedHeaders: signedHeaders.split(';'),
    sessionToken:
      header === undefined
        ? value('X-Amz-Security-Token')
        : request.headers['x-amz-security-token'],
    expires: header === undefined ? Number(expires ?? 'NaN') : undefined,
  };
}

function checkTime(parts: SignatureParts, now: Date, s3: boolean): void {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(parts.amzDate) ?? [];
  const signedAt = Date.parse(
    `${String(year)}-${String(month)}-${String(day)}T${String(hour)}:${String(minute)}:${String(second)}Z`,
  );
  if (Number.isNaN(signedAt) || !parts.amzDate.startsWith(parts.date)) {
    throw new AwsFailure(
      'IncompleteSignature',
      "Date must be in ISO-8601 'basic format' and match the credential scope.",
      400,
    );
  }
  if (parts.expires !== undefined && Number.isFinite(parts.expires)) {
    if (now.getTime() > signedAt + parts.expires * 1000)
      throw new AwsFailure('AccessDenied', 'Request has expired', 403);
    return;
  }
  if (Math.abs(now.getTime() - signedAt) > maxSkewMs) {
    throw s3
      ? new AwsFailure(
          'RequestTimeTooSkewed',
          'The difference between the request time and the current time is too large.',
          403,
        )
      : new AwsFailure(
          'SignatureDoesNotMatch',
          `Signature expired: ${parts.amzDate} is now earlier than ${basicTime(now.getTime() - maxSkewMs)} (${basicTime(now.getTime())} - 15 min.)`,
          403,
        );
  }
}

const basicTime = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');

function canonicalRequest(request: AwsRequest, parts: SignatureParts, payloadHash: string): string {
  const encode = (text: string): string =>
    encodeURIComponent(text).replace(
      /[!'()*]/g,
      (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
    );
  // S3 signs the path as sent; the other services encode it once more.
  const path =
    parts.service === 's3' ? request.path : request.path.split('/').map(encode).join('/');
  const query = request.query
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => (a === b ? compare(x, y) : compare(a, b)))
    .map((pair) => pair.join('='))
    .join('&');
  const headers = parts.signedHeaders
    .map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}\n`)
    .join('');
  return [request.method, path, query, headers, parts.signedHeaders.join(';'), payloadHash].join(
    '\n',
  );
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
