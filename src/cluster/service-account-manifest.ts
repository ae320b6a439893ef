import { ClusterError } from '../errors.js';
import { parseArn } from '../names/arn.js';
import { serviceAccountSubject } from '../names/subject.js';
import type { KubernetesObject } from './types.js';

/** What {@link serviceAccountManifest} needs. */
export interface ServiceAccountManifestOptions {
  readonly namespace: string;
  readonly name: string;
  /** The role that pods of this account assume. */
  readonly roleArn: string;
  /** Default: the webhook's, `sts.amazonaws.com`. */
  readonly audience?: string;
  /** Seconds, 600 to 86,400; default: the webhook's. */
  readonly tokenExpirationSeconds?: number;
  /** Whether pods call the STS of their region; default: the webhook's. */
  readonly regionalSts?: boolean;
  /** Prefix of the annotations; default `eks.amazonaws.com`. */
  readonly annotationDomain?: string;
}

/**
 * A ServiceAccount whose pods get the role: its annotations are what the webhook reads.
 *
 * @throws {@link SubjectError} `ERR_SUBJECT`, {@link ArnError} `ERR_ARN`, {@link ClusterError} `ERR_CLUSTER`
 * @example
 * ```ts
 * import { serviceAccountManifest } from 'irsa/cluster';
 * serviceAccountManifest({ namespace: 'default', name: 's3-echoer', roleArn: 'arn:aws:iam::111122223333:role/s3-echoer' }).metadata.annotations;
 * // { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/s3-echoer' }
 * ```
 * @see {@link https://kubernetes.io/docs/concepts/security/service-accounts/ | Kubernetes: service accounts}
 */
export function serviceAccountManifest(options: ServiceAccountManifestOptions): KubernetesObject {
  const { namespace, name, roleArn, audience, tokenExpirationSeconds, regionalSts } = options;
  const domain = options.annotationDomain ?? 'eks.amazonaws.com';
  serviceAccountSubject(namespace, name);
  const { service, resource } = parseArn(roleArn);
  if (service !== 'iam' || !resource.startsWith('role/')) {
    throw new ClusterError(
      `roleArn: expected the ARN of an IAM role, got ${JSON.stringify(roleArn)}; see roleArn() of irsa/iam`,
      { path: 'roleArn', actual: roleArn, expected: 'the ARN of an IAM role' },
    );
  }
  const seconds = tokenExpirationSeconds;
  if (
    seconds !== undefined &&
    !(Number.isInteger(seconds) && seconds >= 600 && seconds <= 86_400)
  ) {
    throw new ClusterError(
      `tokenExpirationSeconds: expected a whole number from 600 to 86400, got ${seconds}; Kubernetes issues no shorter token`,
      { path: 'tokenExpirationSeconds', expected: '600 to 86400' },
    );
  }
  const annotations = {
    [`${domain}/role-arn`]: roleArn,
    ...(audience === undefined ? {} : { [`${domain}/audience`]: audience }),
    ...(seconds === undefined ? {} : { [`${domain}/token-expiration`]: String(seconds) }),
    ...(regionalSts === undefined
      ? {}
      : { [`${domain}/sts-regional-endpoints`]: String(regionalSts) }),
  };
  return {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace, annotations },
  };
}
