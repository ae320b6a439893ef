import { PlanError } from '../errors.js';
import { partitionFactsOf } from '../names/partition.js';

/** How CloudFront signs its requests to the private bucket. */
export interface OriginAccessControlSpec {
  /** Unique in the account, at most 64 characters. */
  readonly name: string;
  readonly description: string;
  readonly originType: 's3';
  readonly signingBehavior: 'always';
  readonly signingProtocol: 'sigv4';
}

/** How long CloudFront keeps the documents. */
export interface CachePolicySpec {
  /** Unique in the account. */
  readonly name: string;
  readonly comment: string;
  readonly minTtlSeconds: number;
  /** For a document without Cache-Control. */
  readonly defaultTtlSeconds: number;
  /** No document is kept longer, whatever its Cache-Control says: a rotation waits at least this long. */
  readonly maxTtlSeconds: number;
}

/** The distribution in front of the bucket, as far as it is ours to say. */
export interface DistributionSpec {
  /** Makes creation idempotent: the same reference never makes a second distribution. */
  readonly callerReference: string;
  readonly comment: string;
  readonly originDomainName: string;
  readonly aliases: readonly string[];
  /** ACM certificate in us-east-1, needed with aliases. */
  readonly certificateArn?: string;
  readonly viewerProtocolPolicy: 'https-only';
  readonly minimumProtocolVersion: 'TLSv1.2_2021';
  readonly priceClass: 'PriceClass_All';
  readonly httpVersion: 'http2';
  readonly ipv6: true;
}

/** All that an issuer on CloudFront consists of, beside its bucket. */
export interface IssuerDistribution {
  readonly originAccessControl: OriginAccessControlSpec;
  readonly cachePolicy: CachePolicySpec;
  readonly distribution: DistributionSpec;
}

/** What {@link buildIssuerDistribution} needs. */
export interface IssuerDistributionOptions {
  readonly bucket: string;
  readonly region: string;
  /** Host names of the issuer's own, e.g. `oidc.example.com`; default none (the host is then CloudFront's). */
  readonly aliases?: readonly string[];
  /** The ACM certificate of the aliases; required with them. */
  readonly certificateArn?: string;
  /** The longest that CloudFront may keep a document, 0 to 86,400; default 3,600, what Kubernetes promises for its own documents. */
  readonly maxTtlSeconds?: number;
}

/**
 * CloudFront in front of a private bucket: origin access control (the bucket trusts this one distribution), https only,
 * and a cache that is bounded, so that a rotation knows how long an old document can live.
 *
 * @throws {@link PlanError} `ERR_PLAN` for aliases without a certificate or a bound that no rotation could wait for
 * @example
 * ```ts
 * import { buildIssuerDistribution } from 'irsa/iam';
 * const { cachePolicy } = buildIssuerDistribution({ bucket: 'my-oidc', region: 'eu-west-1' });
 * console.log(cachePolicy.maxTtlSeconds); // 3600
 * ```
 * @see {@link https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html | CloudFront: restrict access to an S3 origin}
 * @see {@link https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/Expiration.html | CloudFront: how long content stays}
 */
export function buildIssuerDistribution(options: IssuerDistributionOptions): IssuerDistribution {
  const { bucket, region, aliases = [], certificateArn, maxTtlSeconds = 3600 } = options;
  if (!Number.isInteger(maxTtlSeconds) || maxTtlSeconds < 0 || maxTtlSeconds > 86_400) {
    throw new PlanError(
      `maxTtlSeconds: expected an integer from 0 to 86400, got ${String(maxTtlSeconds)}; a rotation waits at least this long before it signs with a new key`,
      { path: 'maxTtlSeconds' },
    );
  }
  if (aliases.length > 0 !== (certificateArn !== undefined)) {
    throw new PlanError(
      'CloudFront: aliases and certificateArn belong together; request an ACM certificate for the issuer’s host in us-east-1',
      { path: 'certificateArn' },
    );
  }
  const { dnsSuffix } = partitionFactsOf(region);
  const comment = `irsa issuer in ${bucket}`;
  return {
    originAccessControl: {
      name: bucket,
      description: comment,
      originType: 's3',
      signingBehavior: 'always',
      signingProtocol: 'sigv4',
    },
    cachePolicy: {
      name: `irsa-${bucket.replaceAll('.', '-')}`,
      comment,
      minTtlSeconds: 0,
      defaultTtlSeconds: Math.min(300, maxTtlSeconds),
      maxTtlSeconds,
    },
    distribution: {
      callerReference: `irsa-${bucket}`,
      comment,
      originDomainName: `${bucket}.s3.${region}.${dnsSuffix}`,
      aliases: [...new Set(aliases)].sort(),
      ...(certificateArn === undefined ? {} : { certificateArn }),
      viewerProtocolPolicy: 'https-only',
      minimumProtocolVersion: 'TLSv1.2_2021',
      priceClass: 'PriceClass_All',
      httpVersion: 'http2',
      ipv6: true,
    },
  };
}
