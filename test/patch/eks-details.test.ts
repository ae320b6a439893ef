// Corners of `behavior: 'eks'` beside the table and the random cases: what is said of a pod that Go could not decode, and of a skip.
import { computePodPatch, parseRoleMappings } from 'irsa/patch';
import { describe, expect, it } from 'vitest';
import { account, podOf, type Json } from './support.js';

const settings = { behavior: 'eks' } as const;
const decide = (pod: Json, more: Json = {}): Json =>
  computePodPatch({ pod, namespace: 'default', serviceAccount: account(), settings, ...more });

describe('a pod that Go could not decode', () => {
  it.each<readonly [Json, string]>([
    [[], 'pod is a list, expected an object'],
    [{ metadata: 5 }, 'pod.metadata is a number, expected an object'],
    [
      { metadata: { annotations: { 'a"b': 1 } } },
      'pod.metadata.annotations["a\\"b"] is a number, expected a string',
    ],
    [{ metadata: { labels: [] } }, 'pod.metadata.labels is a list, expected an object'],
    [{ spec: 'x' }, 'pod.spec is a string, expected an object'],
    [
      { spec: { serviceAccountName: 5 } },
      'pod.spec.serviceAccountName is a number, expected a string',
    ],
    [{ spec: { serviceAccount: true } }, 'pod.spec.serviceAccount is a boolean, expected a string'],
    [
      { spec: { nodeSelector: { a: {} } } },
      'pod.spec.nodeSelector["a"] is a object, expected a string',
    ],
    [{ spec: { volumes: {} } }, 'pod.spec.volumes is a object, expected a list'],
    [
      { spec: { volumes: [{}, { name: 5 }] } },
      'pod.spec.volumes[1].name is a number, expected a string',
    ],
    [
      { spec: { initContainers: [{ name: [] }] } },
      'pod.spec.initContainers[0].name is a list, expected a string',
    ],
    [
      { spec: { containers: [{ env: [{ name: 5 }] }] } },
      'pod.spec.containers[0].env[0].name is a number, expected a string',
    ],
    [
      { spec: { containers: [{ env: [null, { name: 'a', value: 5 }] }] } },
      'pod.spec.containers[0].env[1].value is a number, expected a string',
    ],
    [
      { spec: { containers: [{ volumeMounts: [{ name: 5 }] }] } },
      'pod.spec.containers[0].volumeMounts[0].name is a number, expected a string',
    ],
    [
      { spec: { containers: [{ volumeMounts: [{ mountPath: 5 }] }] } },
      'pod.spec.containers[0].volumeMounts[0].mountPath is a number, expected a string',
    ],
    [{ spec: { containers: [{}, 'x'] } }, 'pod.spec.containers[1] is a string, expected an object'],
  ])('%j', (pod, fault) => {
    expect(decide(pod)).toEqual({
      kind: 'rejected',
      code: 'ERR_POD',
      message: `cannot decode the object as a Pod: ${fault}`,
    });
  });

  it('no object at all', () => {
    expect(decide(null).message).toBe('unexpected end of JSON input');
  });
});

describe('what is said besides the patch', () => {
  const roleMappings = parseRoleMappings({ 'default/s3-echoer': { Audience: 'x' } });

  it.each<readonly [string, Json, string]>([
    ['neither account nor mapping', { serviceAccount: null }, 'no-service-account'],
    ['an account without a role', { serviceAccount: account({}) }, 'no-role-arn'],
    ['a mapping without a role', { serviceAccount: null, roleMappings }, 'no-role-arn'],
    ['both without a role', { serviceAccount: account({}), roleMappings }, 'no-role-arn'],
    [
      'an account of wrong types',
      { serviceAccount: { metadata: { name: 5 } } },
      'no-service-account',
    ],
    [
      'annotations of wrong types',
      { serviceAccount: { metadata: { annotations: { a: 1 } } } },
      'no-service-account',
    ],
  ])('%s', (_, more, reason) => {
    expect(decide(podOf(), more)).toEqual({ kind: 'skipped', reason, warnings: [] });
  });

  it('method and source of the injection', () => {
    const ofRole = { method: 'web-identity', source: 'service-account' };
    expect(decide(podOf())).toMatchObject({ warnings: [], injection: ofRole });
    expect(decide(podOf()).injection).not.toHaveProperty('region');
    const mapped = parseRoleMappings({ 'default/s3-echoer': { RoleARN: 'r' } });
    expect(decide(podOf(), { serviceAccount: null, roleMappings: mapped })).toMatchObject({
      injection: { method: 'web-identity', source: 'role-mapping' },
    });
    const podIdentityAssociations = { size: 1, has: () => true };
    expect(decide(podOf(), { podIdentityAssociations })).toMatchObject({
      injection: { method: 'container-credentials', source: 'pod-identity-association' },
    });
  });

  it('a container list that is absent becomes an empty one, an empty audience is left out', () => {
    const { patch } = decide({ spec: { serviceAccountName: 's3-echoer' } });
    expect(patch.at(-1)).toEqual({ op: 'add', path: '/spec/containers', value: [] });
    const empty = decide(podOf(), { serviceAccount: account({ 'role-arn': 'r', audience: '' }) });
    expect(empty.patch[0].value[0].projected.sources).toEqual([
      { serviceAccountToken: { expirationSeconds: 86_400, path: 'token' } },
    ]);
  });
});
