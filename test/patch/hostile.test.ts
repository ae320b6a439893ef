import fastJsonPatch from 'fast-json-patch';
import fc from 'fast-check';
import { IrsaError } from 'irsa/errors';
import {
  applyPodPatch,
  auditPods,
  computePodPatch,
  parsePodIdentityAssociations,
  parseRoleMappings,
  resolveMutationSettings,
  reviewPod,
  serviceAccountOf,
} from 'irsa/patch';
import { describe, expect, it } from 'vitest';
import { arbitraryCase } from './record/arbitrary-case.js';
import { account, deepFreeze, patchIn, podOf, roleArn, type Json } from './support.js';

const typedOnly = <T>(run: () => T): T | undefined => {
  try {
    return run();
  } catch (error) {
    expect(error).toBeInstanceOf(IrsaError);
    return undefined;
  }
};

const behaviors = ['standard', 'eks'] as const;

/** JSON of any kind, with the names that prototypes have among its keys. */
const anything = fc.oneof(
  fc.jsonValue({ maxDepth: 3 }),
  fc.constantFrom<Json>(
    JSON.parse('{"__proto__":{"spec":{"containers":[]}}}'),
    JSON.parse('{"constructor":{"prototype":{}},"toString":5}'),
    { then: 5 },
    1e308,
    '\ud800',
    [[[[[[]]]]]],
  ),
);

/** A pod in which any number of places hold anything. */
const brokenPod = fc.record(
  {
    metadata: fc.oneof(
      anything,
      fc.record({ labels: anything, annotations: anything }, { requiredKeys: [] }),
    ),
    spec: fc.oneof(
      anything,
      fc.record(
        {
          serviceAccountName: fc.oneof(fc.constant('s3-echoer'), anything),
          containers: fc.oneof(
            anything,
            fc.array(
              fc.oneof(
                anything,
                fc.record(
                  {
                    name: anything,
                    env: fc.oneof(anything, fc.array(anything, { maxLength: 3 })),
                    envFrom: anything,
                    volumeMounts: fc.oneof(anything, fc.array(anything, { maxLength: 3 })),
                    volumeDevices: anything,
                  },
                  { requiredKeys: [] },
                ),
              ),
              { maxLength: 3 },
            ),
          ),
          initContainers: anything,
          ephemeralContainers: anything,
          volumes: fc.oneof(anything, fc.array(anything, { maxLength: 3 })),
          nodeSelector: anything,
          affinity: anything,
          os: anything,
        },
        { requiredKeys: [] },
      ),
    ),
  },
  { requiredKeys: ['spec'] },
);

const applies = (pod: Json, patch: Json[]): void => {
  // As it arrives: parsed, so that no two places share one object.
  const parsed = JSON.parse(JSON.stringify(pod));
  const theirs = fastJsonPatch.applyPatch(parsed, structuredClone(patch), true);
  expect(JSON.stringify(applyPodPatch(pod, patch))).toBe(JSON.stringify(theirs.newDocument));
};

describe('hostile input', () => {
  it('a pod with anything anywhere: a value or a typed error, and a patch that applies', () => {
    const associations = parsePodIdentityAssociations({
      identities: [{ namespace: 'default', serviceAccount: 's3-echoer' }],
    });
    fc.assert(
      fc.property(
        brokenPod,
        fc.constantFrom(...behaviors),
        fc.boolean(),
        fc.boolean(),
        (pod, behavior, associated, ephemeral) => {
          deepFreeze(pod);
          const outcome = computePodPatch({
            pod: pod,
            oldPod: pod,
            namespace: 'default',
            serviceAccount: account(),
            podIdentityAssociations: associated ? associations : undefined,
            settings: { behavior, region: 'eu-west-1' },
            subresource: ephemeral ? 'ephemeralcontainers' : '',
          });
          if (outcome.kind === 'mutated') applies(pod, outcome.patch);
        },
      ),
      { numRuns: 300 },
    );
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it('odd cases of the differential test apply in both behaviours', () => {
    fc.assert(
      fc.property(arbitraryCase, fc.constantFrom(...behaviors), (given, behavior) => {
        const plain: Json = JSON.parse(JSON.stringify(given));
        const { containerCredentials, ...settings } = plain.settings;
        const outcome = typedOnly(() =>
          computePodPatch({
            pod: plain.pod,
            namespace: plain.namespace,
            serviceAccount: plain.serviceAccount,
            roleMappings: typedOnly(() => parseRoleMappings(plain.configMap ?? {})),
            podIdentityAssociations: typedOnly(() =>
              parsePodIdentityAssociations(plain.identities),
            ),
            settings:
              behavior === 'eks'
                ? { ...settings, containerCredentials, behavior }
                : { region: 'eu-west-1' },
          }),
        );
        if (outcome?.kind === 'mutated') applies(plain.pod, outcome.patch);
      }),
      { numRuns: 300 },
    );
  });

  it('a review of anything: an answer or ERR_ADMISSION_REVIEW, in eks always an answer', () => {
    const request = fc.record(
      {
        uid: fc.oneof(fc.string(), anything),
        namespace: fc.oneof(fc.string(), anything),
        operation: anything,
        object: brokenPod,
        subResource: anything,
        kind: anything,
        oldObject: anything,
      },
      { requiredKeys: [] },
    );
    const review = fc.oneof(
      anything,
      fc.record(
        { kind: anything, apiVersion: anything, request: fc.oneof(anything, request) },
        { requiredKeys: [] },
      ),
      fc.record({ request }),
    );
    fc.assert(
      fc.property(review, fc.constantFrom(...behaviors), anything, (body, behavior, found) => {
        deepFreeze(body);
        const context = { findServiceAccount: (): Json => found, settings: { behavior } };
        serviceAccountOf(body);
        const answer =
          behavior === 'eks' ? reviewPod(body, context) : typedOnly(() => reviewPod(body, context));
        if (answer === undefined) return;
        const { uid, warnings = [], auditAnnotations = {} } = answer.response;
        expect(typeof uid).toBe('string');
        for (const warning of warnings) expect(warning).toMatch(/^[\x20-\x7e]{1,120}$/);
        expect(warnings.join('').length).toBeLessThan(4096);
        for (const key of Object.keys(auditAnnotations)) expect(key).not.toContain('/');
        if (answer.response.patch !== undefined) applies(body.request.object, patchIn(answer));
      }),
      { numRuns: 300 },
    );
  });

  it('mappings, associations, settings and audits of anything: a value or a typed error', () => {
    fc.assert(
      fc.property(anything, anything, (one, other) => {
        typedOnly(() => parseRoleMappings(one).find('a', 'b'));
        typedOnly(() => parseRoleMappings({ 'a/b': one, [JSON.stringify(other)]: other }));
        typedOnly(() => parseRoleMappings({ data: one, metadata: other }));
        typedOnly(() => parsePodIdentityAssociations(one));
        typedOnly(() => parsePodIdentityAssociations({ identities: [one, other] }));
        for (const name of [
          'region',
          'annotationDomain',
          'composeRoleArn',
          'containerCredentials',
          'tokenFileMode',
          'behavior',
          'regionalSts',
        ]) {
          typedOnly(() => resolveMutationSettings({ [name]: one }));
        }
        auditPods({
          pods: [one, { spec: other }],
          serviceAccounts: [other],
        });
      }),
      { numRuns: 200 },
    );
  });

  it('10,000 containers, of which each needs everything', () => {
    const containers = Array.from({ length: 10_000 }, (_, index) => ({
      name: `c${index}`,
      env: [],
      volumeMounts: [],
    }));
    for (const behavior of behaviors) {
      const outcome = computePodPatch({
        pod: podOf(containers),
        namespace: 'default',
        serviceAccount: account(),
        settings: { behavior },
      });
      expect(outcome.kind === 'mutated' && outcome.patch).toHaveLength(30_001);
    }
  });

  it('10,000 mounts and volumes in our way', () => {
    const path = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
    const numbers = Array.from({ length: 10_000 }, (_, index) =>
      index === 0 ? '' : `-${index + 1}`,
    );
    const volumeMounts = numbers.map((end) => ({ name: 'x', mountPath: `${path}${end}` }));
    const volumes = numbers.map((end) => ({ name: `aws-iam-token${end}` }));
    const outcome = computePodPatch({
      pod: podOf([{ name: 'app', volumeMounts }], { volumes }),
      namespace: 'default',
      serviceAccount: account(),
    });
    expect(outcome).toMatchObject({
      kind: 'mutated',
      injection: { tokenVolumeName: 'aws-iam-token-10001' },
    });
    expect(JSON.stringify(outcome)).toContain(`${path}-10001/token`);
  });

  it('10,000 mounts above our path, of as many volumes', () => {
    const numbers = Array.from({ length: 10_000 }, (_, index) => index);
    const volumeMounts = numbers.map((at) => ({ name: `v${at}`, mountPath: '/run/secrets' }));
    const volumes = numbers.map((at) => ({ name: `v${at}`, emptyDir: {} }));
    const outcome = computePodPatch({
      pod: podOf([{ name: 'app', volumeMounts }], { volumes }),
      namespace: 'default',
      serviceAccount: account(),
    });
    expect(outcome).toMatchObject({ kind: 'mutated', warnings: [] });
  });

  it('long texts and deep nesting', () => {
    const long = 'a'.repeat(1_000_000);
    let deep: Json = {};
    for (let depth = 0; depth < 5000; depth += 1) deep = { deep };
    const annotations = {
      'role-arn': roleArn,
      'token-expiration': '0'.repeat(1_000_000),
      'skip-containers': `"${long}`,
      'sts-regional-endpoints': long,
      [`${long}/role-arn`]: 'x',
    };
    for (const behavior of behaviors) {
      const pod = {
        ...podOf([{ name: long, deep }]),
        metadata: { annotations: { 'eks.amazonaws.com/skip-containers': long }, deep },
      };
      const outcome = computePodPatch({
        pod,
        namespace: 'default',
        serviceAccount: account(annotations),
        settings: { behavior },
      });
      expect(outcome.kind === 'mutated' || outcome.kind === 'skipped').toBe(true);
    }
    const wild = parseRoleMappings({ [`${'*a'.repeat(500)}/x`]: { RoleARN: roleArn } });
    expect(wild.find('a'.repeat(5000), 'x')?.roleArn).toBe(roleArn);
    expect(wild.find('b'.repeat(5000), 'x')).toBeUndefined();
  });

  it('a promise where a ServiceAccount belongs is a wrong call', () => {
    const review = { request: { uid: '1', object: podOf() } };
    const context = { findServiceAccount: (): Json => Promise.resolve(account()) };
    expect(() => reviewPod(review, context)).toThrow(/serviceAccountOf/);
    expect(() => reviewPod(review, context)).toThrow(TypeError);
  });

  it('wrong calls throw TypeError', () => {
    const pod = podOf();
    expect(() => computePodPatch({ pod, namespace: undefined as Json })).toThrow(TypeError);
    for (const jitter of [-1, 1, NaN, '0' as Json]) {
      expect(() => computePodPatch({ pod, namespace: 'a', jitter })).toThrow(TypeError);
    }
    expect(() => resolveMutationSettings(5 as Json)).toThrow(TypeError);
    expect(() => applyPodPatch(pod, undefined as Json)).toThrow(TypeError);
  });
});
