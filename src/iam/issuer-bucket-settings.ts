/** The four switches of S3 Block Public Access, named as in the S3 API. */
export interface PublicAccessBlock {
  readonly BlockPublicAcls: boolean;
  readonly IgnorePublicAcls: boolean;
  readonly BlockPublicPolicy: boolean;
  readonly RestrictPublicBuckets: boolean;
}

/** What {@link issuerBucketSettings} answers. */
export interface IssuerBucketSettings {
  /** ACLs are off: access is a matter of the bucket policy alone. */
  readonly objectOwnership: 'BucketOwnerEnforced';
  readonly publicAccessBlock: PublicAccessBlock;
}

/**
 * Ownership and Block Public Access of an issuer's bucket. A public issuer needs its public bucket policy let through;
 * ACLs stay blocked. Behind CloudFront, and after teardown, everything is blocked.
 * (Block Public Access of the whole account still overrules the bucket's.)
 *
 * @example
 * ```ts
 * import { issuerBucketSettings } from 'irsa/iam';
 * console.log(issuerBucketSettings('cloudfront').publicAccessBlock.BlockPublicPolicy); // true
 * ```
 * @see {@link https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html | S3: Block Public Access}
 */
export function issuerBucketSettings(
  via: 'public' | 'cloudfront' | 'nobody',
): IssuerBucketSettings {
  const closed = via !== 'public';
  return {
    objectOwnership: 'BucketOwnerEnforced',
    publicAccessBlock: {
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: closed,
      RestrictPublicBuckets: closed,
    },
  };
}
