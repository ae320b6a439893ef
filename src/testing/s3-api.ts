import { allBlocked, type Bucket } from './account.js';
import { authorizeS3 } from './authorize-s3.js';
import { AwsFailure } from './aws-failure.js';
import type { AwsReply, AwsRequest } from './exchange.js';
import { bucketOperations } from './s3-buckets.js';
import { objectOperations } from './s3-objects.js';
import type { S3Call, S3Operation } from './s3-operation.js';

const operations: readonly S3Operation[] = [...bucketOperations, ...objectOperations];

/** Bucket and key from the path or, virtual-hosted, from the Host header. */
export function s3Address(request: AwsRequest): { bucketName: string; key: string } {
  const host = (request.headers['host'] ?? '').replace(/:\d+$/, '');
  const virtual =
    /^(.+)\.(?:s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?|s3\.[\w-]+\.[\w.-]+|localhost)$/.exec(
      host,
    )?.[1];
  const path = decodePath(request.path.slice(1));
  if (virtual !== undefined) return { bucketName: virtual, key: path };
  const slash = path.indexOf('/');
  return slash === -1
    ? { bucketName: path, key: '' }
    : { bucketName: path.slice(0, slash), key: path.slice(slash + 1) };
}

const decodePath = (path: string): string => {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new AwsFailure('InvalidURI', "Couldn't parse the specified URI.", 400);
  }
};

/** The operation that a request means; undefined where the local S3 does not have it. */
export function s3Operation(request: AwsRequest): S3Operation | undefined {
  const { key } = s3Address(request);
  return operations.find((operation) => operation.matches({ request, key }));
}

/** Answers an S3 call. */
export async function handleS3(call: S3Call): Promise<AwsReply> {
  const { account, caller, bucketName, key, request } = call;
  const operation = operations.find((one) => one.matches(call));
  if (operation === undefined) {
    throw new AwsFailure(
      'NotImplemented',
      'A header or query you provided implies functionality that is not implemented.',
      501,
    );
  }
  const bucket = account.buckets.get(bucketName);
  const prefix = operation.operation.startsWith('ListObjects')
    ? request.query.find(([name]) => name === 'prefix')?.[1]
    : undefined;
  const address = key === '' ? bucketName : `${bucketName}/${key}`;
  for (const resource of operation.resources?.(call) ?? [address]) {
    authorizeS3(account, caller, {
      action: operation.action,
      bucket,
      resource,
      context: prefix === undefined ? {} : { 's3:prefix': prefix },
    });
  }
  const owner = request.headers['x-amz-expected-bucket-owner'];
  if (owner !== undefined && owner !== account.accountId)
    throw new AwsFailure('AccessDenied', 'Access Denied', 403);
  if (bucket === undefined && operation.withoutBucket !== true) {
    throw new AwsFailure('NoSuchBucket', 'The specified bucket does not exist', 404);
  }
  return operation.run(call, bucket ?? newBucket(call));
}

/** A bucket as S3 makes it since April 2023. */
function newBucket(call: S3Call): Bucket {
  return {
    name: call.bucketName,
    region: call.signedRegion ?? call.account.region,
    createdAt: call.account.now(),
    objects: new Map(),
    policy: undefined,
    publicAccessBlock: allBlocked,
    ownership: 'BucketOwnerEnforced',
    tags: undefined,
  };
}
