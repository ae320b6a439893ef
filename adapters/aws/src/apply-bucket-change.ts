import { isDeepStrictEqual } from 'node:util';
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteBucketPolicyCommand,
  DeleteObjectCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  HeadObjectCommand,
  PutBucketOwnershipControlsCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  type BucketLocationConstraint,
  type HeadObjectCommandOutput,
  type ObjectOwnership,
} from '@aws-sdk/client-s3';
import type { PlanError } from 'irsa/errors';
import type { BucketPolicy, IssuerChange, IssuerObject, Tags } from 'irsa/iam';
import { isNotImplemented, orMissing, readAwsError } from './aws-error.js';
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

/** Nobody must have changed the policy since it was observed (S3 itself has no such condition), but to what it should be. */
const setPolicy = async (
  { s3, address }: Place,
  { before, after }: { readonly before?: BucketPolicy; readonly after?: BucketPolicy },
): Promise<void> => {
  const found = await orMissing(s3.send(new GetBucketPolicyCommand(address)), 'NoSuchBucketPolicy');
  const present: unknown = found?.Policy === undefined ? undefined : JSON.parse(found.Policy);
  if (isDeepStrictEqual(present, after)) return;
  if (!isDeepStrictEqual(present, before)) throw staleError(`the policy of s3://${address.Bucket}`);
  if (after === undefined) await s3.send(new DeleteBucketPolicyCommand(address));
  else await s3.send(new PutBucketPolicyCommand({ ...address, Policy: JSON.stringify(after) }));
};

/**
 * Tags say whose the bucket is, and are written as a whole: nobody must have tagged it since it was observed, as another
 * issuer's run does that made the same bucket.
 */
const tagBucket = async (
  { s3, address }: Place,
  before: Tags = {},
  after: Tags = {},
): Promise<void> => {
  const found = await orMissing(s3.send(new GetBucketTaggingCommand(address)), 'NoSuchTagSet');
  const present = Object.fromEntries(
    (found?.TagSet ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? '']),
  );
  if (isDeepStrictEqual(present, { ...after })) return;
  if (!isDeepStrictEqual(present, { ...before }))
    throw staleError(`the tags of s3://${address.Bucket}`);
  const TagSet = Object.entries(after).map(([Key, Value]) => ({ Key, Value }));
  await s3.send(new PutBucketTaggingCommand({ ...address, Tagging: { TagSet } }));
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

/** The object as it is now, without its body; undefined when there is none. */
const headObject = async (
  { s3, address }: Place,
  Key: string,
): Promise<HeadObjectCommandOutput | undefined> =>
  orMissing(s3.send(new HeadObjectCommand({ ...address, Key })), 'NotFound', 'NoSuchKey');

const noConditions =
  'the server answered NotImplemented to a condition: sent without it, right after a look';

/** Refusals that mean: the object is not the one that was observed. */
const conditionFailed = new Set(['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey']);

/**
 * Writes a document only over what was observed: S3 checks the condition in the same step, so that two runs, or a run and
 * somebody else's upload, cannot overwrite one another unseen.
 */
const putObject = async (
  place: Place,
  document: IssuerObject,
  observed: { readonly etag?: string } | undefined,
): Promise<string | undefined> => {
  const { s3, address, name } = place;
  const { path: Key, body, contentType, cacheControl, sha256 } = document;
  const stale = (): PlanError => staleError(`s3://${address.Bucket}/${Key}`);
  const put = async (condition: { IfMatch?: string; IfNoneMatch?: string }): Promise<unknown> =>
    s3.send(
      new PutObjectCommand({
        ...address,
        Key,
        Body: body,
        ContentType: contentType,
        CacheControl: cacheControl,
        Metadata: { [ownershipMetadata]: name },
        // S3 refuses a body that was damaged on its way.
        ChecksumSHA256: Buffer.from(sha256, 'hex').toString('base64'),
        ...condition,
      }),
    );
  // A plan of somebody else's making may know no version: then the present one is meant.
  const etag = observed && (observed.etag ?? (await headObject(place, Key))?.ETag);
  try {
    await put(etag === undefined ? { IfNoneMatch: '*' } : { IfMatch: etag });
    return undefined;
  } catch (error) {
    if (isNotImplemented(error)) {
      if ((await headObject(place, Key))?.ETag !== etag) throw stale();
      await put({});
      return noConditions;
    }
    const { name: code, status } = readAwsError(error);
    if (!conditionFailed.has(code) && status !== 412) throw error;
    // The answer to our own first attempt may have been lost: then the document lies there as it should.
    if (!(await isPublished(place, document))) throw stale();
    return undefined;
  }
};

/** Deletes a document only while it is the one that was observed. */
const deleteObject = async (
  place: Place,
  Key: string,
  etag: string | undefined,
): Promise<string | undefined> => {
  const { s3, address, name } = place;
  const head = await headObject(place, Key);
  if (head === undefined) return undefined;
  if (head.Metadata?.[ownershipMetadata] !== name || (etag !== undefined && head.ETag !== etag))
    throw staleError(`s3://${address.Bucket}/${Key}`);
  try {
    await s3.send(new DeleteObjectCommand({ ...address, Key, IfMatch: head.ETag }));
    return undefined;
  } catch (error) {
    if (!isNotImplemented(error)) throw error;
    await s3.send(new DeleteObjectCommand({ ...address, Key }));
    return noConditions;
  }
};

/** Makes one change to the bucket or in it; answers what had to be left out of it. */
export async function applyBucketChange(
  change: BucketChange,
  place: Place,
): Promise<string | undefined> {
  const { s3, address } = place;
  switch (change.kind) {
    case 'create-bucket':
      if (change.after) await createBucket(s3, change.after.bucket, change.after.region);
      return undefined;
    case 'tag-bucket':
      await tagBucket(place, change.before, change.after);
      return undefined;
    case 'set-bucket-ownership': {
      const rule = { ObjectOwnership: change.after as ObjectOwnership };
      await s3.send(
        new PutBucketOwnershipControlsCommand({ ...address, OwnershipControls: { Rules: [rule] } }),
      );
      return undefined;
    }
    case 'set-public-access-block':
      await s3.send(
        new PutPublicAccessBlockCommand({
          ...address,
          PublicAccessBlockConfiguration: change.after,
        }),
      );
      return undefined;
    case 'put-bucket-policy':
    case 'delete-bucket-policy':
      await setPolicy(place, change);
      return undefined;
    case 'put-object':
      return change.after && putObject(place, change.after, change.before);
    case 'delete-object':
      return change.before && deleteObject(place, change.before.path, change.before.etag);
    case 'delete-bucket':
      await orMissing(s3.send(new DeleteBucketCommand(address)), 'NoSuchBucket');
      return undefined;
  }
}
