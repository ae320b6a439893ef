import { ClusterError } from '../errors.js';
import { serviceAccountSubject } from '../names/subject.js';
import type { KubernetesObject } from './types.js';

/** What {@link s3EchoerJob} needs. */
export interface S3EchoerJobOptions {
  readonly bucket: string;
  readonly region: string;
  /** Default `default`. */
  readonly namespace?: string;
  /** Default `s3-echoer`. */
  readonly serviceAccount?: string;
  /** The Job's name; default `s3-echoer`. */
  readonly name?: string;
  /** Default: the AWS CLI as AWS publishes it. */
  readonly image?: string;
}

/**
 * The workload of the walk-through: puts one object into the bucket with the pod's role, then lists the bucket. Nothing but the AWS CLI runs in it.
 *
 * @throws {@link SubjectError} `ERR_SUBJECT`, {@link ClusterError} `ERR_CLUSTER`
 * @example
 * ```ts
 * import { s3EchoerJob } from 'irsa/cluster';
 * s3EchoerJob({ bucket: 'irsa-data-demo', region: 'us-west-2' }).kind; // Job
 * ```
 */
export function s3EchoerJob(options: S3EchoerJobOptions): KubernetesObject {
  const { bucket, region, namespace = 'default', serviceAccount = 's3-echoer' } = options;
  const { name = 's3-echoer', image = 'public.ecr.aws/aws-cli/aws-cli:2.27.0' } = options;
  serviceAccountSubject(namespace, serviceAccount);
  for (const [path, value] of Object.entries({ bucket, region })) {
    if (!/^[a-z0-9](?:[a-z0-9.-]{1,61}[a-z0-9])$/.test(value)) {
      throw new ClusterError(
        `${path}: expected the name of an S3 ${path}, got ${JSON.stringify(value)}; use its exact name`,
        { path, actual: value },
      );
    }
  }
  // The names come in through the environment, so nothing of them is read by the shell.
  const script = [
    'set -eu',
    'key="s3-echoer-$(date +%s)"',
    'echo "hello from $HOSTNAME" | aws s3 cp - "s3://$BUCKET/$key"',
    'aws s3api list-objects-v2 --bucket "$BUCKET" --query "Contents[].{Key: Key, Size: Size}"',
  ].join('\n');
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, namespace, labels: { 'app.kubernetes.io/name': name } },
    spec: {
      backoffLimit: 2,
      ttlSecondsAfterFinished: 3600,
      template: {
        metadata: { labels: { 'app.kubernetes.io/name': name } },
        spec: {
          serviceAccountName: serviceAccount,
          // The API's own token is not needed; the AWS token is projected by the webhook.
          automountServiceAccountToken: false,
          restartPolicy: 'Never',
          securityContext: {
            runAsNonRoot: true,
            runAsUser: 65532,
            runAsGroup: 65532,
            fsGroup: 65532,
            seccompProfile: { type: 'RuntimeDefault' },
          },
          containers: [
            {
              name: 's3-echoer',
              image,
              command: ['/bin/sh', '-c', script],
              env: [
                { name: 'BUCKET', value: bucket },
                { name: 'AWS_REGION', value: region },
                { name: 'HOME', value: '/tmp' },
              ],
              resources: {
                requests: { cpu: '100m', memory: '128Mi' },
                limits: { memory: '256Mi' },
              },
              securityContext: {
                allowPrivilegeEscalation: false,
                readOnlyRootFilesystem: true,
                capabilities: { drop: ['ALL'] },
              },
              volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }],
            },
          ],
          volumes: [{ name: 'tmp', emptyDir: {} }],
        },
      },
    },
  };
}
