import { IssuerError } from '../errors.js';
import { parseIssuer, type Issuer } from '../names/issuer.js';
import { partitionFactsOf } from '../names/partition.js';

/** What {@link s3Issuer} needs. */
export interface S3IssuerOptions {
  /** 3 to 63 lower-case letters, digits, dots and hyphens. */
  readonly bucket: string;
  /** Of any partition, e.g. `eu-west-1` or `cn-north-1`. */
  readonly region: string;
  /** `https://BUCKET.s3.REGION…` or `https://s3.REGION…/BUCKET`. Default `virtual-hosted`. */
  readonly style?: 'virtual-hosted' | 'path';
  /** Reachable over IPv6 too. Default false. */
  readonly dualStack?: boolean;
}

const refuse = (bucket: string, expected: string, fix: string): IssuerError =>
  new IssuerError(
    `bucket: expected ${expected}, got ${JSON.stringify(bucket.slice(0, 100))}; ${fix}`,
    { path: 'bucket', expected, actual: bucket.slice(0, 100) },
  );

/** @see {@link https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html | S3: bucket naming rules} */
const assertBucketName = (bucket: string): void => {
  const another = 'choose another name';
  if (!/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw refuse(
      bucket,
      '3 to 63 lower-case letters, digits, dots and hyphens that begin and end with a letter or digit',
      another,
    );
  }
  if (bucket.includes('..')) throw refuse(bucket, 'no two dots in a row', another);
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(bucket)) throw refuse(bucket, 'no IP address', another);
  if (/^(?:xn--|sthree-|amzn-s3-demo-)/.test(bucket)) {
    throw refuse(
      bucket,
      'none of the prefixes that S3 keeps (xn--, sthree-, amzn-s3-demo-)',
      another,
    );
  }
  if (/(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(bucket)) {
    throw refuse(
      bucket,
      'none of the suffixes that S3 keeps (-s3alias, --ol-s3, .mrap, --x-s3, --table-s3)',
      another,
    );
  }
};

/**
 * The issuer URL of an S3 bucket, in every partition.
 *
 * @throws {@link IssuerError} `ERR_ISSUER` for a bucket name or region that S3 does not take, and for a bucket name with
 * dots in virtual-hosted style, which Amazon's wildcard certificate does not cover
 * @example
 * ```ts
 * import { s3Issuer } from 'irsa/oidc';
 * s3Issuer({ bucket: 'my-oidc', region: 'cn-north-1' }); // https://my-oidc.s3.cn-north-1.amazonaws.com.cn
 * ```
 * @see {@link https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html | S3: virtual hosting of buckets}
 */
export function s3Issuer(options: S3IssuerOptions): Issuer {
  const { bucket, region, style = 'virtual-hosted', dualStack = false } = options;
  if (typeof bucket !== 'string' || typeof region !== 'string') {
    throw new TypeError('s3Issuer: expected `bucket` and `region` to be strings');
  }
  if (!['virtual-hosted', 'path'].includes(style)) {
    throw new TypeError('s3Issuer: expected style virtual-hosted or path');
  }
  assertBucketName(bucket);
  if (!/^[a-z]{2,4}(?:-[a-z]+){1,3}-\d{1,2}$/.test(region)) {
    throw new IssuerError(
      `region: expected the code of a region such as eu-west-1, got ${JSON.stringify(region.slice(0, 100))}; write the bucket's own region`,
      { path: 'region', expected: 'a region code', actual: region.slice(0, 100) },
    );
  }
  const host = `s3.${dualStack ? 'dualstack.' : ''}${region}.${partitionFactsOf(region).dnsSuffix}`;
  if (style === 'path') return parseIssuer(`https://${host}/${bucket}`);
  if (bucket.includes('.')) {
    throw refuse(
      bucket,
      'a name without dots for a virtual-hosted URL',
      `the certificate of *.${host} does not cover it: rename the bucket or use style: 'path'`,
    );
  }
  return parseIssuer(`https://${bucket}.${host}`);
}
