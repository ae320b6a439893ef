import { isDeepStrictEqual } from 'node:util';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  type BucketLocationConstraint,
  type ObjectOwnership,
} from '@aws-sdk/client-s3';
import type { BucketPolicy, IssuerChange, IssuerObject } from 'irsa/iam';
import { orMissing, readAwsError } from './aws-error.js';
import { staleError } from './issuer-change-error.js';
import { ownershipMetadata, type BucketAddress } from './observe-bucket.js';
import type { AwsClients } from './types.js';

/** Everything that concerns the bucket. */
export type BucketChange = Extract<
  IssuerChange,
  { readonly kind: `${string}-bucket${string}` | `${string}-object` | 'set-public-access-block' }
>;

interface Place {
  readonly s3: AwsClients['s3'];
  readonly address: BucketAddress;
  readonly name: string;
}

const createBucket = async (s3: Place['s3'], bucket: string, region: string): Promise<void> => {
  try {
    await s3.send(
      new CreateBucketCommand({
        Bucket: bucket,
        ObjectOwnership: 'BucketOwnerEnforced',
        // us-east-1 is no location constraint: S3 refuses it by name.
        ...(region === 'us-east-1'
          ? {}
          : {
              CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint },
            }),
      }),
    );
  } catch (error) {
    // Another run was faster, or the answer to our own first attempt was lost.
    if (readAwsError(error).name !== 'BucketAlreadyOwnedByYou') throw error;
  }
};

/** Nobody must have changed the policy since it was observed: S3 itself has no such condition. */
const assertPolicyUnchanged = async (
  { s3, address }: Place,
  before: BucketPolicy | undefined,
): Promise<void> => {
  const found = await orMissing(s3.send(new GetBucketPolicyCommand(address)), 'NoSuchBucketPolicy');
  const present: unknown = found?.Policy === undefined ? undefined : JSON.parse(found.Policy);
  if (!isDeepStrictEqual(present, before)) throw staleError(`the policy of s3://${address.Bucket}`);
};

const isPublished = async (
  { s3, address, name }: Place,
  document: IssuerObject,
): Promise<boolean> => {
  const found = await orMissing(
    s3.send(new GetObjectCommand({ ...address, Key: document.path })),
    'NoSuchKey',
  );
  return (
    found?.Metadata?.[ownershipMetadata] === name &&
    found.ContentType === document.contentType &&
    found.CacheControl === document.cacheControl &&
    (await found.Body?.transformToString()) === document.body
  );
};

/**
 * Writes a document only over what was observed: S3 checks the condition in the same step, so that two runs, or a run and
 * somebody else's upload, cannot overwrite one another unseen.
 */
const putObject = async (
  { s3, address, name }: Place,
  document: IssuerObject,
  existed: boolean,
): Promise<void> => {
  const { path: Key, body, contentType, cacheControl, sha256 } = document;
  const head = existed
    ? await orMissing(s3.send(new HeadObjectCommand({ ...address, Key })), 'NotFound', 'NoSuchKey')
    : undefined;
  try {
    await s3.send(
      new PutObjectCommand({
        ...address,
        Key,
        Body: body,
        ContentType: contentType,
        CacheControl: cacheControl,
        Metadata: { [ownershipMetadata]: name },
        // S3 refuses a body that was damaged on its way.
        ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
        ...(head?.ETag === undefined ? { IfNoneMatch: '*' } : { IfMatch: head.ETag }),
      }),
    );
  } catch (error) {
    const { name: code, status } = readAwsError(error);
    if (code !== 'PreconditionFailed' && status !== 412) throw error;
    // The answer to our own first attempt may have been lost: then the document lies there as it should.
    if (!(await isPublished({ s3, address, name }, document)))
      throw staleError(`s3://${address.Bucket}/${Key}`);
  }
};

/** Makes one change to the bucket or in it. */
export async function applyBucketChange(change: BucketChange, place: Place): Promise<void> {
  const { s3, address } = place;
  switch (change.kind) {
    case 'create-bucket':
      if (change.after) await createBucket(s3, change.after.bucket, change.after.region);
      return;
    case 'tag-bucket': {
      const TagSet = Object.entries(change.after ?? {}).map(([Key, Value]) => ({ Key, Value }));
      await s3.send(new PutBucketTaggingCommand({ ...address, Tagging: { TagSet } }));
      return;
    }
    case 'set-bucket-ownership': {
      const rule = { ObjectOwnership: change.after as ObjectOwnership };
      await s3.send(
        new PutBucketOwnershipControlsCommand({ ...address, OwnershipControls: { Rules: [rule] } }),
      );
      return;
    }
    case 'set-public-access-block':
      await s3.send(
        new PutPublicAccessBlockCommand({
          ...address,
          PublicAccessBlockConfiguration: change.after,
        }),
      );
      return;
    case 'put-bucket-policy':
      await assertPolicyUnchanged(place, change.before);
      await s3.send(
        new PutBucketPolicyCommand({ ...address, Policy: JSON.stringify(change.after) }),
      );
      return;
    case 'delete-bucket-policy':
      await assertPolicyUnchanged(place, change.before);
      await s3.send(new DeleteBucketPolicyCommand(address));
      return;
    case 'put-object':
      if (change.after) await putObject(place, change.after, change.before !== undefined);
      return;
    case 'delete-object':
      await s3.send(new DeleteObjectCommand({ ...address, Key: change.before?.path }));
      return;
    case 'delete-bucket':
      await orMissing(s3.send(new DeleteBucketCommand(address)), 'NoSuchBucket');
  }
}
