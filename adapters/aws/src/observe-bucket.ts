import { createHash } from 'node:crypto';
import {
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  type GetObjectCommandOutput,
} from '@aws-sdk/client-s3';
import type { BucketFeature, BucketPolicy, ObservedBucket, ObservedObject } from 'irsa/iam';
import { isNotImplemented, orMissing, readAwsError } from './aws-error.js';
import type { AwsClients } from './types.js';

/** User metadata that says for which issuer we wrote an object. */
export const ownershipMetadata = 'irsa-issuer';

/** A document of an issuer is small; anything larger is not ours, and is not read. */
const maxDocumentBytes = 262_144;
/** In a bucket with more objects than this only the places of documents are looked at. */
const maxInspectedObjects = 1000;

/** The bucket and who must own it. */
export interface BucketAddress {
  readonly Bucket: string;
  readonly ExpectedBucketOwner?: string;
}

interface Inspection {
  readonly s3: AwsClients['s3'];
  readonly address: BucketAddress;
  readonly name: string;
  readonly paths: ReadonlySet<string>;
}

interface Listed {
  readonly key: string;
  readonly size: number;
}

const listObjects = async ({ s3, address }: Inspection): Promise<Listed[]> => {
  const listed: Listed[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ ...address, ContinuationToken }));
    for (const { Key, Size } of page.Contents ?? [])
      listed.push({ key: Key ?? '', size: Size ?? 0 });
    ContinuationToken = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (ContinuationToken !== undefined);
  return listed;
};

const observeObject = async (
  { s3, address, name }: Inspection,
  { key, size }: Listed,
): Promise<ObservedObject | undefined> => {
  const small = size <= maxDocumentBytes;
  const request = { ...address, Key: key };
  const answer = await orMissing<Partial<GetObjectCommandOutput>>(
    small ? s3.send(new GetObjectCommand(request)) : s3.send(new HeadObjectCommand(request)),
    'NoSuchKey',
    'NotFound',
  );
  // Gone between listing and reading: another run deletes it.
  if (answer === undefined) return undefined;
  const bytes = small ? await answer.Body?.transformToByteArray() : undefined;
  return {
    path: key,
    owned: answer.Metadata?.[ownershipMetadata] === name,
    ...(answer.ContentType === undefined ? {} : { contentType: answer.ContentType }),
    ...(answer.CacheControl === undefined ? {} : { cacheControl: answer.CacheControl }),
    ...(bytes === undefined
      ? {}
      : {
          sha256: createHash('sha256').update(bytes).digest('hex'),
          body: Buffer.from(bytes).toString('utf8'),
        }),
  };
};

const observeObjects = async (inspection: Inspection): Promise<ObservedObject[]> => {
  const listed = await listObjects(inspection);
  const few = listed.length <= maxInspectedObjects;
  const objects: ObservedObject[] = [];
  for (let start = 0; start < listed.length; start += 8) {
    const batch = listed
      .slice(start, start + 8)
      .map(async (object) =>
        few || inspection.paths.has(object.key)
          ? observeObject(inspection, object)
          : { path: object.key, owned: false },
      );
    for (const object of await Promise.all(batch)) if (object !== undefined) objects.push(object);
  }
  return objects;
};

const headBucket = async (
  s3: AwsClients['s3'],
  address: BucketAddress,
): Promise<{ readonly region?: string } | 'foreign' | undefined> => {
  try {
    const { BucketRegion } = await s3.send(new HeadBucketCommand(address));
    return BucketRegion === undefined ? {} : { region: BucketRegion };
  } catch (error) {
    const { status, headers } = readAwsError(error);
    if (status === 404) return undefined;
    if (status === 403) return 'foreign';
    // The bucket is in another region; HEAD answers no more than that.
    const region = headers['x-amz-bucket-region'];
    if (status === 301 && region !== undefined) return { region };
    throw error;
  }
};

const policyOf = (text: string | undefined): BucketPolicy | undefined =>
  text === undefined ? undefined : (JSON.parse(text) as BucketPolicy);

/** The bucket as it is; undefined when it does not exist. */
export async function observeBucket(
  s3: AwsClients['s3'],
  options: {
    readonly address: BucketAddress;
    readonly region: string;
    readonly name: string;
    readonly paths: readonly string[];
  },
): Promise<ObservedBucket | undefined> {
  const { address, name } = options;
  const head = await headBucket(s3, address);
  if (head === undefined) return undefined;
  if (head === 'foreign') return { ownedByAccount: false, tags: {}, objects: [] };
  if (head.region !== undefined && head.region !== options.region) {
    return { ownedByAccount: true, region: head.region, tags: {}, objects: [] };
  }
  const unsupported: BucketFeature[] = [];
  const ask = async <T>(
    feature: BucketFeature,
    missing: string,
    request: Promise<T>,
  ): Promise<T | undefined> => {
    try {
      return await orMissing(request, missing);
    } catch (error) {
      if (!isNotImplemented(error)) throw error;
      unsupported.push(feature);
      return undefined;
    }
  };
  const [tagging, ownership, block, policy, objects] = await Promise.all([
    ask('tags', 'NoSuchTagSet', s3.send(new GetBucketTaggingCommand(address))),
    ask(
      'ownership',
      'OwnershipControlsNotFoundError',
      s3.send(new GetBucketOwnershipControlsCommand(address)),
    ),
    ask(
      'public-access-block',
      'NoSuchPublicAccessBlockConfiguration',
      s3.send(new GetPublicAccessBlockCommand(address)),
    ),
    ask('policy', 'NoSuchBucketPolicy', s3.send(new GetBucketPolicyCommand(address))),
    observeObjects({ s3, address, name, paths: new Set(options.paths) }),
  ]);
  const rule = ownership?.OwnershipControls?.Rules?.[0]?.ObjectOwnership;
  const switches = block?.PublicAccessBlockConfiguration;
  const parsed = policyOf(policy?.Policy);
  return {
    ownedByAccount: true,
    ...head,
    tags: Object.fromEntries(
      (tagging?.TagSet ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? '']),
    ),
    ...(rule === undefined ? {} : { ownership: rule }),
    ...(switches === undefined
      ? {}
      : {
          publicAccessBlock: {
            BlockPublicAcls: switches.BlockPublicAcls ?? false,
            IgnorePublicAcls: switches.IgnorePublicAcls ?? false,
            BlockPublicPolicy: switches.BlockPublicPolicy ?? false,
            RestrictPublicBuckets: switches.RestrictPublicBuckets ?? false,
          },
        }),
    ...(parsed === undefined ? {} : { policy: parsed }),
    objects,
    unsupported: unsupported.sort(),
  };
}
