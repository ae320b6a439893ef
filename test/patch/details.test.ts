// Corners that no case of the table and no weakness names.
import {
  applyPodPatch,
  computePodPatch,
  parsePodIdentityAssociations,
  parseRoleMappings,
  reviewPod,
  type MutationOutcome,
} from 'irsa/patch';
import { describe, expect, it } from 'vitest';
import { account, deepFreeze, podOf, roleArn, type Json } from './support.js';

const tokenPath = '/var/run/secrets/eks.amazonaws.com/serviceaccount';

const decide = (pod: Json): MutationOutcome =>
  computePodPatch({ pod: deepFreeze(pod), namespace: 'default', serviceAccount: account() });

const tokenFileOf = (pod: Json): string => {
  const outcome = decide(pod);
  if (outcome.kind !== 'mutated') throw new Error(`expected a patch, got ${outcome.kind}`);
  return outcome.injection.tokenFile;
};

describe('what cannot be a pod', () => {
  it.each<readonly [string, Json]>([
    ['the object', []],
    ['spec', { spec: 'x' }],
    ['metadata', { metadata: [], spec: {} }],
    ['spec.volumes', { spec: { volumes: {} } }],
    ['spec.initContainers', { spec: { initContainers: 5 } }],
    ['spec.containers', { spec: { containers: 'x' } }],
    ['spec.serviceAccountName', { spec: { serviceAccountName: 5 } }],
    ['spec.serviceAccount', { spec: { serviceAccount: {} } }],
  ])('names %s', (field, pod) => {
    expect(decide(pod)).toEqual({
      kind: 'skipped',
      reason: 'not-a-pod',
      warnings: [`not mutated: ${field} has a type that a Pod cannot have there`],
    });
  });

  it('null stands for an absent field', () => {
    const pod = { metadata: null, spec: { containers: [{ name: 'a' }], volumes: null } };
    expect(decide({ ...pod, kind: null }).kind).toBe('mutated');
  });
});

describe('required node affinity', () => {
  const affinity = (...terms: Json[]): Json => ({
    nodeAffinity: {
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: terms.map((matchExpressions) => ({ matchExpressions })),
      },
    },
  });
  const os = { key: 'kubernetes.io/os', operator: 'In', values: ['windows'] };
  const zone = { key: 'topology.kubernetes.io/zone', operator: 'In', values: ['windows'] };

  it.each<readonly [string, Json, boolean]>([
    ['one term for Windows', affinity([os]), true],
    ['the older key', affinity([{ ...os, key: 'beta.kubernetes.io/os' }]), true],
    ['beside another expression', affinity([zone, os]), true],
    ['each of two terms', affinity([os], [os, zone]), true],
    ['one of two terms only', affinity([os], [zone]), false],
    ['another key', affinity([zone]), false],
    ['another operator', affinity([{ ...os, operator: 'NotIn' }]), false],
    ['no values', affinity([{ ...os, values: [] }]), false],
    ['Linux as well', affinity([{ ...os, values: ['windows', 'linux'] }]), false],
    ['an empty term', affinity([]), false],
    ['no terms', affinity(), false],
    ['only a preference', { nodeAffinity: {} }, false],
    ['pod affinity only', { podAffinity: {} }, false],
  ])('%s', (_, wanted, isWindows) => {
    const file = tokenFileOf(podOf([{ name: 'app' }], { affinity: wanted }));
    expect(file.startsWith('C:\\')).toBe(isWindows);
  });

  it('spec.os.name decides before everything else', () => {
    const more = { os: { name: 'linux' }, affinity: affinity([os]) };
    expect(tokenFileOf(podOf([{ name: 'app' }], more))).toBe(`${tokenPath}/token`);
  });
});

describe('what is in the way', () => {
  it('a block device elsewhere is not', () => {
    const volumeDevices = [{ name: 'd', devicePath: '/dev/xvda' }, null];
    expect(tokenFileOf(podOf([{ name: 'app', volumeDevices }]))).toBe(`${tokenPath}/token`);
  });

  it('a mount beside our path is not', () => {
    const volumeMounts = [
      { name: 'd', mountPath: '/var/run/secrets/somewhere-else-that-is-longer-than-ours' },
    ];
    const volumes = [{ name: 'd', emptyDir: {} }];
    expect(tokenFileOf(podOf([{ name: 'app', volumeMounts }], { volumes }))).toBe(
      `${tokenPath}/token`,
    );
  });

  it.each<readonly [string, string, Json, Json, string]>([
    ['a secret', '/run/secrets', {}, { secret: {} }, '/aws-iam-token'],
    ['a config map', '/var/run/secrets/', {}, { configMap: {} }, '/aws-iam-token'],
    ['a read-only claim', '/var/run', { readOnly: true }, { nfs: {} }, '/aws-iam-token'],
    ['a writable claim', '/var/run', { readOnly: false }, { nfs: {} }, tokenPath],
    ['a secret, with a slash at the end,', '/run/', {}, { secret: {} }, '/aws-iam-token'],
    ['a secret over everything', '/', {}, { secret: {} }, tokenPath],
    ['a volume that is not there', '/var/run', { name: 'x' }, { secret: {} }, tokenPath],
    ['a secret beside our path', '/var/run/secrets/x', {}, { secret: {} }, tokenPath],
    ['a secret in a folder named like ours', '/ru', {}, { secret: {} }, tokenPath],
  ])('%s mounted at %s', (_, mountPath, mount, kind, expected) => {
    const volumeMounts = [{ name: 'd', mountPath, ...mount }];
    const volumes = [{ name: 'd', ...kind }];
    const outcome: Json = decide(podOf([{ name: 'app', volumeMounts }], { volumes }));
    expect(outcome.patch.at(-1).value.mountPath).toBe(expected);
    expect(outcome.patch.at(-2).value.at(-1).value).toBe(`${expected}/token`);
    expect(outcome.warnings).toHaveLength(expected === tokenPath ? 0 : 1);
  });

  it('the way round a read-only mount is free itself', () => {
    const volumeMounts = [
      { name: 'd', mountPath: '/run' },
      { name: 'd', mountPath: '/var/run' },
      { name: 'd', mountPath: '/aws-iam-token' },
      { name: 'd', mountPath: tokenPath },
    ];
    const volumes = [{ name: 'd', secret: {} }];
    const outcome: Json = decide(podOf([{ name: 'app', volumeMounts }], { volumes }));
    expect(outcome.patch.at(-1).value.mountPath).toBe('/aws-iam-token-2');
    expect(outcome.warnings).toEqual([
      'container "app" has a read-only mount above the token: it is at /aws-iam-token-2',
    ]);
  });

  it('where settings mount below /run, /var/run is on the way as well', () => {
    const volumes = [{ name: 'd', secret: {} }];
    const volumeMounts = [{ name: 'd', mountPath: '/var/run' }];
    const outcome: Json = computePodPatch({
      pod: podOf([{ name: 'app', volumeMounts }], { volumes }),
      namespace: 'default',
      serviceAccount: account(),
      settings: { tokenMountPath: '/run/tokens' },
    });
    expect(outcome.patch.at(-1).value.mountPath).toBe('/aws-iam-token');
  });

  it('of several volumes with our token, the one that a container mounts serves it', () => {
    const serviceAccountToken = { audience: 'sts.amazonaws.com', path: 'token' };
    const projected = { sources: [{ serviceAccountToken }] };
    const volumes = ['one', 'two'].map((name) => ({ name, projected }));
    const volumeMounts = [{ name: 'two', mountPath: '/two' }];
    const outcome: Json = decide(
      podOf([{ name: 'app', volumeMounts }, { name: 'bare' }], { volumes }),
    );
    expect(outcome.patch.map(({ path, value }: Json) => [path, value.at(-1)])).toEqual([
      ['/spec/containers/0/env', { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: '/two/token' }],
      [
        '/spec/containers/1/env',
        { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: `${tokenPath}/token` },
      ],
      ['/spec/containers/1/volumeMounts', { name: 'one', mountPath: tokenPath, readOnly: true }],
    ]);
    expect(outcome.warnings).toEqual([]);
  });

  it('a token seen through a sub-path would not be renewed: the volume is mounted again', () => {
    const serviceAccountToken = { audience: 'sts.amazonaws.com', path: 'token' };
    const volumes = [{ name: 'own', projected: { sources: [{ serviceAccountToken }] } }];
    for (const part of [{ subPath: 'token' }, { subPathExpr: '$(X)' }]) {
      const volumeMounts = [{ name: 'own', mountPath: '/t', ...part }];
      const outcome = decide(podOf([{ name: 'app', volumeMounts }], { volumes }));
      expect(outcome.kind === 'mutated' && outcome.patch.at(-1)).toEqual({
        op: 'add',
        path: '/spec/containers/0/volumeMounts/-',
        value: { name: 'own', mountPath: tokenPath, readOnly: true },
      });
    }
  });

  it.each<readonly [string, string, string]>([
    ['windows', 'C:\\tok', 'C:\\tok\\token'],
    ['windows', 'd:\\my\\tok\\', 'd:\\my\\tok\\token'],
    ['windows', '\\tok', 'C:\\tok\\token'],
    ['windows', 'tok', 'C:\\tok\\token'],
    ['windows', '/my/tok/', 'C:\\my\\tok\\token'],
    ['linux', '/my//tok/', '/my/tok/token'],
    ['linux', 'tok', '/tok/token'],
    ['linux', '/a\\b', '/a\\b/token'],
  ])('on %s, a token of the user’s own mounted at %s is named %s', (os, mountPath, tokenFile) => {
    const serviceAccountToken = { audience: 'sts.amazonaws.com', path: 'token' };
    const volumes = [{ name: 'own', projected: { sources: [{ serviceAccountToken }] } }];
    const volumeMounts = [{ name: 'own', mountPath }];
    const outcome: Json = decide(
      podOf([{ name: 'app', volumeMounts }], { volumes, os: { name: os } }),
    );
    expect(outcome.patch).toEqual([
      {
        op: 'add',
        path: '/spec/containers/0/env',
        value: [
          { name: 'AWS_ROLE_ARN', value: roleArn },
          { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: tokenFile },
        ],
      },
    ]);
  });

  it('a volume with our token and no name cannot be mounted', () => {
    const serviceAccountToken = { audience: 'sts.amazonaws.com', path: 'token' };
    const projected = { sources: [{ serviceAccountToken }] };
    for (const name of [undefined, '', 5]) {
      const outcome = decide(podOf([{ name: 'app' }], { volumes: [{ name, projected }] }));
      expect(outcome).toMatchObject({ injection: { tokenVolumeName: 'aws-iam-token' } });
      expect(outcome.kind === 'mutated' && outcome.patch[0]?.path).toBe('/spec/volumes/-');
    }
  });
});

describe('variables of a container’s own', () => {
  const warningsFor = (env: Json[], more: Json = {}): readonly string[] => {
    const outcome: Json = computePodPatch({
      pod: podOf([{ name: 'app', env }]),
      namespace: 'default',
      serviceAccount: account(),
      ...more,
    });
    return outcome.warnings;
  };
  const podIdentityAssociations = { size: 1, has: () => true };

  it.each(['AWS_ACCESS_KEY_ID', 'AWS_PROFILE'])('%s without a value wins over nothing', (name) => {
    expect(warningsFor([{ name }])).toEqual([]);
    expect(warningsFor([{ name, value: '' }])).toEqual([]);
    expect(warningsFor([{ name, value: 'x' }])).toHaveLength(1);
    expect(warningsFor([{ name, valueFrom: { secretKeyRef: {} } }])).toHaveLength(1);
  });

  it('another token file is said to be read instead of ours', () => {
    const name = 'AWS_WEB_IDENTITY_TOKEN_FILE';
    const warning = `container "app" sets ${name}: SDKs read that file, not the injected`;
    expect(warningsFor([{ name, value: '/own/token' }])).toEqual([warning]);
    expect(warningsFor([{ name, valueFrom: {} }])).toEqual([warning]);
    expect(warningsFor([{ name, value: `${tokenPath}//token` }])).toEqual([]);
    const agent = 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE';
    expect(warningsFor([{ name: agent, value: '/own/token' }])).toEqual([]);
    expect(
      warningsFor([{ name: agent, value: '/own/token' }], { podIdentityAssociations }).slice(1),
    ).toEqual([warning.replace(name, agent)]);
  });
});

describe('names that are missing', () => {
  it('a container without a name is completed, and called by what it has', () => {
    const env = [{ name: 'AWS_PROFILE', value: 'x' }];
    expect(decide(podOf([{ env }]))).toMatchObject({
      kind: 'mutated',
      warnings: ['container "undefined" sets AWS_PROFILE: SDKs prefer it to the injected identity'],
    });
  });

  it('eks: variables, mounts and volumes without a name are passed over', () => {
    const container = { name: 'app', env: [{}, null], volumeMounts: [{}] };
    const outcome = computePodPatch({
      pod: deepFreeze(podOf([container], { volumes: [{}] })),
      namespace: 'default',
      serviceAccount: account(),
      settings: { behavior: 'eks' },
    });
    expect(outcome.kind === 'mutated' && outcome.patch.map(({ path }) => path)).toEqual([
      '/spec/volumes/0',
      '/spec/containers/0/env/-',
      '/spec/containers/0/env/-',
      '/spec/containers/0/volumeMounts/-',
    ]);
  });
});

describe('spellings', () => {
  const outcomeOf = (annotations: Record<string, string>, more: Json = {}): Json =>
    computePodPatch({
      pod: podOf([{ name: 'a' }, { name: 'b' }]),
      namespace: 'default',
      serviceAccount: account({ 'role-arn': roleArn, ...annotations }),
      ...more,
    });

  it.each([
    '//var/run/secrets//eks.amazonaws.com/serviceaccount',
    `${tokenPath}//`,
    '/var/run/./secrets/eks.amazonaws.com/serviceaccount',
    '/x/../var/run/secrets/eks.amazonaws.com/serviceaccount/.',
    // kubelet puts the slash before.
    'var/run/secrets/eks.amazonaws.com/serviceaccount',
    'C:\\var\\run\\secrets\\eks.amazonaws.com\\serviceaccount',
    '\\var\\run\\secrets\\eks.amazonaws.com\\serviceaccount\\',
  ])('a mount at %s is one at our path', (mountPath) => {
    const volumeMounts = [{ name: 'own', mountPath }];
    const volumes = [{ name: 'own', emptyDir: {} }];
    const outcome: Json = decide(podOf([{ name: 'app', volumeMounts }], { volumes }));
    expect(outcome.patch.at(-1).value.mountPath).toBe(`${tokenPath}-2`);
  });

  it.each(['"a"', ' "a" ', '" a "', '"a",x-"b"'])('skip-containers %s names a alone', (names) => {
    const paths = outcomeOf({ 'skip-containers': names }).patch.map(({ path }: Json) => path);
    expect(paths.filter((path: string) => path.includes('containers'))).toEqual([
      '/spec/containers/1/env',
      '/spec/containers/1/volumeMounts',
    ]);
  });

  it('a region must be one from begin to end', () => {
    expect(outcomeOf({ region: 'eu-west-1 x' }).warnings).toEqual([
      'region "eu-west-1 x" is no AWS region: ignored',
    ]);
  });

  it('a role name may begin with slashes, and a mapped role with blanks', () => {
    const settings = { composeRoleArn: { accountId: '111122223333', partition: 'aws' } };
    const composed = outcomeOf({ 'role-arn': '//team/reader' }, { settings });
    expect(composed.injection.roleArn).toBe('arn:aws:iam::111122223333:role/team/reader');
    const roleMappings = parseRoleMappings({ 'default/s3-echoer': { RoleARN: ` ${roleArn} ` } });
    const mapped = computePodPatch({ pod: podOf(), namespace: 'default', roleMappings });
    expect(mapped).toMatchObject({ injection: { roleArn } });
  });

  it.each([
    ['team a/ü', 'team-a--'],
    ['a', 'a-'],
    ['x'.repeat(65), 'x'.repeat(64)],
  ])(
    'a role-session-name %s that STS would refuse is made to fit, and that is said',
    (name, used) => {
      const outcome = outcomeOf({ 'role-session-name': name });
      expect(JSON.stringify(outcome.patch)).toContain(
        `{"name":"AWS_ROLE_SESSION_NAME","value":"${used}"}`,
      );
      expect(outcome.warnings).toEqual([
        expect.stringMatching(/^role-session-name ".{1,32}" is not 2 to 64 of .*: made to fit$/),
      ]);
      const settings = { invalidIdentity: 'reject' };
      expect(outcomeOf({ 'role-session-name': name }, { settings })).toMatchObject({
        kind: 'rejected',
        code: 'ERR_SETTINGS',
      });
    },
  );

  it('a pod’s region that cannot be leaves the one of its ServiceAccount', () => {
    const outcome: Json = computePodPatch({
      pod: { ...podOf(), metadata: { annotations: { 'eks.amazonaws.com/region': 'EU' } } },
      namespace: 'default',
      serviceAccount: account({ 'role-arn': roleArn, region: 'eu-west-1' }),
      settings: { region: 'us-east-1' },
    });
    expect(outcome.injection.region).toBe('eu-west-1');
    expect(outcome.warnings).toEqual(['region "EU" is no AWS region: ignored']);
  });

  it('an empty role-session-name asks for none', () => {
    const outcome = outcomeOf({ 'role-session-name': '' }, { settings: { roleSessionName: true } });
    expect(JSON.stringify(outcome.patch)).not.toContain('AWS_ROLE_SESSION_NAME');
  });

  it('an annotation may name a container of any kind, in a review of ephemeral ones as well', () => {
    const serviceAccountToken = { audience: 'sts.amazonaws.com', path: 'token' };
    const pod = {
      metadata: { annotations: { 'eks.amazonaws.com/skip-containers': 'proxy,init,zz' } },
      spec: {
        containers: [{ name: 'app' }, { name: 'proxy' }],
        initContainers: [{ name: 'init' }],
        ephemeralContainers: [{ name: 'debug' }],
        volumes: [{ name: 'aws-iam-token', projected: { sources: [{ serviceAccountToken }] } }],
      },
    };
    expect(
      computePodPatch({
        pod,
        oldPod: { ...pod, spec: { ...pod.spec, ephemeralContainers: [] } },
        namespace: 'default',
        serviceAccount: account(),
        subresource: 'ephemeralcontainers',
      }),
    ).toMatchObject({
      kind: 'mutated',
      warnings: ['there is no container "zz", which an annotation names'],
    });
  });

  it('without the pod before, no ephemeral container counts as new: one that runs may not change', () => {
    for (const oldPod of [undefined, null]) {
      const outcome = computePodPatch({
        pod: { spec: { ephemeralContainers: [{ name: 'debug' }] } },
        oldPod,
        namespace: 'default',
        serviceAccount: account(),
        subresource: 'ephemeralcontainers',
      });
      expect(outcome).toEqual({
        kind: 'skipped',
        reason: 'no-container-selected',
        warnings: [
          'not mutated: without the pod before the update no container is known to be new',
        ],
      });
    }
  });

  it('an include-containers without a name leaves none, and that is said', () => {
    for (const names of ['', ' , ']) {
      expect(outcomeOf({ 'include-containers': names })).toEqual({
        kind: 'skipped',
        reason: 'no-container-selected',
        warnings: ['include-containers names no container: none is mutated'],
      });
    }
  });

  it('only an update of ephemeral containers looks at the pod before', () => {
    const oldPod = { spec: { ephemeralContainers: [{ name: 'a' }] } };
    expect(outcomeOf({}, { oldPod }).patch).toHaveLength(5);
  });

  it('labels that are no object stay, and the rest is done', () => {
    const pod = { ...podOf(), metadata: { labels: 'x' } };
    const podIdentityAssociations = { size: 1, has: () => true };
    const outcome: Json = computePodPatch({ pod, namespace: 'default', podIdentityAssociations });
    expect(outcome.patch.map(({ path }: Json) => path)).toEqual([
      '/spec/volumes',
      '/spec/containers/0/env',
      '/spec/containers/0/volumeMounts',
    ]);
  });
});

describe('values that are empty', () => {
  it('eks: a variable without a text has no value, as Go writes it', () => {
    const outcome = computePodPatch({
      pod: deepFreeze(podOf()),
      namespace: 'default',
      podIdentityAssociations: parsePodIdentityAssociations({
        identities: [{ namespace: 'default', serviceAccount: 's3-echoer' }],
      }),
      settings: { behavior: 'eks', containerCredentials: { fullUri: '' } },
    });
    const patch: Json = outcome.kind === 'mutated' ? outcome.patch : [];
    expect(patch.find(({ path }: Json) => path.endsWith('/env')).value[0]).toEqual({
      name: 'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    });
  });
});

describe('values of a patch', () => {
  it('are objects of their own for each container: who changes one changes no other', () => {
    const pod = podOf([{ name: 'a' }, { name: 'b' }, { name: 'c', env: [], volumeMounts: [] }]);
    const outcome = decide(pod);
    if (outcome.kind !== 'mutated') throw new Error('expected a patch');
    const seen = new Set<unknown>();
    const visit = (value: unknown): void => {
      if (typeof value !== 'object' || value === null) return;
      expect(seen.has(value)).toBe(false);
      seen.add(value);
      Object.values(value).forEach(visit);
    };
    outcome.patch.forEach(visit);
    const patched: Json = applyPodPatch(pod, outcome.patch);
    patched.spec.containers[0].env.push({ name: 'X' });
    expect(patched.spec.containers[1].env).toHaveLength(2);
  });
});

describe('annotations that are not ours', () => {
  const warningsOf = (key: string): readonly string[] => {
    const serviceAccount = { metadata: { annotations: { [key]: 'x' } } };
    const outcome = computePodPatch({ pod: podOf(), namespace: 'default', serviceAccount });
    return outcome.kind === 'skipped' ? outcome.warnings : ['not skipped'];
  };

  it.each([
    'vault.example.com/role-arn',
    'x/role-arn',
    'team/rolearn',
    'team/role',
    'role',
    // kube2iam’s and kiam’s, and others that AWS’s own controllers read or write.
    'iam.amazonaws.com/role',
    'iam.amazonaws.com/permitted',
    'vpc.amazonaws.com/role',
    'eks.amazonaws.com/audience',
    'eks.amazonaws.com/token-expiration',
    'eks.amazonaws.com/sts-regional-endpoints',
    'eks.amazonaws.com/skip-containers',
    'eks.amazonaws.com/include-containers',
    'eks.amazonaws.com/region',
    'eks.amazonaws.com/role-session-name',
    'eks.amazonaws.com/skip-pod-identity-webhook',
    'eks.amazonaws.com/nodegroup',
    'eks.amazonaws.com/compute-type',
    'ack.aws/role-arn-of-team',
    'meta.helm.sh/release-name',
    'kubectl.kubernetes.io/last-applied-configuration',
  ])('%s is somebody else’s, or read: no warning', (key) => {
    expect(warningsOf(key)).toEqual([]);
  });

  it('iam.amazonaws.com/role is kube2iam’s even where that is our domain', () => {
    const serviceAccount = { metadata: { annotations: { 'iam.amazonaws.com/role': 'x' } } };
    const settings = { annotationDomain: 'iam.amazonaws.com' };
    const pod = podOf();
    expect(computePodPatch({ pod, namespace: 'd', serviceAccount, settings })).toMatchObject({
      kind: 'skipped',
      warnings: [],
    });
  });

  it.each([
    'eks.amazon.com/role-arn',
    'EKS.amazonaws.com/Role-ARN',
    'role-arn',
    'eks.amazonsws.com/iam.role_arn',
    'eks.amazonaws.com/role',
    'eks.amazonaws.com/iam-role',
    'eks.amazonaws.com/rolearn',
    'eks.amazonaws.com/iamRoleArn',
    'eks.amazonaws.com/role-name',
    'eks.amazonaws.com/role-am',
    'eks.amazonaws.com/roles-arn',
    'eks.amazonaws.com/arn',
    'eks.amazonaws.com/aws-role-arn',
    'eks.amazonaws.com/assume-role',
  ])('%s is probably a slip: a warning', (key) => {
    expect(warningsOf(key)).toEqual([
      expect.stringContaining('did you mean eks.amazonaws.com/role-arn?'),
    ]);
  });
});

describe('slips in a domain of one’s own', () => {
  it.each<readonly [string, boolean]>([
    ['irsa.exmaple.com', true],
    ['irsa.example.co', true],
    ['irsa-example-com', true],
    ['wxyz.example.com', true],
    ['vwxyz.example.com', false],
    ['other.example.org', false],
  ])('%s: %j', (domain, isNear) => {
    const serviceAccount = { metadata: { annotations: { [`${domain}/role-arn`]: 'x' } } };
    const settings = { annotationDomain: 'irsa.example.com' };
    const outcome: Json = computePodPatch({
      pod: podOf(),
      namespace: 'd',
      serviceAccount,
      settings,
    });
    expect(outcome.warnings).toHaveLength(isNear ? 1 : 0);
  });
});

describe('wrong calls', () => {
  it('reviewPod without findServiceAccount says so at once', () => {
    const review = { request: { uid: '1', namespace: 'default', object: podOf() } };
    expect(() => reviewPod(review, {} as Json)).toThrow(TypeError);
    expect(() => reviewPod(review, {} as Json)).toThrow(/findServiceAccount: expected a function/);
  });
});
