import {
  issuerDiscoveryBinding,
  s3EchoerJob,
  serviceAccountManifest,
  webhookManifests,
  type KubernetesObject,
} from 'irsa/cluster';

const webhook = {
  namespace: 'irsa-system',
  image: 'registry.example.com/irsa-webhook:0.1.0',
  region: 'us-west-2',
};

/** The manifests that the golden files show, and that a real API server accepts in slow-api-server.test.ts. */
export const manifestCases: Readonly<Record<string, () => KubernetesObject[]>> = {
  'webhook-self-managed': () => webhookManifests({ ...webhook, certificates: 'self-managed' }),
  'webhook-cert-manager': () =>
    webhookManifests({ ...webhook, certificates: 'cert-manager', failurePolicy: 'Ignore' }),
  'webhook-provided': () =>
    webhookManifests({
      namespace: 'kube-system',
      image: 'registry.example.com/irsa-webhook@sha256:0123456789abcdef',
      certificates: 'provided',
      caBundle: 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==',
      replicas: 3,
      audience: 'sts.amazonaws.com.cn',
      regionalSts: false,
      roleMappings: null,
      extraArgs: ['--token-expiration=3600'],
    }),
  workload: () => [
    serviceAccountManifest({
      namespace: 'default',
      name: 's3-echoer',
      roleArn: 'arn:aws:iam::111122223333:role/s3-echoer',
      audience: 'sts.amazonaws.com',
      tokenExpirationSeconds: 3600,
      regionalSts: true,
    }),
    s3EchoerJob({ bucket: 'irsa-data-demo', region: 'us-west-2' }),
    issuerDiscoveryBinding(),
    issuerDiscoveryBinding({ name: 'irsa-publisher', to: { namespace: 'default', name: 'a' } }),
    issuerDiscoveryBinding({ name: 'irsa-logged-in', to: 'authenticated' }),
  ],
};
