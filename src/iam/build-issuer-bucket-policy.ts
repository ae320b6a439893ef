import { ArnError } from '../errors.js';
import { parseArn } from '../names/arn.js';
import { partitions, type Partition } from '../names/partition.js';

/** One statement of a bucket policy. */
export interface BucketStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly NotResource?: unknown;
  readonly Condition?: unknown;
}

/** A bucket policy. */
export interface BucketPolicy {
  readonly Version?: string;
  readonly Id?: string;
  readonly Statement: readonly BucketStatement[];
}

/** What {@link buildIssuerBucketPolicy} needs. */
export interface IssuerBucketPolicyOptions {
  readonly bucket: string;
  /** Object keys of the documents, without a leading slash: the only objects that anyone may read. */
  readonly paths: readonly string[];
  /** Default `aws`; with CloudFront it must be the distribution's own. */
  readonly partition?: Partition;
  /** `public`: anyone may read the documents. Otherwise only the one CloudFront distribution may. */
  readonly via: 'public' | { readonly cloudFrontDistributionArn: string };
}

/** Marks our statement among others in the same policy. */
export const issuerStatementSid = 'IrsaIssuerDocuments';

const refuse = (path: string, expected: string, actual: unknown, fix: string): ArnError =>
  new ArnError(`${path}: expected ${expected}, got ${JSON.stringify(actual)}; ${fix}`, {
    path,
    expected,
  });

const assertPath = (path: unknown): void => {
  // * and ? are wildcards in a resource, ${ begins a variable: each would open more than one document.
  if (typeof path === 'string' && /^[^/*?$][^*?$]*$/.test(path) && path.length <= 1024) return;
  throw refuse(
    'paths',
    'object keys without a leading slash, *, ? or $',
    path,
    'use the paths of buildIssuerDocuments()',
  );
};

const distributionCondition = (arn: string, partition: Partition): object => {
  const parsed = parseArn(arn);
  const isDistribution =
    parsed.service === 'cloudfront' &&
    /^\d{12}$/.test(parsed.accountId) &&
    /^distribution\/[A-Z0-9]+$/.test(parsed.resource);
  if (!isDistribution) {
    throw refuse(
      'via.cloudFrontDistributionArn',
      'arn:PARTITION:cloudfront::ACCOUNT:distribution/ID',
      arn,
      'copy it from `aws cloudfront get-distribution`',
    );
  }
  if (parsed.partition !== partition) {
    throw refuse(
      'via.cloudFrontDistributionArn',
      `an ARN of the partition ${partition}`,
      arn,
      'bucket and distribution live in one partition',
    );
  }
  return { StringEquals: { 'AWS:SourceArn': arn } };
};

/**
 * The bucket policy of an issuer: its documents can be read, and nothing else. No ACL, no listing, no wildcard.
 * With CloudFront only the given distribution can read (origin access control), and the bucket stays private.
 *
 * @throws {@link ArnError} `ERR_ARN` for a bucket, path or distribution that cannot stand in a policy
 * @example
 * ```ts
 * import { buildIssuerBucketPolicy } from 'irsa/iam';
 * const policy = buildIssuerBucketPolicy({
 *   bucket: 'my-oidc',
 *   paths: ['.well-known/openid-configuration', 'openid/v1/jwks'],
 *   via: 'public',
 * });
 * console.log(policy.Statement.length); // 1
 * ```
 * @see {@link https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-s3.html | CloudFront: restrict access to an S3 origin}
 */
export function buildIssuerBucketPolicy(options: IssuerBucketPolicyOptions): BucketPolicy {
  const { bucket, paths, partition = 'aws', via } = options;
  if (typeof bucket !== 'string' || !/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw refuse(
      'bucket',
      'a bucket name (3 to 63 lower case letters, digits, "-", ".")',
      bucket,
      'see the S3 naming rules',
    );
  }
  if (!partitions.includes(partition)) {
    throw refuse(
      'partition',
      `one of ${partitions.join(', ')}`,
      partition,
      'see partitionOf(region)',
    );
  }
  if (paths.length === 0)
    throw refuse('paths', 'at least one object key', paths, 'name the documents');
  for (const path of paths) assertPath(path);
  const resources = [...new Set(paths)]
    .sort()
    .map((path) => `arn:${partition}:s3:::${bucket}/${path}`);
  return {
    Version: '2012-10-17',
    Statement: [
      {
        Sid: issuerStatementSid,
        Effect: 'Allow',
        Principal: via === 'public' ? '*' : { Service: 'cloudfront.amazonaws.com' },
        Action: 's3:GetObject',
        Resource: resources,
        ...(via === 'public'
          ? {}
          : { Condition: distributionCondition(via.cloudFrontDistributionArn, partition) }),
      },
    ],
  };
}
