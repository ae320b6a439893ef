import type { Issuer } from '../names/issuer.js';
import type { Partition } from '../names/partition.js';
import type { BucketPolicy } from './build-issuer-bucket-policy.js';
import type {
  CachePolicySpec,
  DistributionSpec,
  OriginAccessControlSpec,
} from './build-issuer-distribution.js';
import type { PublicAccessBlock } from './issuer-bucket-settings.js';
import type { OidcProviderSpec, ServiceAccountPattern, TrustPolicy } from './types.js';

/** Key-value pairs that AWS keeps beside a resource. */
export type Tags = Readonly<Record<string, string>>;

/** A document as `buildIssuerDocuments` of irsa/oidc makes it. */
export interface IssuerObject {
  /** Object key: where the document lies, without a leading slash. */
  readonly path: string;
  readonly body: string;
  readonly contentType: string;
  readonly cacheControl: string;
  /** SHA-256 of the body, hex. */
  readonly sha256: string;
}

/** Where the documents are published. */
export type IssuerTarget =
  | {
      readonly kind: 's3';
      readonly bucket: string;
      readonly region: string;
      /** `public`: anyone reads the two documents in the bucket. `cloudfront`: the bucket is private, CloudFront serves. */
      readonly via: 'public' | 'cloudfront';
      /** Key prefix of the documents, e.g. `cluster-1/` where the issuer has the path `/cluster-1`; default none. */
      readonly prefix?: string;
      /** CloudFront only: the issuer's own host names and their ACM certificate. */
      readonly aliases?: readonly string[];
      readonly certificateArn?: string;
      /** CloudFront only, default 3,600. */
      readonly maxTtlSeconds?: number;
    }
  /** The documents are served by something that is not ours to change: only IAM is. */
  | { readonly kind: 'elsewhere' };

/** A role that service accounts of the issuer may assume. */
export interface IssuerRoleSpec {
  readonly roleName: string;
  /** Used when the role is created; default `/`. */
  readonly path?: string;
  readonly subjects: readonly ServiceAccountPattern[];
  /** Default `sts.amazonaws.com`; `null` says aloud that any audience will do. */
  readonly audience?: string | null;
}

/** How the issuer should be. */
export interface IssuerSpec {
  /** Name of the issuer among others, e.g. the cluster's; the ownership tag `irsa:issuer` carries it. */
  readonly name: string;
  /** 12 digits: the account of bucket, provider and roles. */
  readonly accountId: string;
  /** Default `aws`; that of the bucket's region where there is a bucket. */
  readonly partition?: Partition;
  /** Leave it out only while CloudFront has not yet told its host name: then there are no documents, provider or roles. */
  readonly issuer?: Issuer | string;
  readonly target: IssuerTarget;
  /** What to publish, paths relative to the issuer. */
  readonly documents: readonly IssuerObject[];
  /** Default: the provider of the issuer with the audience `sts.amazonaws.com`; `null` leaves IAM's provider alone, in a teardown also the roles. */
  readonly provider?: OidcProviderSpec | null;
  /** Default none. */
  readonly roles?: readonly IssuerRoleSpec[];
  /** Further tags for what is created. */
  readonly tags?: Tags;
  /**
   * Default false. True takes over what is there without our tags: a bucket, documents at our places, an IAM provider.
   * False refuses to touch them.
   */
  readonly adopt?: boolean;
  /** Key IDs that may disappear from the published JWKS, because `planKeyRotation` said so. Default none. */
  readonly retiredKids?: readonly string[];
  /** `published` (default), or `absent`: take the issuer down. */
  readonly state?: 'published' | 'absent';
  /**
   * Teardown only, default false. True deletes the emptied bucket and thereby releases its name: whoever creates a bucket of
   * that name owns the issuer, and can mint credentials for every role of every account that still trusts it.
   */
  readonly releaseBucketName?: boolean;
}

/** What a server may not know: S3-compatible stores answer NotImplemented. */
export type BucketFeature = 'tags' | 'ownership' | 'public-access-block' | 'policy';

/** An object in the bucket. */
export interface ObservedObject {
  readonly path: string;
  /** Whether it carries our mark for this issuer. */
  readonly owned: boolean;
  readonly contentType?: string;
  readonly cacheControl?: string;
  /** Hex; absent when the server does not say. */
  readonly sha256?: string;
  /** The text; needed for the JWKS, so that no key in use is dropped. */
  readonly body?: string;
  /** What the server calls this version of it; a change carries it on, so that no other version is overwritten. */
  readonly etag?: string;
}

/** The bucket as it is. */
export interface ObservedBucket {
  /** False: it belongs to another account, and nothing of it can be seen. */
  readonly ownedByAccount: boolean;
  readonly region?: string;
  readonly tags: Tags;
  readonly ownership?: string;
  readonly publicAccessBlock?: PublicAccessBlock;
  readonly policy?: BucketPolicy;
  readonly objects: readonly ObservedObject[];
  /** Default none. */
  readonly unsupported?: readonly BucketFeature[];
}

/** The distribution as it is, found by its caller reference or comment. */
export interface ObservedDistribution {
  readonly id: string;
  readonly arn: string;
  /** CloudFront's own host name of it. */
  readonly domainName: string;
  readonly enabled: boolean;
  readonly tags: Tags;
  readonly originAccessControlId: string;
  readonly cachePolicyId: string;
  readonly spec: DistributionSpec;
}

/** What there is of CloudFront. */
export interface ObservedCloudFront {
  readonly originAccessControl?: { readonly id: string; readonly spec: OriginAccessControlSpec };
  readonly cachePolicy?: { readonly id: string; readonly spec: CachePolicySpec };
  readonly distribution?: ObservedDistribution;
}

/** The IAM OIDC provider as it is. */
export interface ObservedProvider {
  readonly arn: string;
  readonly audiences: readonly string[];
  readonly thumbprints: readonly string[];
  readonly tags: Tags;
}

/** A role as it is. */
export interface ObservedRole {
  readonly roleName: string;
  readonly tags: Tags;
  readonly trustPolicy: TrustPolicy | string;
}

/** What there is: absent means that it does not exist. */
export interface ObservedIssuer {
  readonly bucket?: ObservedBucket;
  readonly cloudFront?: ObservedCloudFront;
  /** What the public sees, by object key: the SHA-256 of each answer (hex), or null when there is none. Absent: nobody looked. */
  readonly served?: Readonly<Record<string, string | null>>;
  readonly provider?: ObservedProvider;
  /** Those of the spec; for a teardown every role of the account whose trust policy names the provider. */
  readonly roles?: readonly ObservedRole[];
  /**
   * Key IDs that API servers sign with or accept; while the issuer is published none of them leaves the JWKS, whatever the
   * spec says. A teardown is exempt: after a change of issuer the same keys are published elsewhere.
   */
  readonly keysInUse?: readonly string[];
}

/** What every change says of itself. */
interface ChangeFacts {
  /** Unique in the plan, the same for the same change: `kind:resource`. */
  readonly id: string;
  /** What is changed, in a form that people know: an ARN, `s3://BUCKET/KEY`, a name. */
  readonly resource: string;
  /** Why: what was found, and what should be. */
  readonly reason: string;
  /** What may go wrong for whom. */
  readonly risk: string;
  /** How to take it back. */
  readonly undo: string;
  /** Whether `undo` restores the state before. */
  readonly reversible: boolean;
}

interface Change<Kind extends string, After, Before = After> extends ChangeFacts {
  readonly kind: Kind;
  readonly before?: Before;
  readonly after?: After;
}

/** Object in a bucket. */
interface ObjectName {
  readonly bucket: string;
  readonly path: string;
  readonly etag?: string;
}

/**
 * One step of a plan. `before` and `after` are the values that change; carry the steps out in order.
 * In `after`, the texts of `pendingReferences` stand for identifiers that an earlier step of the same plan learns.
 */
export type IssuerChange =
  | Change<'create-bucket', { readonly bucket: string; readonly region: string }>
  | Change<'tag-bucket', Tags>
  | Change<'set-bucket-ownership', string>
  | Change<'set-public-access-block', PublicAccessBlock>
  | Change<'put-bucket-policy', BucketPolicy>
  | Change<'delete-bucket-policy', never, BucketPolicy>
  | Change<'put-object', IssuerObject, Partial<IssuerObject> & { readonly etag?: string }>
  | Change<'delete-object', never, ObjectName>
  | Change<'delete-bucket', never, { readonly bucket: string; readonly region: string }>
  | Change<'create-origin-access-control', OriginAccessControlSpec>
  | Change<'delete-origin-access-control', never, { readonly id: string }>
  | Change<'create-cache-policy', CachePolicySpec>
  | Change<'update-cache-policy', CachePolicySpec & { readonly id: string }, CachePolicySpec>
  | Change<'delete-cache-policy', never, { readonly id: string }>
  | Change<'create-distribution', PlannedDistribution>
  | Change<
      'update-distribution',
      PlannedDistribution & { readonly id: string },
      PlannedDistribution
    >
  | Change<'invalidate-distribution', { readonly id: string; readonly paths: readonly string[] }>
  | Change<'disable-distribution', { readonly id: string }>
  | Change<'delete-distribution', never, { readonly id: string }>
  | Change<'create-provider', OidcProviderSpec>
  | Change<'add-audiences', readonly string[]>
  | Change<'set-thumbprints', readonly string[]>
  | Change<'tag-provider', Tags>
  | Change<'delete-provider', never, ObservedProvider>
  | Change<'create-role', PlannedRole>
  | Change<'set-trust-policy', TrustPolicy>;

/** A distribution with what it refers to. */
export interface PlannedDistribution {
  readonly spec: DistributionSpec;
  readonly originAccessControlId: string;
  readonly cachePolicyId: string;
  readonly enabled: true;
  readonly tags: Tags;
}

/** A role to create; permissions are attached by whoever knows them. */
export interface PlannedRole {
  readonly roleName: string;
  readonly path: string;
  readonly trustPolicy: TrustPolicy;
  readonly tags: Tags;
}

/** What a change does. */
export type IssuerChangeKind = IssuerChange['kind'];
