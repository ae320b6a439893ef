import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import {
  GetBucketOwnershipControlsCommand,
  GetBucketPolicyCommand,
  GetBucketTaggingCommand,
  GetObjectCommand,
  GetPublicAccessBlockCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
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
  readonly paths: readonly string[];
}

/** The keys in the bucket; of a large bucket the first thousand and some. */
const listKeys = async ({ s3, address }: Inspection): Promise<string[]> => {
  const keys: string[] = [];
  let ContinuationToken: string | undefined;
  do {
    const page = await s3.send(new ListObjectsV2Command({ ...address, ContinuationToken }));
    keys.push(...(page.Contents ?? []).map(({ Key }) => Key ?? ''));
    ContinuationToken = page.IsTruncated === true ? page.NextContinuationToken : undefined;
  } while (ContinuationToken !== undefined && keys.length <= maxInspectedObjects);
  return keys;
};

const observeObject = async (
  { s3, address, name }: Inspection,
  key: string,
): Promise<ObservedObject | undefined> => {
  const answer = await orMissing(
    s3.send(new GetObjectCommand({ ...address, Key: key })),
    'NoSuchKey',
  );
  // Gone between listing and reading: another run deletes it.
  if (answer === undefined) return undefined;
  const small = (answer.ContentLength ?? 0) <= maxDocumentBytes;
  const bytes = small ? await answer.Body?.transformToByteArray() : undefined;
  if (!small) (answer.Body as Readable | undefined)?.destroy();
  return {
    path: key,
    owned: answer.Metadata?.[ownershipMetadata] === name,
    ...(answer.ETag === undefined ? {} : { etag: answer.ETag }),
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
  const { paths } = inspection;
  const listed = await listKeys(inspection);
  const looked = listed.length <= maxInspectedObjects ? listed : [...paths];
  const objects = listed
    .filter((key) => !looked.includes(key))
    .map((path): ObservedObject => ({ path, owned: false }));
  for (let start = 0; start < looked.length; start += 8) {
    const batch = looked.slice(start, start + 8).map((key) => observeObject(inspection, key));
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
    // The bucket is in another region; HEAD answers no more than that (regions of later years with 400).
    const region = headers['x-amz-bucket-region'];
    if ((status === 301 || status === 400) && region !== undefined) return { region };
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
    observeObjects({ s3, address, name, paths: options.paths }),
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
