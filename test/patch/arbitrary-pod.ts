import fc from 'fast-check';
import type { Json } from './support.js';

const tokenPath = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
const podIdentityPath = '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount';
const stsToken = {
  serviceAccountToken: { audience: 'sts.amazonaws.com', expirationSeconds: 3600, path: 'token' },
};

const podIdentityToken = {
  serviceAccountToken: { audience: 'pods.eks.amazonaws.com', path: 'eks-pod-identity-token' },
};

/** Volumes that a pod may bring; one by each name at most. */
const volumes: readonly Json[] = [
  { name: 'data', emptyDir: {} },
  { name: 'aws-iam-token', emptyDir: {} },
  { name: 'aws-iam-token', projected: { sources: [stsToken] } },
  { name: 'aws-iam-token-2', secret: { secretName: 's' } },
  {
    name: 'own-token',
    projected: { defaultMode: 288, sources: [{ configMap: { name: 'c' } }, stsToken] },
  },
  { name: 'second-token', projected: { sources: [podIdentityToken, stsToken] } },
  { name: 'eks-pod-identity-token', csi: { driver: 'secrets-store.csi.k8s.io' } },
  { name: 'eks-pod-identity-token', projected: { sources: [podIdentityToken] } },
  {
    name: 'vault-token',
    projected: { sources: [{ serviceAccountToken: { audience: 'vault', path: 'token' } }] },
  },
];

const mountPaths = [
  '/data',
  tokenPath,
  `${tokenPath}/`,
  `${tokenPath}-2`,
  `${tokenPath}/deep`,
  podIdentityPath,
  `${podIdentityPath}-2`,
  `${podIdentityPath}/deep`,
  '/own',
  '/',
  '/var/run',
  '/run/secrets',
];

const variables: readonly Json[] = [
  { name: 'AWS_REGION', value: 'us-east-1' },
  { name: 'AWS_DEFAULT_REGION', valueFrom: { configMapKeyRef: { name: 'c', key: 'r' } } },
  { name: 'AWS_ROLE_ARN', value: 'arn:aws:iam::111122223333:role/own' },
  { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: '/own/token' },
  { name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'legacy' },
  { name: 'AWS_ACCESS_KEY_ID', value: 'x' },
  { name: 'BUCKET', value: 's3://$(AWS_REGION)' },
];

const container = (volumeNames: readonly string[]): fc.Arbitrary<Json> =>
  fc.record(
    {
      image: fc.constantFrom('busybox', 'app:1'),
      env: fc.subarray([...variables]),
      envFrom: fc.constant([{ configMapRef: { name: 'c' } }]),
      volumeMounts: fc
        .tuple(
          fc.subarray(mountPaths, { maxLength: 5 }),
          fc.array(fc.nat(), { minLength: 5, maxLength: 5 }),
          fc.array(fc.constantFrom({}, {}, {}, { subPath: 'x' }, { readOnly: true }), {
            minLength: 5,
            maxLength: 5,
          }),
        )
        .map(([paths, choices, more]) =>
          volumeNames.length === 0
            ? []
            : paths.map((mountPath, index) => ({
                name: volumeNames[choices[index]! % volumeNames.length],
                mountPath,
                ...more[index],
              })),
        ),
      fieldOfTomorrow: fc.constant({ kept: [1, { '~/': null }] }),
    },
    { requiredKeys: ['image'] },
  );

const pod = fc
  .shuffledSubarray([...volumes])
  .chain((chosen) => {
    const unique = chosen.filter(
      (volume, index) => chosen.findIndex(({ name }) => name === volume.name) === index,
    );
    const names = unique.map(({ name }) => name as string);
    return fc.record(
      {
        metadata: fc.record(
          {
            labels: fc.constantFrom<Json>(
              {},
              { app: 'x' },
              { 'eks.amazonaws.com/pod-identity': 'disabled' },
            ),
            annotations: fc.record(
              {
                'eks.amazonaws.com/skip-containers': fc.constantFrom('c1', ' c0 , i0', 'none', ''),
                'eks.amazonaws.com/include-containers': fc.constantFrom('c0', 'c0,c1'),
                'eks.amazonaws.com/token-expiration': fc.constantFrom('900', '5', 'x', '999999'),
                'eks.amazonaws.com/region': fc.constantFrom('eu-west-1', 'EU'),
              },
              { requiredKeys: [] },
            ),
          },
          { requiredKeys: [] },
        ),
        spec: fc.record(
          {
            serviceAccountName: fc.constant('s3-echoer'),
            containers: fc.array(container(names), { minLength: 1, maxLength: 4 }),
            initContainers: fc.array(container(names), { maxLength: 2 }),
            volumes: fc.constant(unique),
            nodeSelector: fc.constantFrom({ 'kubernetes.io/os': 'windows' }, { a: 'b' }),
          },
          { requiredKeys: ['containers'] },
        ),
      },
      { requiredKeys: ['spec'] },
    );
  })
  .map((value: Json): Json => {
    const copy = structuredClone(value);
    copy.spec.containers.forEach((one: Json, index: number) => (one.name = `c${index}`));
    (copy.spec.initContainers ?? []).forEach(
      (one: Json, index: number) => (one.name = `i${index}`),
    );
    // A mount needs its volume.
    if (copy.spec.volumes === undefined) {
      for (const one of [...copy.spec.containers, ...(copy.spec.initContainers ?? [])]) {
        delete one.volumeMounts;
      }
    }
    return copy;
  });

/** Pods that the API server accepts, with whatever may be in a mutation's way. */
export const arbitraryPod: fc.Arbitrary<Json> = pod;

const defined = (name: string, type: fc.Arbitrary<Json>): Record<string, fc.Arbitrary<Json>> => ({
  [name]: type,
});

/** Settings and surroundings under which such a pod is mutated. */
export const arbitrarySurroundings: fc.Arbitrary<Json> = fc.record({
  settings: fc.record(
    {
      ...defined('region', fc.constantFrom('eu-west-1', 'us-gov-west-1')),
      ...defined('regionalSts', fc.boolean()),
      ...defined('roleSessionName', fc.boolean()),
      ...defined('zoneVariable', fc.boolean()),
      ...defined('tokenFileMode', fc.constant(0o440)),
    },
    { requiredKeys: [] },
  ),
  associated: fc.boolean(),
});

/** What the API server's validation asks of a pod's structure, as far as mutation could break it; see api-server-verdicts.json. */
export const structuralFaults = (value: Json): string[] => {
  const faults: string[] = [];
  const names = new Set<string>();
  for (const volume of value.spec.volumes ?? []) {
    if (names.has(volume.name)) faults.push(`volume ${volume.name} twice`);
    if (!/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(volume.name))
      faults.push(`volume name ${volume.name}`);
    names.add(volume.name);
    for (const source of volume.projected?.sources ?? []) {
      const { expirationSeconds: seconds, path } = source.serviceAccountToken ?? {};
      if (seconds !== undefined && (seconds < 600 || seconds > 2 ** 32))
        faults.push(`lifetime ${seconds}`);
      if (path?.includes('..')) faults.push(`token path ${path}`);
    }
  }
  for (const one of [
    ...value.spec.containers,
    ...(value.spec.initContainers ?? []),
    ...(value.spec.ephemeralContainers ?? []),
  ]) {
    const paths = new Set<string>();
    for (const mount of one.volumeMounts ?? []) {
      if (!names.has(mount.name)) faults.push(`mount without volume ${mount.name}`);
      if (paths.has(mount.mountPath)) faults.push(`${mount.mountPath} must be unique`);
      paths.add(mount.mountPath);
    }
    for (const variable of one.env ?? []) {
      if (!/^[-._a-zA-Z][-._a-zA-Z0-9]*$/.test(variable.name))
        faults.push(`variable ${variable.name}`);
      if (variable.value !== undefined && variable.valueFrom !== undefined)
        faults.push('value and valueFrom');
    }
  }
  return faults;
};
