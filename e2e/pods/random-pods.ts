import fc from 'fast-check';
import type { KubernetesJson } from '../clients/kubernetes-client.js';

/** Service accounts with every kind of annotation, well and badly written. */
export const serviceAccounts: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  plain: {},
  role: annotated({}),
  audience: annotated({ audience: 'sts.amazonaws.com.cn' }),
  'no-audience': annotated({ audience: '' }),
  regional: annotated({ 'sts-regional-endpoints': 'true' }),
  'regional-t': annotated({ 'sts-regional-endpoints': 't' }),
  'regional-yes': annotated({ 'sts-regional-endpoints': 'yes' }),
  expiration: annotated({ 'token-expiration': '1200' }),
  'expiration-short': annotated({ 'token-expiration': '100' }),
  'expiration-long': annotated({ 'token-expiration': '604800' }),
  'expiration-garbage': annotated({ 'token-expiration': '1e3' }),
  'path-role': annotated({ 'role-arn': 'arn:aws:iam::111122223333:role/team/a/reader' }),
  'invalid-role': annotated({ 'role-arn': 'not-an-arn' }),
  'empty-role': annotated({ 'role-arn': '' }),
};

function annotated(changed: Readonly<Record<string, string>>): Record<string, string> {
  const annotations = { 'role-arn': 'arn:aws:iam::111122223333:role/reader', ...changed };
  return Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [`eks.amazonaws.com/${name}`, value]),
  );
}

const tokenPath = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
const sometimes = <T>(arbitrary: fc.Arbitrary<T>, freq = 3): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined, freq });

const environment = fc.uniqueArray(
  fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        name: fc.constantFrom('HOME_PAGE', 'MODE', 'A'),
        value: fc.constantFrom('', 'x', '$(AWS_REGION)'),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        name: fc.constantFrom('AWS_REGION', 'AWS_DEFAULT_REGION'),
        value: fc.constantFrom('eu-west-1', ''),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        name: fc.constantFrom(
          'AWS_ROLE_ARN',
          'AWS_WEB_IDENTITY_TOKEN_FILE',
          'AWS_STS_REGIONAL_ENDPOINTS',
        ),
        value: fc.constantFrom('mine', 'regional'),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        name: fc.constantFrom('NODE', 'AWS_PROFILE', 'AWS_ACCESS_KEY_ID'),
        valueFrom: fc.constant({ fieldRef: { apiVersion: 'v1', fieldPath: 'spec.nodeName' } }),
      }),
    },
  ),
  { selector: ({ name }) => name, maxLength: 5 },
);

const volumes = fc.uniqueArray(
  fc.constantFrom<KubernetesJson>(
    { name: 'scratch', emptyDir: {} },
    { name: 'settings', configMap: { name: 'settings' } },
    { name: 'aws-iam-token', emptyDir: {} },
    {
      name: 'aws-iam-token',
      projected: {
        sources: [
          {
            serviceAccountToken: {
              audience: 'sts.amazonaws.com',
              expirationSeconds: 86400,
              path: 'token',
            },
          },
        ],
      },
    },
    {
      name: 'own-token',
      projected: {
        sources: [
          { serviceAccountToken: { audience: 'vault', expirationSeconds: 3600, path: 'vault' } },
        ],
      },
    },
  ),
  { selector: (volume: KubernetesJson) => volume.name as string, maxLength: 4 },
);

const mountPaths = fc.constantFrom(
  '/data',
  '/etc/settings',
  tokenPath,
  `${tokenPath}/deeper`,
  '/var/run/secrets',
);

const resources = fc.constantFrom<KubernetesJson>(
  {},
  { requests: { cpu: '100m', memory: '64Mi' }, limits: { memory: '1Gi' } },
);

const container = (names: readonly string[], volumeNames: readonly string[]) =>
  fc.record(
    {
      image: fc.constant('example.com/app:1'),
      env: environment,
      volumeMounts: fc.uniqueArray(
        fc.record({
          name: fc.constantFrom(...volumeNames, ...(volumeNames.length === 0 ? ['missing'] : [])),
          mountPath: mountPaths,
        }),
        { selector: ({ mountPath }) => mountPath, maxLength: volumeNames.length === 0 ? 0 : 3 },
      ),
      envFrom: fc.constantFrom([], [{ configMapRef: { name: 'settings' } }]),
      resources,
      name: fc.constantFrom(...names),
    },
    { requiredKeys: ['name', 'image'] },
  );

const containers = (volumeNames: readonly string[], names: readonly string[], minLength: number) =>
  fc.uniqueArray(container(names, volumeNames), {
    selector: ({ name }) => name,
    minLength,
    maxLength: names.length,
  });

const annotations = fc.dictionary(
  fc.constantFrom(
    'eks.amazonaws.com/skip-containers',
    'eks.amazonaws.com/token-expiration',
    'example.com/note',
  ),
  fc.constantFrom('app', 'app,sidecar', ' app', '"app"', 'a"b', '', '7200', '60', '999999'),
  { maxKeys: 2 },
);

const pod = volumes.chain((chosen) => {
  const names = chosen.map((volume: KubernetesJson) => volume.name as string);
  return fc.record({
    metadata: fc.record({
      annotations: sometimes(annotations, 2),
      labels: sometimes(fc.constantFrom({}, { app: 'a' }), 2),
    }),
    spec: fc.record({
      serviceAccountName: sometimes(fc.constantFrom(...Object.keys(serviceAccounts)), 12),
      nodeSelector: sometimes(
        fc.constantFrom(
          { 'kubernetes.io/os': 'linux' },
          { 'kubernetes.io/os': 'windows' },
          { 'beta.kubernetes.io/os': 'windows' },
        ),
        2,
      ),
      os: sometimes(fc.constantFrom({ name: 'linux' }, { name: 'windows' }), 1),
      automountServiceAccountToken: sometimes(fc.boolean(), 1),
      volumes: chosen.length === 0 ? fc.constant(undefined) : fc.constant(chosen),
      initContainers: sometimes(containers(names, ['init', 'native'], 0), 1),
      containers: containers(names, ['app', 'sidecar', 'third'], 1),
    }),
  });
});

/** The same pods for the same seed. */
export function randomPods(count: number, seed: number): KubernetesJson[] {
  return fc.sample(pod, { numRuns: count, seed }).map((body, index) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    ...body,
    metadata: { ...body.metadata, name: `random-${String(index)}` },
  }));
}
