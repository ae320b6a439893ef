import { generateServerIdentity } from 'irsa/certs';
import type { ExplainPodOptions, FindingId, WebhookServingFact } from 'irsa/diagnose';
import { applyPodPatch, computePodPatch } from 'irsa/patch';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- pods are changed here in places that no type names
export type Json = Record<string, any>;

const roleArn = 'arn:aws:iam::111122223333:role/s3-echoer';
export const settings = { region: 'us-west-2' };
/** The authority of the webhook's certificate, and one that is not. */
export const authorities: { ours: string; other: string } = await (async () => {
  const [one, two] = await Promise.all(
    [1, 2].map(() => generateServerIdentity({ dnsNames: ['webhook.irsa-system.svc'] })),
  );
  return { ours: one!.caBundlePem, other: two!.caBundlePem };
})();

export const bare = (): Json => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 's3-echoer-abc',
    namespace: 'default',
    creationTimestamp: '2026-11-23T10:00:00Z',
    labels: { app: 's3-echoer' },
    annotations: {},
  },
  spec: { serviceAccountName: 's3-echoer', containers: [{ name: 'app', image: 'app' }] },
});
export const account = (annotations: Json = { 'eks.amazonaws.com/role-arn': roleArn }): Json => ({
  metadata: {
    name: 's3-echoer',
    namespace: 'default',
    creationTimestamp: '2026-11-20T10:00:00Z',
    annotations,
  },
});
/** The pod as a webhook of ours leaves it. */
export const mutated = (pod: Json = bare(), serviceAccount: Json = account()): Json => {
  const outcome = computePodPatch({ pod, namespace: 'default', serviceAccount, settings });
  if (outcome.kind !== 'mutated') throw new Error(`not mutated: ${JSON.stringify(outcome)}`);
  return structuredClone<Json>(applyPodPatch(pod, outcome.patch));
};
export const webhook = (changes: Json = {}, pem: string = authorities.ours): Json => ({
  metadata: { name: 'pod-identity-webhook' },
  webhooks: [
    {
      name: 'pod-identity-webhook.amazonaws.com',
      failurePolicy: 'Fail',
      admissionReviewVersions: ['v1'],
      clientConfig: { caBundle: btoa(pem) },
      rules: [
        { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] },
      ],
      ...changes,
    },
  ],
});
export const changed = (pod: Json, change: (pod: Json) => void): Json => {
  change(pod);
  return pod;
};
const app = (pod: Json): Json => pod['spec'].containers[0];

/** What a look at the webhook's port shows, healthy but for the change. */
export const serving = (change: Partial<WebhookServingFact>): Partial<ExplainPodOptions> => ({
  now: new Date('2026-11-23T12:00:00Z'),
  webhookServing: [
    {
      configuration: 'pod-identity-webhook',
      seenIn: 'connection',
      host: 'webhook.irsa-system.svc',
      names: ['webhook.irsa-system.svc'],
      notBefore: new Date('2026-01-01T00:00:00Z'),
      notAfter: new Date('2027-01-01T00:00:00Z'),
      trusted: true,
      readyEndpoints: 2,
      ...change,
    },
  ],
});

/** One broken pod, webhook or ServiceAccount, and what explainPod must find first of all. */
export interface BrokenPod {
  readonly what: string;
  readonly findings: readonly FindingId[];
  readonly build: () => Partial<ExplainPodOptions>;
}
const broken = (
  what: string,
  findings: FindingId | readonly FindingId[],
  build: BrokenPod['build'],
): BrokenPod => ({
  what,
  findings: typeof findings === 'string' ? [findings] : findings,
  build,
});

/** One fault each; what follows from it is listed behind. */
export const brokenPods: readonly BrokenPod[] = [
  // The ServiceAccount
  broken('no such ServiceAccount', 'service-account-missing', () => ({ serviceAccount: null })),
  broken('no annotation', 'service-account-not-annotated', () => ({ serviceAccount: account({}) })),
  broken('the default ServiceAccount', 'pod-default-service-account', () => ({
    pod: changed(bare(), (pod) => delete pod['spec'].serviceAccountName),
    serviceAccount: { metadata: { name: 'default', namespace: 'default' } },
  })),
  broken('annotation eks.amazon.com/role-arn', 'service-account-annotation-misspelled', () => ({
    serviceAccount: account({ 'eks.amazon.com/role-arn': roleArn }),
  })),
  broken('annotation without domain', 'service-account-annotation-misspelled', () => ({
    serviceAccount: account({ 'role-arn': roleArn }),
  })),
  broken('annotation with a role name only', 'service-account-role-arn-invalid', () => ({
    serviceAccount: account({ 'eks.amazonaws.com/role-arn': 's3-echoer' }),
  })),
  broken('annotation with an instance profile', 'service-account-role-arn-invalid', () => ({
    serviceAccount: account({
      'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:instance-profile/x',
    }),
  })),
  broken('ServiceAccount of another namespace', 'pod-namespace-differs', () => ({
    serviceAccount: changed(account(), (sa) => (sa['metadata'].namespace = 'production')),
  })),
  broken('ServiceAccount not looked at', 'unknown-service-account', () => ({
    serviceAccount: undefined,
  })),
  // The pod
  broken('not a pod', 'pod-unreadable', () => ({ pod: { kind: 'Deployment', spec: {} } })),
  broken('opt-out label', 'pod-opted-out', () => ({
    pod: changed(
      bare(),
      (pod) => (pod['metadata'].labels['eks.amazonaws.com/skip-pod-identity-webhook'] = 'true'),
    ),
  })),
  broken('static pod', 'pod-mirror', () => ({
    pod: changed(
      bare(),
      (pod) => (pod['metadata'].annotations['kubernetes.io/config.mirror'] = 'x'),
    ),
  })),
  broken('every container skipped', 'pod-no-container-selected', () => ({
    pod: changed(
      bare(),
      (pod) => (pod['metadata'].annotations['eks.amazonaws.com/skip-containers'] = 'app'),
    ),
  })),
  broken('annotated after the pod was made', 'pod-predates-annotation', () => ({
    serviceAccount: changed(account(), (sa) => {
      sa['metadata'].managedFields = [
        {
          time: '2026-11-23T11:00:00Z',
          fieldsV1: { 'f:metadata': { 'f:annotations': { 'f:eks.amazonaws.com/role-arn': {} } } },
        },
      ];
    }),
  })),
  broken('ServiceAccount made after the pod', 'pod-predates-annotation', () => ({
    serviceAccount: changed(
      account(),
      (sa) => (sa['metadata'].creationTimestamp = '2026-11-23T11:00:00Z'),
    ),
  })),
  broken('the webhook was down', ['pod-not-mutated'], () => ({})),
  broken(
    'the webhook was down, failurePolicy Ignore',
    ['pod-not-mutated', 'webhook-failure-policy-ignore'],
    () => ({ webhookConfiguration: webhook({ failurePolicy: 'Ignore' }) }),
  ),
  broken('not mutated on the host’s network', ['pod-not-mutated', 'pod-host-network'], () => ({
    pod: changed(bare(), (pod) => (pod['spec'].hostNetwork = true)),
  })),
  broken('webhook not looked at', ['pod-not-mutated', 'unknown-webhook'], () => ({
    webhookConfiguration: undefined,
  })),
  // The webhook
  broken('no webhook', 'webhook-missing', () => ({ webhookConfiguration: null })),
  broken('another webhook only', 'webhook-missing', () => ({
    webhookConfiguration: {
      items: [
        { metadata: { name: 'istio' }, webhooks: [{ name: 'istio' }] },
        { metadata: { name: 'vault' }, webhooks: [{ name: 'vault' }] },
      ],
    },
  })),
  broken('rules for deployments', 'webhook-rules', () => ({
    webhookConfiguration: webhook({
      rules: [
        {
          operations: ['CREATE'],
          apiGroups: ['apps'],
          apiVersions: ['v1'],
          resources: ['deployments'],
        },
      ],
    }),
  })),
  broken('rules for updates', 'webhook-rules', () => ({
    webhookConfiguration: webhook({
      rules: [
        { operations: ['UPDATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] },
      ],
    }),
  })),
  broken('namespaceSelector', 'webhook-namespace-selector', () => ({
    webhookConfiguration: webhook({
      namespaceSelector: {
        matchExpressions: [
          { key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['default'] },
        ],
      },
    }),
  })),
  broken('namespaceSelector by a label that is absent', 'webhook-namespace-selector', () => ({
    webhookConfiguration: webhook({ namespaceSelector: { matchLabels: { irsa: 'enabled' } } }),
    namespaceLabels: { team: 'a' },
  })),
  broken('objectSelector', 'webhook-object-selector', () => ({
    webhookConfiguration: webhook({
      objectSelector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] },
    }),
  })),
  broken('no review version in common', 'webhook-review-version', () => ({
    webhookConfiguration: webhook({ admissionReviewVersions: ['v2'] }),
  })),
  broken('empty CA bundle', 'webhook-ca-missing', () => ({
    webhookConfiguration: webhook({ clientConfig: { caBundle: '' } }),
  })),
  broken('stale CA bundle', 'webhook-ca-stale', () => ({ webhookCaPem: authorities.other })),
  broken('the API server could not call it', 'webhook-call-failed', () => ({
    events: [
      {
        message:
          'Internal error occurred: failed calling webhook "pod-identity-webhook.amazonaws.com": connect: connection refused',
      },
    ],
  })),
  broken('only a webhook of somebody else', 'webhook-missing', () => ({
    webhookConfiguration: {
      items: [{ metadata: { name: 'istio' }, webhooks: [{ name: 'sidecar-injector.istio.io' }] }],
    },
  })),
  broken('rules for cluster-wide objects', 'webhook-rules', () => ({
    webhookConfiguration: webhook({
      rules: [
        {
          operations: ['CREATE'],
          apiGroups: [''],
          apiVersions: ['v1'],
          resources: ['pods'],
          scope: 'Cluster',
        },
      ],
    }),
  })),
  broken('matchConditions in CEL', ['pod-not-mutated', 'unknown-match-conditions'], () => ({
    webhookConfiguration: webhook({
      matchConditions: [{ name: 'opt-in', expression: "object.metadata.labels['irsa'] == 'yes'" }],
    }),
  })),
  broken('no replica ready', 'webhook-not-ready', () => serving({ readyEndpoints: 0 })),
  broken('a wrong port', 'webhook-unreachable', () => serving({ failure: 'ECONNREFUSED' })),
  broken('an authority that the bundle does not have', 'webhook-ca-stale', () =>
    serving({ trusted: false }),
  ),
  broken('an expired certificate', 'webhook-certificate-expired', () =>
    serving({ notAfter: new Date('2026-11-23T11:00:00Z') }),
  ),
  broken('a certificate from the future', 'webhook-certificate-expired', () =>
    serving({ notBefore: new Date('2027-01-01T00:00:00Z') }),
  ),
  broken('a certificate of another name', 'webhook-certificate-name', () =>
    serving({ names: ['webhook.default.svc'] }),
  ),
  broken('a certificate with a common name only', 'webhook-certificate-name', () =>
    serving({ names: [] }),
  ),
  broken(
    'a certificate that ends tomorrow',
    ['pod-not-mutated', 'webhook-certificate-ends-soon'],
    () => serving({ notAfter: new Date('2026-11-24T12:00:00Z') }),
  ),
  broken('two mounts at one path (Istio, the Go webhook)', 'pod-mount-path-conflict', () => ({
    events: [
      {
        message:
          'Error creating: Pod "s3-echoer-abc" is invalid: spec.containers[0].volumeMounts[2].mountPath: Invalid value: "/var/run/secrets/eks.amazonaws.com/serviceaccount": must be unique',
      },
    ],
  })),
  // The identity that the pod has
  broken(
    'AWS_ROLE_ARN set by hand, so that the Go webhook left the rest out',
    'pod-partial-environment',
    () => ({
      pod: changed(
        bare(),
        (pod) =>
          (app(pod)['env'] = [
            { name: 'AWS_ROLE_ARN', value: roleArn },
            { name: 'AWS_REGION', value: 'us-west-2' },
          ]),
      ),
    }),
  ),
  broken('both variables by hand, no mount', 'pod-token-not-mounted', () => ({
    pod: changed(mutated(), (pod) => (app(pod)['volumeMounts'] = [])),
  })),
  broken('the token file is that of the Kubernetes API', 'pod-audience-outdated', () => ({
    pod: changed(mutated(), (pod) => {
      pod['spec'].volumes = [
        {
          name: 'aws-iam-token',
          projected: { sources: [{ serviceAccountToken: { path: 'token' } }] },
        },
      ];
    }),
  })),
  broken('the volume has the token under another name', 'pod-token-not-mounted', () => ({
    pod: changed(mutated(), (pod) => {
      pod['spec'].volumes[0].projected.sources[0].serviceAccountToken.path = 'jwt';
    }),
  })),
  broken('the ServiceAccount is gone, its pod is not', 'service-account-missing', () => ({
    pod: mutated(),
    serviceAccount: null,
  })),
  broken('subPath mount', 'pod-token-subpath', () => ({
    pod: changed(mutated(), (pod) => {
      app(pod)['volumeMounts'] = [
        {
          name: 'aws-iam-token',
          subPath: 'token',
          mountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
        },
      ];
    }),
  })),
  broken('an emptyDir called aws-iam-token', 'pod-token-volume-foreign', () => ({
    pod: changed(
      mutated(),
      (pod) => (pod['spec'].volumes = [{ name: 'aws-iam-token', emptyDir: {} }]),
    ),
  })),
  broken('Windows path in a Linux pod', 'pod-windows-path', () => ({
    pod: changed(
      mutated(changed(bare(), (pod) => (pod['spec'].os = { name: 'windows' }))),
      (pod) => delete pod['spec'].os,
    ),
  })),
  broken('role changed since', 'pod-role-outdated', () => ({
    pod: mutated(),
    serviceAccount: account({ 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/new' }),
  })),
  broken('role annotation removed since', 'pod-role-removed', () => ({
    pod: mutated(),
    serviceAccount: account({}),
  })),
  broken('audience changed since', 'pod-audience-outdated', () => ({
    pod: mutated(),
    serviceAccount: account({
      'eks.amazonaws.com/role-arn': roleArn,
      'eks.amazonaws.com/audience': 'other',
    }),
  })),
  broken('lifetime changed since', 'pod-expiration-outdated', () => ({
    pod: mutated(),
    serviceAccount: account({
      'eks.amazonaws.com/role-arn': roleArn,
      'eks.amazonaws.com/token-expiration': '7200',
    }),
  })),
  broken('static keys', 'pod-static-keys', () => ({
    pod: changed(mutated(), (pod) =>
      app(pod)['env'].push({ name: 'AWS_ACCESS_KEY_ID', value: 'AKIAIOSFODNN7EXAMPLE' }),
    ),
  })),
  broken('AWS_PROFILE', 'pod-profile', () => ({
    pod: changed(mutated(), (pod) => app(pod)['env'].push({ name: 'AWS_PROFILE', value: 'x' })),
  })),
  broken('no region', 'pod-region-missing', () => ({
    pod: changed(mutated(), (pod) => {
      app(pod)['env'] = app(pod)['env'].filter(
        ({ name }: Json) => !String(name).endsWith('REGION'),
      );
    }),
  })),
  broken('one container skipped on purpose', 'pod-container-skipped', () => ({
    pod: mutated(
      changed(bare(), (pod) => {
        pod['spec'].containers.push({ name: 'proxy' });
        pod['metadata'].annotations['eks.amazonaws.com/skip-containers'] = 'proxy';
      }),
    ),
  })),
  broken('a sidecar that came after the webhook', 'pod-not-mutated', () => ({
    pod: changed(mutated(), (pod) => pod['spec'].containers.push({ name: 'late' })),
  })),
  broken('the CA went stale after the pod was made', 'webhook-ca-stale', () => ({
    pod: mutated(),
    webhookCaPem: authorities.other,
  })),
];
