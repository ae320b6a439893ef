import { factsOfPartition, type IssuerSpec } from 'irsa/iam';
import type { AwsClients } from './types.js';

/** What {@link createAwsClients} takes. */
export interface ClientOptions {
  readonly spec: IssuerSpec;
  /** One endpoint for all services, as for a local AWS or an S3-compatible server; default `AWS_ENDPOINT_URL` and its kin. */
  readonly endpoint?: string;
}

/**
 * The clients for a spec, from the ambient configuration (environment, profiles, SSO, roles) as the AWS CLI reads it:
 * S3 in the bucket's region, IAM and CloudFront in the partition's global region. The SDKs are loaded here, not before.
 *
 * @example
 * ```ts
 * import { createAwsClients } from 'irsa-aws';
 * const clients = await createAwsClients({
 *   spec: { name: 'c1', accountId: '111122223333', target: { kind: 'elsewhere' }, documents: [] },
 * });
 * console.log(Object.keys(clients)); // [ 's3', 'iam' ]
 * ```
 */
export async function createAwsClients(options: ClientOptions): Promise<AwsClients> {
  const { spec, endpoint } = options;
  const { target, partition = 'aws' } = spec;
  const { globalRegion } = factsOfPartition(partition);
  const [{ S3Client }, { IAMClient }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@aws-sdk/client-iam'),
  ]);
  const shared = endpoint === undefined ? {} : { endpoint };
  // A server on one host name answers path-style addresses only.
  const custom = endpoint ?? process.env['AWS_ENDPOINT_URL_S3'] ?? process.env['AWS_ENDPOINT_URL'];
  const region = target.kind === 's3' ? target.region : globalRegion;
  const clients = {
    s3: new S3Client({ ...shared, region, forcePathStyle: custom !== undefined }),
    iam: new IAMClient({ ...shared, region: globalRegion }),
  };
  if (target.kind !== 's3' || target.via !== 'cloudfront') return clients;
  const { CloudFrontClient } = await import('@aws-sdk/client-cloudfront');
  return { ...clients, cloudFront: new CloudFrontClient({ ...shared, region: globalRegion }) };
}
