import {
  applyPodPatch,
  auditPods,
  computePodPatch,
  parsePodIdentityAssociations,
  parseRoleMappings,
} from 'irsa/patch';
import { describe, expect, it } from 'vitest';
import { account, deepFreeze, podOf, roleArn, type Json } from './support.js';

const named = (pod: Json, name = 's3-echoer-x', more: object = {}): Json => ({
  ...pod,
  metadata: { ...pod.metadata, name, namespace: 'default', ...more },
});

const mutated = (pod: Json, serviceAccount: Json = account(), settings: Json = {}): Json => {
  const outcome = computePodPatch({ pod, namespace: 'default', serviceAccount, settings });
  return outcome.kind === 'mutated' ? applyPodPatch(pod, outcome.patch) : pod;
};

const ids = (pod: Json, more: Json = {}): string[] =>
  auditPods({ pods: [deepFreeze(pod)], serviceAccounts: [account()], ...more }).map(({ id }) => id);

const audited = named(podOf());

describe('auditPods', () => {
  it('finds nothing in a pod that carries what its ServiceAccount says', () => {
    expect(ids(mutated(audited))).toEqual([]);
    expect(
      ids(mutated(audited, account(), { behavior: 'eks' }), { settings: { behavior: 'eks' } }),
    ).toEqual([]);
    expect(ids(audited, { serviceAccounts: [] })).toEqual([]);
    expect(ids(audited, { serviceAccounts: [account({})] })).toEqual([]);
  });

  it.each<readonly [string, Json, object, Json]>([
    [
      'a Deployment',
      { kind: 'ReplicaSet', name: 'a-7d9' },
      { 'pod-template-hash': '7d9' },
      ['Deployment', 'a'],
    ],
    [
      'a ReplicaSet of its own',
      { kind: 'ReplicaSet', name: 'a' },
      { 'pod-template-hash': '7d9' },
      ['ReplicaSet', 'a'],
    ],
    [
      'a ReplicaSet without a hash',
      { kind: 'ReplicaSet', name: 'a-7d9' },
      {},
      ['ReplicaSet', 'a-7d9'],
    ],
    [
      'another kind with a hash',
      { kind: 'Rollout', name: 'a-7d9' },
      { 'pod-template-hash': '7d9' },
      ['Rollout', 'a-7d9'],
    ],
    ['an owner without a name', { kind: 'Rollout' }, {}, undefined],
    ['an owner without a kind', { name: 'a' }, {}, undefined],
  ])('names what to roll: %s', (_, reference, labels, expected) => {
    const ownerReferences = [{ ...reference, controller: true }];
    const pod = named(podOf(), 'a-7d9-x', { labels, ownerReferences });
    const [finding] = auditPods({ pods: [pod], serviceAccounts: [account()] });
    expect(finding?.owner && [finding.owner.kind, finding.owner.name]).toEqual(expected);
  });

  it('finds a pod that no webhook has seen, and the Deployment to roll (containers-roadmap#2874, giantswarm’s restarter)', () => {
    const owner = { kind: 'ReplicaSet', name: 'checkout-7d9c6b5f4', controller: true };
    const pod = named(podOf(), 'checkout-7d9c6b5f4-x', {
      labels: { 'pod-template-hash': '7d9c6b5f4' },
      ownerReferences: [{ kind: 'Other', name: 'o' }, owner],
    });
    expect(auditPods({ pods: [pod], serviceAccounts: [account()] })).toEqual([
      {
        id: 'pod-not-mutated',
        severity: 'error',
        title: 'The pod was not mutated: its containers run without their identity.',
        evidence: `its service account has ${roleArn}`,
        fix: 'roll Deployment checkout, e.g. kubectl rollout restart',
        pod: { namespace: 'default', name: 'checkout-7d9c6b5f4-x' },
        owner: { kind: 'Deployment', name: 'checkout' },
      },
    ]);
  });

  it('names other owners as they are, or none', () => {
    const ownerOf = (more: object): unknown =>
      auditPods({ pods: [named(podOf(), 'x', more)], serviceAccounts: [account()] })[0]?.owner;
    const set = { kind: 'StatefulSet', name: 'db', controller: true };
    const alone = { kind: 'ReplicaSet', name: 'alone', controller: true };
    expect(ownerOf({ ownerReferences: [set] })).toEqual({ kind: 'StatefulSet', name: 'db' });
    expect(ownerOf({ ownerReferences: [alone] })).toEqual({ kind: 'ReplicaSet', name: 'alone' });
    expect(ownerOf({ ownerReferences: [{ controller: true }] })).toBeUndefined();
    expect(ownerOf({})).toBeUndefined();
    expect(auditPods({ pods: [audited], serviceAccounts: [account()] })[0]?.fix).toContain(
      'delete the pod',
    );
  });

  it.each([
    ['Deployment', 'roll Deployment a, e.g. kubectl rollout restart'],
    ['StatefulSet', 'roll StatefulSet a, e.g. kubectl rollout restart'],
    ['DaemonSet', 'roll DaemonSet a, e.g. kubectl rollout restart'],
    ['Job', 'delete the pod: Job a makes it anew'],
    ['ReplicaSet', 'delete the pod: ReplicaSet a makes it anew'],
  ])('says what can be done to a pod of a %s', (kind, fix) => {
    const pod = named(podOf(), 'x', { ownerReferences: [{ kind, name: 'a', controller: true }] });
    expect(auditPods({ pods: [pod], serviceAccounts: [account()] })[0]?.fix).toBe(fix);
  });

  it('finds a sidecar that was not completed', () => {
    const pod = mutated(audited);
    pod.spec.containers.push({ name: 'late' });
    const [finding] = auditPods({ pods: [pod], serviceAccounts: [account()] });
    expect(finding).toMatchObject({
      id: 'pod-partly-mutated',
      evidence: expect.stringContaining('/spec/containers/1/env'),
    });
  });

  it('finds another role, audience and region than the ServiceAccount says now (#28)', () => {
    const role = account({ 'role-arn': `${roleArn}-new` });
    expect(ids(mutated(audited), { serviceAccounts: [role] })).toEqual(['pod-role-differs']);
    const audience = account({ 'role-arn': roleArn, audience: 'other' });
    expect(ids(mutated(audited), { serviceAccounts: [audience] })).toEqual([
      'pod-audience-differs',
    ]);
    const pod = mutated(audited, account(), { region: 'us-east-1' });
    expect(ids(pod, { settings: { region: 'eu-west-1' } })).toEqual(['pod-region-differs']);
  });

  it('finds a token of another lifetime than the ServiceAccount asks for by annotation', () => {
    const asking = (seconds: string): Json =>
      account({ 'role-arn': roleArn, 'token-expiration': seconds });
    const pod = mutated(audited);
    const [finding, ...rest] = auditPods({ pods: [pod], serviceAccounts: [asking('7200')] });
    expect(finding).toMatchObject({
      id: 'pod-expiration-differs',
      severity: 'warning',
      evidence: '86400 s instead of 7200 s',
    });
    expect(rest).toEqual([]);
    // As it is asked for; past what either webhook takes; no number, which both ignore.
    for (const seconds of ['86400', ' 86400 ', '100000', 'a day'])
      expect(ids(pod, { serviceAccounts: [asking(seconds)] })).toEqual([]);
    const go = mutated(audited, asking('100000'), { behavior: 'eks' });
    expect(ids(go, { serviceAccounts: [asking('100000')] })).toEqual([]);
    // The pod's own annotation wins, and a setting of the webhook is not known here.
    const own = named(podOf(), 'x', {
      annotations: { 'eks.amazonaws.com/token-expiration': '900' },
    });
    expect(ids(mutated(own), { serviceAccounts: [asking('7200')] })).toEqual([]);
    expect(ids(pod, { settings: { tokenExpirationSeconds: 7200 } })).toEqual([]);
    // Where nobody says, Kubernetes gives an hour.
    const unsaid = structuredClone(pod);
    delete unsaid.spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds;
    expect(ids(unsaid, { serviceAccounts: [asking('3600')] })).toEqual([]);
    expect(ids(unsaid, { serviceAccounts: [asking('7200')] })).toEqual(['pod-expiration-differs']);
  });

  it.each(['standard', 'eks'])(
    'leaves alone what a container sets itself, which no roll-out changes (%s)',
    (behavior) => {
      const settings = { behavior, region: 'eu-west-1' };
      const one = { name: 'AWS_REGION', value: 'us-east-1' };
      const other = { name: 'AWS_DEFAULT_REGION', value: 'us-east-1' };
      const role = { name: 'AWS_ROLE_ARN', value: `${roleArn}-own` };
      // What the Go webhook appends to both in this order, and at the end, cannot be told from its own.
      const pair = behavior === 'eks' ? [other, one, { name: 'A' }] : [other, one];
      for (const env of [[one], [other], [one, other], pair]) {
        const pod = mutated(named(podOf([{ name: 'app', env }])), account(), settings);
        expect(
          ids(pod, { settings: { behavior: 'standard', region: 'eu-central-1' } }),
        ).not.toContain('pod-region-differs');
      }
      const pod = mutated(named(podOf([{ name: 'app', env: [role] }])), account(), settings);
      expect(ids(pod, { settings })).not.toContain('pod-role-differs');
    },
  );

  it('finds an old region in pods of either method and either webhook', () => {
    const podIdentityAssociations = parsePodIdentityAssociations({
      identities: [{ namespace: 'default', serviceAccount: 's3-echoer' }],
    });
    for (const behavior of ['standard', 'eks'] as const) {
      for (const more of [{}, { podIdentityAssociations }]) {
        const outcome = computePodPatch({
          pod: audited,
          namespace: 'default',
          serviceAccount: account(),
          settings: { behavior, region: 'us-east-1' },
          ...more,
        });
        const pod = outcome.kind === 'mutated' ? applyPodPatch(audited, outcome.patch) : audited;
        const settings = { behavior, region: 'eu-west-1' };
        expect(ids(pod, { settings, ...more })).toEqual(['pod-region-differs']);
      }
    }
  });

  it('takes a role in one of several containers for that container’s own', () => {
    const env = [{ name: 'AWS_ROLE_ARN', value: `${roleArn}-own` }];
    expect(ids(mutated(named(podOf([{ name: 'a', env }, { name: 'b' }]))))).toEqual([]);
  });

  it('finds a role that the ServiceAccount names no more', () => {
    const pod = mutated(audited);
    expect(ids(pod, { serviceAccounts: [account({})] })).toEqual(['pod-role-removed']);
    expect(ids(pod, { serviceAccounts: [] })).toEqual(['pod-role-removed']);
    expect(ids(pod, { serviceAccounts: [account({ 'role-arn': 'garbage' })] })).toEqual([]);
    expect(
      ids(pod, {
        serviceAccounts: [account({ 'role-arn': 'garbage' })],
        settings: { invalidIdentity: 'reject' },
      }),
    ).toEqual([]);
    const env = [{ name: 'AWS_ROLE_ARN', value: roleArn }];
    expect(ids(named(podOf([{ name: 'a', env }])), { serviceAccounts: [] })).toEqual([]);
  });

  it('knows mappings and pod identity associations', () => {
    const roleMappings = parseRoleMappings({ '*/s3-echoer': { RoleARN: roleArn } });
    expect(ids(audited, { serviceAccounts: [], roleMappings })).toEqual(['pod-not-mutated']);
    const podIdentityAssociations = parsePodIdentityAssociations({
      identities: [{ namespace: 'default', serviceAccount: 's3-echoer' }],
    });
    const [finding] = auditPods({
      pods: [mutated(audited)],
      serviceAccounts: [account()],
      podIdentityAssociations,
    });
    expect(finding).toMatchObject({
      id: 'pod-not-mutated',
      evidence: 'its service account has a pod identity association',
    });
  });

  it('reads pods in container-credentials mode', () => {
    const podIdentityAssociations = parsePodIdentityAssociations({
      identities: [{ namespace: 'default', serviceAccount: 's3-echoer' }],
    });
    const outcome = computePodPatch({
      pod: audited,
      namespace: 'default',
      podIdentityAssociations,
    });
    const pod = outcome.kind === 'mutated' ? applyPodPatch(audited, outcome.patch) : audited;
    expect(ids(pod, { podIdentityAssociations })).toEqual([]);
    const other = structuredClone(pod);
    delete other.spec.volumes[0].projected.sources[0].serviceAccountToken.audience;
    expect(ids(other, { podIdentityAssociations })).toEqual(['pod-audience-differs']);
  });

  it('reads the token among other volumes and other sources of its own', () => {
    const pod = structuredClone(mutated(audited));
    pod.spec.volumes[0].projected.sources.unshift({ configMap: { name: 'c' } });
    pod.spec.volumes.unshift({ name: 'data', emptyDir: {} }, { emptyDir: {} });
    expect(ids(pod)).toEqual([]);
    const audience = account({ 'role-arn': roleArn, audience: 'other' });
    expect(ids(pod, { serviceAccounts: [audience] })).toEqual(['pod-audience-differs']);
  });

  it('takes a volume of the user’s own under our name not for ours', () => {
    const serviceAccountToken = { audience: 'vault', path: 'token' };
    const volumes = [{ name: 'aws-iam-token', projected: { sources: [{ serviceAccountToken }] } }];
    const pod = mutated(named(podOf([{ name: 'app' }], { volumes })));
    expect(pod.spec.volumes[1].name).toBe('aws-iam-token-2');
    expect(ids(pod)).toEqual([]);
    const audience = account({ 'role-arn': roleArn, audience: 'other' });
    expect(ids(pod, { serviceAccounts: [audience] })).toEqual(['pod-audience-differs']);
  });

  it('leaves pods alone that are over, opted out or no pods', () => {
    for (const phase of ['Succeeded', 'Failed'])
      expect(ids({ ...audited, status: { phase } })).toEqual([]);
    expect(ids(named(podOf(), 'x', { deletionTimestamp: '2026-11-26T00:00:00Z' }))).toEqual([]);
    expect(ids({ ...audited, status: { phase: 'Running' } })).toEqual(['pod-not-mutated']);
    expect(ids({ metadata: {} })).toEqual([]);
    const labels = { 'eks.amazonaws.com/skip-pod-identity-webhook': 'true' };
    expect(ids(named(podOf(), 'x', { labels }))).toEqual([]);
  });

  it('reads a missing namespace as default', () => {
    const serviceAccounts = [
      { metadata: { name: 's3-echoer', annotations: account().metadata.annotations } },
    ];
    expect(ids({ spec: audited.spec }, { serviceAccounts })).toEqual(['pod-not-mutated']);
    expect(ids({ spec: { containers: [{}] } }, { serviceAccounts: [{}] })).toEqual([]);
  });
});
