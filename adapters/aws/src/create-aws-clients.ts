import type { S3Client } from '@aws-sdk/client-s3';
import { factsOfPartition, type IssuerSpec } from 'irsa/iam';
import { ambientConnections } from './ambient-connections.js';
import { profileSettings, type ProfileSettings } from './profile-settings.js';
import type { AwsClients } from './types.js';

/** What {@link createAwsClients} takes. */
export interface ClientOptions {
  readonly spec: IssuerSpec;
  /** One endpoint for all services, as for a local AWS or an S3-compatible server; default `AWS_ENDPOINT_URL` and its kin. */
  readonly endpoint?: string;
  /** Of the shared configuration files; default `AWS_PROFILE`, then `default`. */
  readonly profile?: string;
}

/** A server on one host name answers path-style addresses only; wherever its endpoint was configured. */
const usePathStyleOffAws = (s3: S3Client): S3Client => {
  const resolve = s3.config.endpointProvider;
  s3.config.endpointProvider = (parameters, context) =>
    resolve({ ...parameters, ForcePathStyle: parameters.Endpoint !== undefined }, context);
  return s3;
};

/**
 * The clients for a spec, from the ambient configuration as the AWS CLI reads it: credentials (environment, profiles, SSO,
 * roles), endpoints (`AWS_ENDPOINT_URL`, `endpoint_url`), proxies (`HTTPS_PROXY`, `NO_PROXY`) and `AWS_CA_BUNDLE` or `ca_bundle`.
 * S3 is in the bucket's region, IAM and CloudFront in the partition's global region. The SDKs are loaded here, not before.
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
  const { spec, endpoint, profile } = options;
  const { target, partition = 'aws' } = spec;
  const { globalRegion } = factsOfPartition(partition);
  const settings = await profileSettings(process.env, profile);
  const [{ S3Client }, { IAMClient }, requestHandler] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@aws-sdk/client-iam'),
    ambientConnections(process.env, settings.caBundle),
  ]);
  const shared = { requestHandler, ...(profile === undefined ? {} : { profile }) };
  const at = (
    service: Parameters<ProfileSettings['endpointOf']>[0],
  ): { readonly endpoint?: string } => {
    const url = endpoint ?? settings.endpointOf(service);
    return url === undefined ? {} : { endpoint: url };
  };
  const region = target.kind === 's3' ? target.region : globalRegion;
  const clients = {
    s3: usePathStyleOffAws(new S3Client({ ...shared, ...at('s3'), region })),
    iam: new IAMClient({ ...shared, ...at('iam'), region: globalRegion }),
  };
  if (target.kind !== 's3' || target.via !== 'cloudfront') return clients;
  const { CloudFrontClient } = await import('@aws-sdk/client-cloudfront');
  return {
    ...clients,
    cloudFront: new CloudFrontClient({ ...shared, ...at('cloudfront'), region: globalRegion }),
  };
}
