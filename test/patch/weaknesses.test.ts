// The weaknesses of amazon-eks-pod-identity-webhook that concern the patch, the protocol or the mapping, each with our better
// behaviour. The numbers are those of docs/comparison/patch.md.
import fastJsonPatch from 'fast-json-patch';
import {
  applyPodPatch,
  computePodPatch,
  parsePodIdentityAssociations,
  parseRoleMappings,
  reviewPod,
  type MutationOutcome,
  type PodMutation,
} from 'irsa/patch';
import { describe, expect, it } from 'vitest';
import { structuralFaults } from './arbitrary-pod.js';
import { account, deepFreeze, patchIn, podOf, recorded, roleArn, type Json } from './support.js';

const tokenPath = '/var/run/secrets/eks.amazonaws.com/serviceaccount';

const decide = (pod: Json, more: Partial<PodMutation> = {}): MutationOutcome =>
  computePodPatch({
    pod: deepFreeze(pod),
    namespace: 'default',
    serviceAccount: account(),
    ...more,
  });

const mutated = (pod: Json, more: Partial<PodMutation> = {}): Json => {
  const outcome = decide(pod, more);
  if (outcome.kind !== 'mutated')
    throw new Error(`expected a patch, got ${JSON.stringify(outcome)}`);
  return { ...outcome, pod: applyPodPatch(pod, outcome.patch) };
};

const envOf = (pod: Json, index = 0): Record<string, string> =>
  Object.fromEntries(pod.spec.containers[index].env.map(({ name, value }: Json) => [name, value]));

const volume = (name: string, audience = 'sts.amazonaws.com'): Json => ({
  name,
  projected: { sources: [{ serviceAccountToken: { audience, path: 'token' } }] },
});

const associations = parsePodIdentityAssociations({
  identities: [{ namespace: 'default', serviceAccount: 's3-echoer' }],
});

const review = (more: object = {}): Json => ({
  kind: 'AdmissionReview',
  apiVersion: 'admission.k8s.io/v1',
  request: { uid: 'u', namespace: 'default', operation: 'CREATE', object: podOf(), ...more },
});
const context = { findServiceAccount: (): Json => account() };

describe('A. correctness of the patch', () => {
  it('§2.1 fields that no Kubernetes has yet survive (#114, #84, #165, #168, #208, kops#16802)', () => {
    const container = {
      name: 'app',
      volumeMounts: [{ name: 'd', mountPath: '/d', bindMountOptions: ['x'] }],
      livenessProbe: { grpc: { port: 1, mode: 'TLS' } },
      newField: { a: 1 },
    };
    const { pod, patch } = mutated(podOf([container], { volumes: [{ name: 'd', emptyDir: {} }] }));
    const { volumeMounts, livenessProbe, newField } = pod.spec.containers[0];
    expect({ livenessProbe, newField, mount: volumeMounts[0] }).toEqual({
      livenessProbe: container.livenessProbe,
      newField: container.newField,
      mount: container.volumeMounts[0],
    });
    expect(patch.map(({ path }: Json) => path)).toEqual([
      '/spec/volumes/-',
      '/spec/containers/0/env',
      '/spec/containers/0/volumeMounts/-',
    ]);
  });

  it('§2.2 no patch when nothing changes', () => {
    const { pod } = mutated(podOf());
    expect(decide(pod)).toEqual({ kind: 'skipped', reason: 'already-injected', warnings: [] });
    expect(reviewPod(review({ object: pod }), context).response.patch).toBeUndefined();
  });

  it('§2.3 a mount of the user’s own at our path does not make the pod invalid (#159, azwi#357)', () => {
    const given = podOf([{ name: 'app', volumeMounts: [{ name: 'own', mountPath: tokenPath }] }], {
      volumes: [{ name: 'own', emptyDir: {} }],
    });
    expect(recorded('api-server-verdicts')['duplicate-mount-path'].message).toContain(
      'must be unique',
    );
    const { pod, warnings } = mutated(given);
    expect(structuralFaults(pod)).toEqual([]);
    expect(envOf(pod)['AWS_WEB_IDENTITY_TOKEN_FILE']).toBe(`${tokenPath}-2/token`);
    expect(warnings[0]).toContain("mount at the token's path");
  });

  it('§2.4 a volume of our name that holds no token is not taken for ours', () => {
    const { pod, warnings } = mutated(
      podOf([{ name: 'app' }], { volumes: [{ name: 'aws-iam-token', emptyDir: {} }] }),
    );
    expect(pod.spec.volumes.map(({ name }: Json) => name)).toEqual([
      'aws-iam-token',
      'aws-iam-token-2',
    ]);
    expect(pod.spec.containers[0].volumeMounts[0].name).toBe('aws-iam-token-2');
    expect(warnings[0]).toContain('is not our token');
    const other = mutated(
      podOf([{ name: 'app' }], { volumes: [volume('aws-iam-token', 'vault')] }),
    );
    expect(other.pod.spec.containers[0].volumeMounts[0].name).toBe('aws-iam-token-2');
  });

  it('§2.5 a container with its own role still gets token file and mount (#63, #32, #154, #20, #82)', () => {
    const env = [
      { name: 'AWS_ROLE_ARN', value: 'arn:aws:iam::111122223333:role/own' },
      { name: 'AWS_REGION', value: 'x' },
      { name: 'AWS_STS_REGIONAL_ENDPOINTS', value: 'regional' },
    ];
    const { pod } = mutated(podOf([{ name: 'app', env }]));
    expect(envOf(pod)).toMatchObject({
      AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/own',
      AWS_WEB_IDENTITY_TOKEN_FILE: `${tokenPath}/token`,
    });
    expect(pod.spec.containers[0].volumeMounts).toHaveLength(1);
  });

  it('§2.6 no region over what envFrom may bring, unless it is annotated (#248, #238, #192)', () => {
    const given = podOf([{ name: 'app', envFrom: [{ configMapRef: { name: 'c' } }] }]);
    const settings = { region: 'eu-west-1' };
    const { pod, warnings } = mutated(given, { settings });
    expect(envOf(pod)).not.toHaveProperty('AWS_REGION');
    expect(warnings[0]).toContain('envFrom');
    const serviceAccount = account({ 'role-arn': roleArn, region: 'eu-central-1' });
    expect(envOf(mutated(given, { settings, serviceAccount }).pod)['AWS_REGION']).toBe(
      'eu-central-1',
    );
  });

  it('§2.7 our variables come first, so that $(AWS_REGION) resolves', () => {
    const env = [{ name: 'BUCKET', value: 'data-$(AWS_REGION)' }];
    const { pod } = mutated(podOf([{ name: 'app', env }]), { settings: { region: 'eu-west-1' } });
    const names = pod.spec.containers[0].env.map(({ name }: Json) => name);
    expect(names.indexOf('AWS_REGION')).toBeLessThan(names.indexOf('BUCKET'));
    expect(names.at(-1)).toBe('BUCKET');
  });

  it('§2.8 one region variable of the user’s own fills the other (#40)', () => {
    const settings = { region: 'eu-west-1' };
    const one = mutated(
      podOf([{ name: 'app', env: [{ name: 'AWS_REGION', value: 'us-east-1' }] }]),
      { settings },
    );
    expect(envOf(one.pod)['AWS_DEFAULT_REGION']).toBe('us-east-1');
    const other = mutated(
      podOf([{ name: 'app', env: [{ name: 'AWS_DEFAULT_REGION', value: 'us-east-2' }] }]),
      { settings },
    );
    expect(envOf(other.pod)['AWS_REGION']).toBe('us-east-2');
  });

  it('§2.9 Windows by spec.os.name and required node affinity (#57)', () => {
    const expression = { key: 'kubernetes.io/os', operator: 'In', values: ['windows'] };
    const affinity = {
      nodeAffinity: {
        requiredDuringSchedulingIgnoredDuringExecution: {
          nodeSelectorTerms: [{ matchExpressions: [expression] }],
        },
      },
    };
    for (const more of [
      { os: { name: 'windows' } },
      { affinity },
      { nodeSelector: { 'kubernetes.io/os': 'windows' } },
    ]) {
      const { pod } = mutated(podOf([{ name: 'app' }], more));
      expect(envOf(pod)['AWS_WEB_IDENTITY_TOKEN_FILE']).toBe(
        'C:\\var\\run\\secrets\\eks.amazonaws.com\\serviceaccount\\token',
      );
    }
    const windows = recorded('windows').request.object;
    expect(mutated(windows).injection.tokenFile).toMatch(/^C:\\/);
  });

  it('§2.10 spec.serviceAccountName, then spec.serviceAccount, then default', () => {
    const asked: string[] = [];
    for (const spec of [
      { serviceAccountName: 'a', serviceAccount: 'b' },
      { serviceAccount: 'b' },
      {},
    ]) {
      reviewPod(review({ object: { spec: { ...spec, containers: [] } } }), {
        findServiceAccount: (_, name) => {
          asked.push(name);
          return undefined;
        },
      });
    }
    expect(asked).toEqual(['a', 'b', 'default']);
  });

  it('§2.11 ephemeral containers are completed from the token that is there', () => {
    const given = recorded('ephemeral-containers');
    const { object } = given.request;
    const withoutToken = reviewPod(given, context);
    expect(withoutToken.response).toMatchObject({
      allowed: true,
      auditAnnotations: { outcome: 'skipped', reason: 'no-token-volume' },
    });
    object.spec.volumes.push(volume('aws-iam-token'));
    given.request.oldObject.spec.volumes.push(volume('aws-iam-token'));
    const patch = patchIn(reviewPod(given, context));
    const { newDocument: pod } = fastJsonPatch.applyPatch(structuredClone(object), patch);
    const isOld = ({ name }: Json): boolean =>
      (given.request.oldObject.spec.ephemeralContainers ?? []).some(
        (old: Json) => old.name === name,
      );
    for (const container of pod.spec.ephemeralContainers) {
      const names = (container.env ?? []).map(({ name }: Json) => name);
      expect(names.includes('AWS_ROLE_ARN')).toBe(!isOld(container));
    }
    expect({ ...pod.spec, ephemeralContainers: 0 }).toEqual({
      ...object.spec,
      ephemeralContainers: 0,
    });
  });

  it('§2.12 what would win over the injected identity is warned about', () => {
    const withKeys = podOf([
      { name: 'app', env: [{ name: 'AWS_ACCESS_KEY_ID', value: 'AKIAIOSFODNN7EXAMPLE' }] },
    ]);
    expect(mutated(withKeys).warnings).toEqual([
      'container "app" sets AWS_ACCESS_KEY_ID: SDKs prefer it to the injected identity',
    ]);
    const withProfile = podOf([{ name: 'app', env: [{ name: 'AWS_PROFILE', value: 'x' }] }]);
    expect(mutated(withProfile).warnings[0]).toContain('AWS_PROFILE');
    const withRole = podOf([{ name: 'app', env: [{ name: 'AWS_ROLE_ARN', value: 'x' }] }]);
    const both = mutated(withRole, { podIdentityAssociations: associations });
    expect(both.injection.method).toBe('container-credentials');
    expect(both.warnings.join()).toContain('the association is used');
    expect(both.warnings.join()).toContain('sets AWS_ROLE_ARN');
  });

  it('§2.13 the label keeps the user’s value, and no label without a container', () => {
    const podIdentityAssociations = associations;
    const labels = { 'eks.amazonaws.com/pod-identity': 'disabled' };
    const kept = mutated({ ...podOf(), metadata: { labels } }, { podIdentityAssociations });
    expect(kept.pod.metadata.labels).toEqual(labels);
    const annotations = { 'eks.amazonaws.com/skip-containers': 'app' };
    expect(
      decide({ ...podOf(), metadata: { annotations } }, { podIdentityAssociations }),
    ).toMatchObject({
      reason: 'no-container-selected',
    });
  });

  it('§2.14 skip-containers is trimmed, read from the ServiceAccount too, and unknown names are reported (#93, #123, #147, #77)', () => {
    const containers = [{ name: 'a' }, { name: 'b' }, { name: 'c' }];
    const skip = (value: string, where: 'pod' | 'account'): Json =>
      where === 'pod'
        ? mutated({
            ...podOf(containers),
            metadata: { annotations: { 'eks.amazonaws.com/skip-containers': value } },
          })
        : mutated(podOf(containers), {
            serviceAccount: account({ 'role-arn': roleArn, 'skip-containers': value }),
          });
    for (const where of ['pod', 'account'] as const) {
      const { pod, warnings } = skip('a, b ,zz', where);
      expect(pod.spec.containers.map((one: Json) => one.env !== undefined)).toEqual([
        false,
        false,
        true,
      ]);
      expect(warnings).toEqual(['there is no container "zz", which an annotation names']);
    }
    const include = account({ 'role-arn': roleArn, 'include-containers': 'b' });
    const { pod } = mutated(podOf(containers), { serviceAccount: include });
    expect(pod.spec.containers.map((one: Json) => one.env !== undefined)).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('§2.15 a lifetime is kept within what API server and EKS accept, and said so (#155, #105, #254)', () => {
    for (const [value, used] of [
      ['5', 600],
      ['99999999999', 86_400],
      ['-1', 600],
    ] as const) {
      const { pod, warnings } = mutated(podOf(), {
        serviceAccount: account({ 'role-arn': roleArn, 'token-expiration': value }),
      });
      expect(pod.spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds).toBe(
        used,
      );
      expect(warnings[0]).toContain('out of bounds');
    }
  });

  it.each([
    ['an UPDATE of the pod', { operation: 'UPDATE' }, 'operation-not-handled'],
    [
      'a DELETE',
      { operation: 'DELETE', object: null, oldObject: podOf() },
      'operation-not-handled',
    ],
    ['a CONNECT', { operation: 'CONNECT', subResource: 'exec' }, 'operation-not-handled'],
    ['the status', { operation: 'UPDATE', subResource: 'status' }, 'operation-not-handled'],
    ['a binding', { subResource: 'binding' }, 'operation-not-handled'],
    ['a Deployment', { kind: { group: 'apps', version: 'v1', kind: 'Deployment' } }, 'not-a-pod'],
    [
      'a Pod of another group',
      { kind: { group: 'example.com', version: 'v1', kind: 'Pod' } },
      'not-a-pod',
    ],
    ['a Deployment in disguise', { object: { ...podOf(), kind: 'Deployment' } }, 'not-a-pod'],
  ])('§2.16 %s is left alone, with a reason', (_, request, reason) => {
    const { response } = reviewPod(review(request), context);
    expect(response).toMatchObject({ uid: 'u', allowed: true, auditAnnotations: { reason } });
    expect(response.patch).toBeUndefined();
  });
});

describe('B. admission protocol', () => {
  it.each([
    ['no object', { object: undefined }],
    ['a null object', { object: null }],
    ['a text', { object: 'pod' }],
    ['a list', { object: [] }],
    ['a Deployment', { object: { ...podOf(), kind: 'Deployment' } }],
    ['a pod without spec', { object: {} }],
    ['containers that are no list', { object: { spec: { containers: {} } } }],
    ['volumes that are no list', { object: { spec: { containers: [], volumes: 5 } } }],
    ['metadata that is no object', { object: { metadata: 'x', spec: { containers: [] } } }],
    [
      'a ServiceAccount name that is no text',
      { object: { spec: { serviceAccountName: 5, containers: [] } } },
    ],
  ])('§2.17 %s does not deny the pod', (_, request) => {
    const { response } = reviewPod(review(request), context);
    expect(response).toMatchObject({
      uid: 'u',
      allowed: true,
      auditAnnotations: { reason: 'not-a-pod' },
    });
    expect(response.warnings?.[0]).toMatch(/^not mutated/);
  });

  it.each(['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'])(
    '§2.18 every answer to %s has the uid and the TypeMeta that came (#225, #132, #310)',
    (apiVersion) => {
      const requests = [{}, { object: null }, { operation: 'DELETE' }, { object: podOf([]) }];
      for (const request of requests) {
        expect(reviewPod({ ...review(request), apiVersion }, context)).toMatchObject({
          kind: 'AdmissionReview',
          apiVersion,
          response: { uid: 'u', allowed: true },
        });
      }
    },
  );

  it('§2.19 warnings and audit annotations name the reason (#174, #83, #108, #194)', () => {
    const { response } = reviewPod(review(), {
      findServiceAccount: () => account({ 'eks.amazon.com/role-arn': roleArn }),
    });
    expect(response).toMatchObject({
      allowed: true,
      warnings: [
        'annotation "eks.amazon.com/role-arn" is not read: did you mean eks.amazonaws.com/role-arn?',
      ],
      auditAnnotations: { outcome: 'skipped', reason: 'no-role-arn' },
    });
    for (const key of Object.keys(response.auditAnnotations ?? {})) expect(key).not.toContain('/');
    const mutation = reviewPod(review(), context).response.auditAnnotations;
    expect(mutation).toEqual({
      outcome: 'mutated',
      method: 'web-identity',
      source: 'service-account',
      'role-arn': roleArn,
    });
  });

  it('§2.19 warnings stay below what the API server passes on', () => {
    const containers = Array.from({ length: 500 }, (_, index) => ({
      name: `container-with-a-rather-long-name-${index}`,
      env: [{ name: 'AWS_PROFILE', value: 'x' }],
    }));
    const { warnings = [] } = reviewPod(review({ object: podOf(containers) }), context).response;
    expect(warnings.every((warning) => warning.length <= 120)).toBe(true);
    expect(warnings.join('').length).toBeLessThan(4096);
    expect(warnings.at(-1)).toMatch(/\d+ more warnings$/);
  });
});

describe('C. cache and configuration, as far as they are the library’s', () => {
  it('§2.26 a mapping without audience has the default, its lifetime is kept in bounds, its role is checked', () => {
    const of = (entry: object): Partial<PodMutation> => ({
      serviceAccount: undefined,
      roleMappings: parseRoleMappings({ 'default/s3-echoer': entry }),
      settings: { regionalSts: true },
    });
    const { injection } = mutated(podOf(), of({ RoleARN: roleArn, TokenExpiration: 100 }));
    expect(injection).toMatchObject({
      source: 'role-mapping',
      audience: 'sts.amazonaws.com',
      tokenExpirationSeconds: 600,
      regionalSts: true,
    });
    expect(decide(podOf(), of({ RoleARN: 'garbage' }))).toMatchObject({
      reason: 'invalid-role-arn',
    });
  });

  it('§2.28 a wildcard mapping counts in container-credentials mode, too', () => {
    const roleMappings = parseRoleMappings({
      '*/s3-echoer': { RoleARN: roleArn, TokenExpiration: 7200 },
    });
    const { injection } = mutated(podOf(), {
      serviceAccount: undefined,
      roleMappings,
      podIdentityAssociations: associations,
    });
    expect(injection).toMatchObject({
      method: 'container-credentials',
      tokenExpirationSeconds: 7200,
    });
  });

  it('§2.29 annotations of the ServiceAccount win over the mapping one by one', () => {
    const roleMappings = parseRoleMappings({
      'default/s3-echoer': { RoleARN: roleArn, Audience: 'mapped', TokenExpiration: 3600 },
    });
    const { injection } = mutated(podOf(), {
      serviceAccount: account({ audience: 'annotated' }),
      roleMappings,
    });
    expect(injection).toMatchObject({
      roleArn,
      audience: 'annotated',
      tokenExpirationSeconds: 3600,
    });
  });

  it('§2.32 the random draw of a lifetime is an input: equal input, equal patch, within the last two hours (#260)', () => {
    const secondsOf = (jitter: number): number =>
      mutated(podOf(), { podIdentityAssociations: associations, jitter }).injection
        .tokenExpirationSeconds;
    expect(secondsOf(0)).toBe(86_400);
    expect(secondsOf(0.5)).toBe(secondsOf(0.5));
    expect(secondsOf(0.5)).toBe(86_400 - 3600);
    expect(secondsOf(0.999_999_999)).toBe(79_200);
    const serviceAccount = account({ 'token-expiration': '3600' });
    const short = { podIdentityAssociations: associations, jitter: 0.5, serviceAccount };
    expect(mutated(podOf(), short).injection.tokenExpirationSeconds).toBe(3600);
  });

  it('§2.34 role names are completed without any metadata service (#169, #95, #78)', () => {
    const settings = {
      composeRoleArn: { accountId: '111122223333', partition: 'aws-iso-f' },
    } as const;
    const { injection } = mutated(podOf(), {
      serviceAccount: account({ 'role-arn': 'team/reader' }),
      settings,
    });
    expect(injection.roleArn).toBe('arn:aws-iso-f:iam::111122223333:role/team/reader');
  });
});

describe('what users ask for', () => {
  it('AWS_ROLE_SESSION_NAME, opt-in and valid (#112, eks-pod-identity-agent#14)', () => {
    const settings = { roleSessionName: true };
    expect(envOf(mutated(podOf(), { settings }).pod)['AWS_ROLE_SESSION_NAME']).toBe(
      'default.s3-echoer',
    );
    const long = mutated(podOf(), { settings, namespace: 'n'.repeat(63) });
    expect(envOf(long.pod)['AWS_ROLE_SESSION_NAME']).toHaveLength(64);
    const named = account({ 'role-arn': roleArn, 'role-session-name': 'team a/ü' });
    expect(envOf(mutated(podOf(), { serviceAccount: named }).pod)['AWS_ROLE_SESSION_NAME']).toBe(
      'team-a--',
    );
    const short = account({ 'role-arn': roleArn, 'role-session-name': 'a' });
    expect(envOf(mutated(podOf(), { serviceAccount: short }).pod)['AWS_ROLE_SESSION_NAME']).toBe(
      'a-',
    );
  });

  it('a pod-level opt-out label (#215, #216), under the annotation domain as well', () => {
    const labels = { 'eks.amazonaws.com/skip-pod-identity-webhook': '' };
    expect(decide({ ...podOf(), metadata: { labels } })).toMatchObject({ reason: 'opted-out' });
    const own = { 'irsa.example.com/skip-pod-identity-webhook': 'true' };
    const settings = { annotationDomain: 'irsa.example.com' };
    expect(decide({ ...podOf(), metadata: { labels: own } }, { settings })).toMatchObject({
      reason: 'opted-out',
    });
  });

  it('mirror pods stay as they are (kops#13176)', () => {
    const annotations = { 'kubernetes.io/config.mirror': 'x' };
    expect(decide({ ...podOf(), metadata: { annotations } })).toMatchObject({
      reason: 'mirror-pod',
    });
  });

  it('token file mode for containers that do not run as root (#8, #86, pfnet#48)', () => {
    const { pod } = mutated(podOf(), { settings: { tokenFileMode: 0o440 } });
    expect(pod.spec.volumes[0].projected.defaultMode).toBe(0o440);
  });

  it('AWS_ZONE through the downward API (#129)', () => {
    const { pod } = mutated(podOf(), { settings: { zoneVariable: true } });
    expect(pod.spec.containers[0].env.at(-1)).toEqual({
      name: 'AWS_ZONE',
      valueFrom: { fieldRef: { fieldPath: "metadata.labels['topology.kubernetes.io/zone']" } },
    });
    expect(decide(pod, { settings: { zoneVariable: true } })).toMatchObject({
      reason: 'already-injected',
    });
  });

  it('the IPv6 address of EKS Pod Identity (containers-roadmap#2639)', () => {
    const settings = { containerCredentials: { ipFamily: 'ipv6' } } as const;
    const { pod } = mutated(podOf(), { settings, podIdentityAssociations: associations });
    expect(envOf(pod)['AWS_CONTAINER_CREDENTIALS_FULL_URI']).toBe(
      'http://[fd00:ec2::23]/v1/credentials',
    );
  });

  it('a role that cannot be one is refused where settings say so (#200, #167)', () => {
    const settings = { invalidIdentity: 'reject' } as const;
    const serviceAccount = account({ 'role-arn': 'arn:aws:iam::111122223333:user/x' });
    expect(decide(podOf(), { settings, serviceAccount })).toMatchObject({
      kind: 'rejected',
      code: 'ERR_ARN',
    });
    const { response } = reviewPod(review(), {
      findServiceAccount: () => serviceAccount,
      settings,
    });
    expect(response).toMatchObject({
      uid: 'u',
      allowed: false,
      status: { code: 400 },
      auditAnnotations: { outcome: 'rejected', reason: 'ERR_ARN' },
    });
  });

  it('a sidecar that another webhook adds later is completed on reinvocation (#91, #109, azwi#787, #1744)', () => {
    const first = mutated(podOf()).pod;
    first.spec.containers.push({ name: 'istio-proxy' });
    const { patch, pod } = mutated(first);
    expect(patch.every(({ path }: Json) => path.startsWith('/spec/containers/1/'))).toBe(true);
    expect(pod.spec.volumes).toHaveLength(1);
  });
});
