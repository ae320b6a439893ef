import { kidsOf } from './assert-keys-kept.js';
import {
  buildIssuerBucketPolicy,
  issuerStatementSid,
  type BucketPolicy,
  type BucketStatement,
} from './build-issuer-bucket-policy.js';
import { whyBucketIsLeft } from './check-teardown.js';
import { describeChange } from './describe-change.js';
import { issuerBucketSettings } from './issuer-bucket-settings.js';
import type {
  BucketFeature,
  IssuerChange,
  IssuerObject,
  IssuerTarget,
  ObservedBucket,
  ObservedObject,
} from './plan-types.js';
import { ownershipTag, planError, type ResolvedSpec } from './resolve-issuer-spec.js';
import { missingTags, sameValue } from './same-value.js';

type BucketTarget = Extract<IssuerTarget, { kind: 's3' }>;

const knows = (bucket: ObservedBucket | undefined, feature: BucketFeature): boolean =>
  !(bucket?.unsupported ?? []).includes(feature);

/** An empty bucket without tags and policy is what a run leaves that was killed between its first two steps. */
const isUntouched = ({ tags, objects, policy }: ObservedBucket): boolean =>
  Object.keys(tags).length === 0 && objects.length === 0 && policy === undefined;

const assertUsable = (bucket: ObservedBucket, target: BucketTarget, spec: ResolvedSpec): void => {
  const name = `s3://${target.bucket}`;
  if (!bucket.ownedByAccount) {
    throw planError(
      'target.bucket',
      `${name} belongs to another account, or may not be read (HeadBucket answered 403); choose another name, or mend the permissions, and never trust an issuer in a bucket of others`,
    );
  }
  if (bucket.region !== undefined && bucket.region !== target.region) {
    throw planError(
      'target.region',
      `${name} is in ${bucket.region}, expected ${target.region}; a bucket cannot move, correct the region`,
    );
  }
  const other = bucket.tags[ownershipTag];
  if (other !== undefined && other !== spec.name) {
    throw planError(
      'target.bucket',
      `${name} is the bucket of the issuer ${JSON.stringify(other)}; use a bucket of its own for ${JSON.stringify(spec.name)}`,
    );
  }
  if (other === undefined && knows(bucket, 'tags') && !spec.adopt && !isUntouched(bucket)) {
    throw planError(
      'target.bucket',
      `${name} exists without the tag ${ownershipTag}=${spec.name}, so it is not ours to change; set adopt to take it over`,
    );
  }
};

/** Bucket, tags and ownership: what must be before anything lies in it. */
export function planBucketBase(
  spec: ResolvedSpec,
  target: BucketTarget,
  bucket: ObservedBucket | undefined,
): IssuerChange[] {
  const name = `s3://${target.bucket}`;
  const changes: IssuerChange[] = [];
  if (bucket === undefined) {
    changes.push(
      describeChange('create-bucket', name, {
        reason: 'the bucket does not exist',
        after: { bucket: target.bucket, region: target.region },
      }),
    );
  } else {
    assertUsable(bucket, target, spec);
  }
  const tags = bucket?.tags ?? {};
  const missing = Object.keys(missingTags(tags, spec.tags));
  if (missing.length > 0 && knows(bucket, 'tags')) {
    changes.push(
      describeChange('tag-bucket', name, {
        reason: `tags are missing or different: ${missing.join(', ')}`,
        ...(bucket === undefined ? {} : { before: tags }),
        after: { ...tags, ...spec.tags },
      }),
    );
  }
  const { objectOwnership } = issuerBucketSettings(target.via);
  if (bucket?.ownership !== objectOwnership && knows(bucket, 'ownership')) {
    changes.push(
      describeChange('set-bucket-ownership', name, {
        reason: `object ownership is ${bucket?.ownership ?? 'not set'}: ACLs could bypass the policy`,
        ...(bucket?.ownership === undefined ? {} : { before: bucket.ownership }),
        after: objectOwnership,
      }),
    );
  }
  return changes;
}

/** An observed object as far as it is a document. */
const describeObject = (object: ObservedObject): Partial<IssuerObject> =>
  Object.fromEntries(Object.entries(object).filter(([field]) => field !== 'owned'));

/** The documents, the discovery document last. */
export function planObjects(
  spec: ResolvedSpec,
  target: BucketTarget,
  bucket: ObservedBucket | undefined,
): IssuerChange[] {
  const present = new Map((bucket?.objects ?? []).map((object) => [object.path, object]));
  return spec.documents.flatMap((document) => {
    const object = present.get(document.path);
    const reason = objectDrift(document, object);
    if (reason === undefined) return [];
    const name = `s3://${target.bucket}/${document.path}`;
    if (object !== undefined && !object.owned && !spec.adopt) {
      throw planError(
        'documents',
        `${name} was not published by us (${reason}); set adopt to replace it`,
      );
    }
    return [
      describeChange('put-object', name, {
        reason,
        ...(object === undefined ? {} : { before: describeObject(object) }),
        after: document,
      }),
    ];
  });
}

const objectDrift = (
  wanted: IssuerObject,
  object: ObservedObject | undefined,
): string | undefined => {
  if (object === undefined) return 'the document is not published';
  if (object.sha256 !== wanted.sha256 && object.body !== wanted.body) return 'the document differs';
  if (object.contentType !== wanted.contentType) {
    return `its content type is ${object.contentType ?? 'not set'}`;
  }
  if (object.cacheControl !== wanted.cacheControl) {
    return `its cache control is ${object.cacheControl ?? 'not set'}`;
  }
  return undefined;
};

const listText = (value: unknown): string[] =>
  (Array.isArray(value) ? (value as unknown[]) : [value]).map(String).sort();

/** S3 may answer a list of one as text, and '*' as { AWS: '*' }. */
const normalise = ({ Principal, Action, Resource, ...rest }: BucketStatement): unknown => ({
  ...rest,
  Principal: sameValue(Principal, { AWS: '*' }) ? '*' : Principal,
  Action: listText(Action),
  Resource: listText(Resource),
});

/**
 * What anyone may read: the documents, and each JWKS of ours that lies there still, because verifiers follow the
 * discovery document that they have cached (an hour) to the JWKS of then.
 */
const openPaths = (spec: ResolvedSpec, bucket: ObservedBucket | undefined): string[] => [
  ...spec.documents.map(({ path }) => path),
  ...(bucket?.objects ?? [])
    .filter(({ owned, body }) => owned && kidsOf(body) !== undefined)
    .map(({ path }) => path),
];

/** The bucket's policy with our statement as it should be, and all other statements as they are. */
export function planBucketPolicy(
  spec: ResolvedSpec,
  target: BucketTarget,
  facts: { readonly bucket: ObservedBucket | undefined; readonly distributionArn?: string },
): IssuerChange[] {
  const { bucket, distributionArn } = facts;
  if (spec.documents.length === 0 || !knows(bucket, 'policy')) return [];
  const wanted = buildIssuerBucketPolicy({
    bucket: target.bucket,
    paths: openPaths(spec, bucket),
    partition: spec.partition,
    via: distributionArn === undefined ? 'public' : { cloudFrontDistributionArn: distributionArn },
  });
  const present = bucket?.policy?.Statement ?? [];
  const ours = present.filter(({ Sid }) => Sid === issuerStatementSid);
  if (sameValue(ours.map(normalise), wanted.Statement.map(normalise))) return [];
  const foreign = present.filter(({ Sid }) => Sid !== issuerStatementSid);
  return [
    describeChange('put-bucket-policy', `s3://${target.bucket}`, {
      reason:
        ours.length === 0
          ? 'the policy does not let anyone read the documents'
          : 'the policy’s statement for the documents differs',
      ...(bucket?.policy === undefined ? {} : { before: bucket.policy }),
      after: { ...wanted, ...bucket?.policy, Statement: [...foreign, ...wanted.Statement] },
    }),
  ];
}

/** Block Public Access as it should be. */
export function planPublicAccessBlock(
  name: string,
  via: 'public' | 'cloudfront' | 'nobody',
  bucket: ObservedBucket | undefined,
): IssuerChange[] {
  const { publicAccessBlock } = issuerBucketSettings(via);
  const present = bucket?.publicAccessBlock;
  if (!knows(bucket, 'public-access-block') || sameValue(present, publicAccessBlock)) return [];
  return [
    describeChange('set-public-access-block', name, {
      reason:
        via === 'public'
          ? 'the public policy for the documents would not be let through, or ACLs are not blocked'
          : 'nothing in the bucket need be public',
      ...(present === undefined ? {} : { before: present }),
      after: publicAccessBlock,
    }),
  ];
}

/** Empties the bucket of what is ours and closes it; deletes it only when its name may be released. */
export function planBucketTeardown(
  spec: ResolvedSpec,
  target: BucketTarget,
  bucket: ObservedBucket | undefined,
): IssuerChange[] {
  // What is passed over here, checkTeardown says.
  if (bucket === undefined || whyBucketIsLeft(spec, target, bucket) !== undefined) return [];
  const name = `s3://${target.bucket}`;
  const changes: IssuerChange[] = [];
  const policy: BucketPolicy | undefined = bucket.policy;
  const foreign = policy?.Statement.filter(({ Sid }) => Sid !== issuerStatementSid) ?? [];
  if (policy !== undefined && foreign.length < policy.Statement.length) {
    const reason = 'the issuer is taken down: nobody reads its documents';
    changes.push(
      foreign.length === 0
        ? describeChange('delete-bucket-policy', name, { reason, before: policy })
        : describeChange('put-bucket-policy', name, {
            reason,
            before: policy,
            after: { ...policy, Statement: foreign },
          }),
    );
  }
  const ours = bucket.objects.filter(({ owned }) => owned);
  for (const { path, etag } of ours) {
    changes.push(
      describeChange('delete-object', `${name}/${path}`, {
        reason: 'the issuer is taken down',
        before: { bucket: target.bucket, path, ...(etag === undefined ? {} : { etag }) },
      }),
    );
  }
  changes.push(...planPublicAccessBlock(name, 'nobody', bucket));
  if (!spec.releaseBucketName) return changes;
  const rest = bucket.objects.length - ours.length;
  if (rest > 0) {
    throw planError(
      'releaseBucketName',
      `${name} holds ${String(rest)} objects that are not ours; move them first, or keep the bucket`,
    );
  }
  changes.push(
    describeChange('delete-bucket', name, {
      reason: 'releaseBucketName asks for it',
      before: { bucket: target.bucket, region: target.region },
    }),
  );
  return changes;
}
