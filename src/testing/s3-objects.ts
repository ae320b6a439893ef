import type { Bucket, StoredObject } from './account.js';
import { AwsFailure } from './aws-failure.js';
import { textOfBytes } from './bytes.js';
import { checkChecksum } from './checksums.js';
import { queryValue, type AwsReply, type AwsRequest } from './exchange.js';
import type { S3Call, S3Operation } from './s3-operation.js';
import { s3Xml } from './s3-buckets.js';
import { elementsOf, textOf, type XmlNode } from './xml.js';

const keptHeaders = [
  'content-type',
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'expires',
];

const on =
  (method: string): S3Operation['matches'] =>
  ({ request, key }) =>
    key !== '' &&
    request.method === method &&
    !request.query.some(([name]) =>
      ['acl', 'tagging', 'uploads', 'uploadId', 'torrent', 'retention'].includes(name),
    );

const noSuchKey = (): AwsFailure =>
  new AwsFailure('NoSuchKey', 'The specified key does not exist.', 404);

const putObject: S3Operation['run'] = async (call, bucket) => {
  const { account, body, fields, key, request } = call;
  const acl = request.headers['x-amz-acl'];
  if (
    acl !== undefined &&
    acl !== 'bucket-owner-full-control' &&
    bucket.ownership === 'BucketOwnerEnforced'
  ) {
    throw new AwsFailure('AccessControlListNotSupported', 'The bucket does not allow ACLs', 400);
  }
  checkContentMd5(call);
  const checksum = await checkChecksum(body, fields);
  // From here on nothing waits: two requests at once must not both find their condition met.
  const old = bucket.objects.get(key);
  const precondition = new AwsFailure(
    'PreconditionFailed',
    'At least one of the pre-conditions you specified did not hold',
    412,
  );
  if (request.headers['if-none-match'] === '*' && old !== undefined) throw precondition;
  const ifMatch = request.headers['if-match'];
  if (ifMatch !== undefined) {
    if (old === undefined) throw noSuchKey();
    if (ifMatch !== old.etag) throw precondition;
  }
  const stored: StoredObject = {
    body,
    etag: `"${account.md5(body)}"`,
    lastModified: account.now(),
    headers: storedHeaders(request),
    ...(checksum === undefined ? {} : { checksum }),
  };
  bucket.objects.set(key, stored);
  return {
    status: 200,
    headers: {
      etag: stored.etag,
      ...(checksum === undefined ? {} : { [checksum[0]]: checksum[1] }),
    },
  };
};

function checkContentMd5({ account, body, request }: S3Call): void {
  const claimed = request.headers['content-md5'];
  if (claimed === undefined) return;
  const hex = account.md5(body);
  const binary = (hex.match(/../g) ?? [])
    .map((pair) => String.fromCharCode(Number.parseInt(pair, 16)))
    .join('');
  if (btoa(binary) !== claimed) {
    throw new AwsFailure(
      'BadDigest',
      'The Content-MD5 you specified did not match what we received.',
      400,
    );
  }
}

function storedHeaders({ headers }: AwsRequest): Record<string, string> {
  const kept = Object.entries(headers).filter(
    ([name]) => keptHeaders.includes(name) || name.startsWith('x-amz-meta-'),
  );
  const stored = Object.fromEntries(kept);
  const encoding = stored['content-encoding']
    ?.split(',')
    .map((part) => part.trim())
    .filter((part) => part !== 'aws-chunked' && part !== '')
    .join(',');
  delete stored['content-encoding'];
  return {
    'content-type': 'binary/octet-stream',
    ...stored,
    ...(encoding === undefined || encoding === '' ? {} : { 'content-encoding': encoding }),
  };
}

const readObject = ({ request, key }: S3Call, bucket: Bucket): AwsReply => {
  const object = bucket.objects.get(key);
  if (object === undefined) throw noSuchKey();
  const headers = {
    ...object.headers,
    etag: object.etag,
    'last-modified': object.lastModified.toUTCString(),
    'accept-ranges': 'bytes',
    ...(request.headers['x-amz-checksum-mode'] === 'ENABLED' &&
    object.checksum !== undefined &&
    request.headers['range'] === undefined
      ? { [object.checksum[0]]: object.checksum[1] }
      : {}),
  };
  if (request.headers['if-none-match'] === object.etag)
    return { status: 304, headers: { etag: object.etag } };
  const ifMatch = request.headers['if-match'];
  if (ifMatch !== undefined && ifMatch !== object.etag) {
    throw new AwsFailure(
      'PreconditionFailed',
      'At least one of the pre-conditions you specified did not hold',
      412,
    );
  }
  return rangeOf(request.headers['range'], object.body, headers);
};

function rangeOf(
  range: string | undefined,
  body: Uint8Array,
  headers: Readonly<Record<string, string>>,
): AwsReply {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(range ?? '') ?? [];
  if (first === undefined || (first === '' && last === '')) return { status: 200, headers, body };
  const from = first === '' ? Math.max(0, body.length - Number(last)) : Number(first);
  const to =
    first === '' || last === '' || last === undefined
      ? body.length
      : Math.min(body.length, Number(last) + 1);
  if (from >= to)
    throw new AwsFailure('InvalidRange', 'The requested range is not satisfiable', 416);
  return {
    status: 206,
    headers: {
      ...headers,
      'content-range': `bytes ${String(from)}-${String(to - 1)}/${String(body.length)}`,
    },
    body: body.subarray(from, to),
  };
}

/** What a listing shows: keys, and prefixes that stand for several keys. */
interface Listing {
  readonly contents: readonly (readonly [string, StoredObject])[];
  readonly prefixes: readonly string[];
  /** The last key or prefix of a cut listing. */
  readonly next: string | undefined;
}

function list(
  bucket: Bucket,
  options: { prefix: string; delimiter: string; after: string; maxKeys: number },
): Listing {
  const { prefix, delimiter, after, maxKeys } = options;
  const contents: (readonly [string, StoredObject])[] = [];
  const prefixes: string[] = [];
  let last: string | undefined;
  // S3 orders by UTF-8 bytes; code units differ from it only beyond the BMP.
  for (const key of [...bucket.objects.keys()].filter((name) => name.startsWith(prefix)).sort()) {
    const cut = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    const shown = cut === -1 ? key : key.slice(0, cut + delimiter.length);
    if (shown <= after || prefixes.at(-1) === shown) continue;
    if (contents.length + prefixes.length >= maxKeys) return { contents, prefixes, next: last };
    const object = bucket.objects.get(key);
    if (cut !== -1) prefixes.push(shown);
    else if (object !== undefined) contents.push([key, object]);
    last = shown;
  }
  return { contents, prefixes, next: undefined };
}

const listObjects =
  (version: 1 | 2): S3Operation['run'] =>
  ({ request }, bucket) => {
    const value = (name: string): string => queryValue(request, name) ?? '';
    const encode = (text: string): string =>
      value('encoding-type') === 'url' ? encodeURIComponent(text).replaceAll('%2F', '/') : text;
    const maxKeys = Math.min(Number(queryValue(request, 'max-keys') ?? 1000), 1000);
    const token = value('continuation-token');
    const after =
      version === 1
        ? value('marker')
        : token === ''
          ? value('start-after')
          : decodeURIComponent(token);
    const { contents, prefixes, next } = list(bucket, {
      prefix: value('prefix'),
      delimiter: value('delimiter'),
      after,
      maxKeys,
    });
    const paging: XmlNode =
      version === 1
        ? {
            Marker: encode(value('marker')),
            NextMarker: next === undefined || value('delimiter') === '' ? undefined : encode(next),
          }
        : {
            KeyCount: contents.length + prefixes.length,
            ContinuationToken: token === '' ? undefined : token,
            NextContinuationToken: next === undefined ? undefined : encodeURIComponent(next),
            StartAfter: queryValue(request, 'start-after'),
          };
    return s3Xml('ListBucketResult', {
      Name: bucket.name,
      Prefix: encode(value('prefix')),
      Delimiter: value('delimiter') === '' ? undefined : encode(value('delimiter')),
      MaxKeys: maxKeys,
      EncodingType: queryValue(request, 'encoding-type'),
      IsTruncated: next !== undefined,
      ...(paging as Record<string, XmlNode>),
      Contents: contents.map(([key, { body, etag, lastModified }]) => ({
        Key: encode(key),
        LastModified: lastModified.toISOString(),
        ETag: etag,
        Size: body.length,
        StorageClass: 'STANDARD',
      })),
      CommonPrefixes: prefixes.map((prefix) => ({ Prefix: encode(prefix) })),
    });
  };

const keysToDelete = (body: Uint8Array): string[] =>
  elementsOf(textOfBytes(body), 'Object').map((object) => textOf(object, 'Key') ?? '');

const deleteObjects: S3Operation['run'] = ({ body }, bucket) => {
  const xml = textOfBytes(body);
  const keys = keysToDelete(body);
  for (const key of keys) bucket.objects.delete(key);
  return s3Xml(
    'DeleteResult',
    textOf(xml, 'Quiet') === 'true' ? '' : { Deleted: keys.map((Key) => ({ Key })) },
  );
};

const onBucket =
  (method: string, wanted: (request: AwsRequest) => boolean): S3Operation['matches'] =>
  ({ request, key }) =>
    key === '' && request.path !== '/' && request.method === method && wanted(request);

const plainListing = (request: AwsRequest): boolean =>
  request.query.every(
    ([name]) =>
      [
        'list-type',
        'prefix',
        'delimiter',
        'marker',
        'max-keys',
        'encoding-type',
        'continuation-token',
        'start-after',
        'fetch-owner',
        'x-id',
      ].includes(name) || name.startsWith('X-Amz-'),
  );

/** What can be asked of objects, and listings of them. */
export const objectOperations: readonly S3Operation[] = [
  {
    operation: 'ListObjectsV2',
    action: 's3:ListBucket',
    matches: onBucket(
      'GET',
      (request) => plainListing(request) && queryValue(request, 'list-type') === '2',
    ),
    run: listObjects(2),
  },
  {
    operation: 'ListObjects',
    action: 's3:ListBucket',
    matches: onBucket('GET', plainListing),
    run: listObjects(1),
  },
  {
    operation: 'DeleteObjects',
    action: 's3:DeleteObject',
    matches: onBucket('POST', (request) => queryValue(request, 'delete') !== undefined),
    resources: ({ body, bucketName }) => keysToDelete(body).map((key) => `${bucketName}/${key}`),
    run: deleteObjects,
  },
  { operation: 'PutObject', action: 's3:PutObject', matches: on('PUT'), run: putObject },
  { operation: 'GetObject', action: 's3:GetObject', matches: on('GET'), run: readObject },
  { operation: 'HeadObject', action: 's3:GetObject', matches: on('HEAD'), run: readObject },
  {
    operation: 'DeleteObject',
    action: 's3:DeleteObject',
    matches: on('DELETE'),
    run: ({ key }, bucket) => {
      bucket.objects.delete(key);
      return { status: 204 };
    },
  },
];
