import fastJsonPatch from 'fast-json-patch';
import fc from 'fast-check';
import { applyPatch as applyRfc6902 } from 'rfc6902';
import {
  applyPodPatch,
  computePodPatch,
  parsePodIdentityAssociations,
  type MutationOutcome,
} from 'irsa/patch';
import { describe, expect, it } from 'vitest';
import { arbitraryPod, arbitrarySurroundings, structuralFaults } from './arbitrary-pod.js';
import { account, deepFreeze, type Json } from './support.js';

const associations = parsePodIdentityAssociations({
  identities: [
    { namespace: 'default', serviceAccount: 's3-echoer' },
    { namespace: 'default', serviceAccount: 'default' },
  ],
});

const mutate = (pod: Json, { settings, associated }: Json): MutationOutcome =>
  computePodPatch({
    pod: deepFreeze(pod),
    namespace: 'default',
    serviceAccount: deepFreeze(account()),
    podIdentityAssociations: associated ? associations : undefined,
    settings: deepFreeze(settings),
  });

/** The patched pod, by two libraries and ours, which must agree. */
const patchedPod = (pod: Json, outcome: MutationOutcome): Json => {
  if (outcome.kind !== 'mutated') return pod;
  const patch = structuredClone(outcome.patch);
  const one = fastJsonPatch.applyPatch(structuredClone(pod), patch as Json, true).newDocument;
  const other = structuredClone(pod);
  expect(applyRfc6902(other, patch as Json).filter((fault) => fault !== null)).toEqual([]);
  expect(other).toEqual(one);
  expect(applyPodPatch(pod, outcome.patch)).toEqual(one);
  return one;
};

const law = (check: (pod: Json, surroundings: Json) => void): void => {
  fc.assert(fc.property(arbitraryPod, arbitrarySurroundings, check), { numRuns: 200 });
};

describe('laws of behavior standard', () => {
  it('two JSON Patch libraries apply the patch, and inputs stay as they are', () => {
    law((pod, surroundings) => {
      patchedPod(pod, mutate(pod, surroundings));
    });
  });

  it('§6.4 a second review has nothing to add', () => {
    law((pod, surroundings) => {
      const first = mutate(pod, surroundings);
      const again = mutate(patchedPod(pod, first), surroundings);
      expect(again).toMatchObject({
        kind: 'skipped',
        reason: first.kind === 'skipped' ? first.reason : 'already-injected',
      });
    });
  });

  it('§6.4 a sidecar injected later is completed, and nothing else moves', () => {
    law((pod, surroundings) => {
      const first = patchedPod(pod, mutate(pod, surroundings));
      const withSidecar = structuredClone(first);
      withSidecar.spec.containers.push({ name: 'late', image: 'proxy' });
      const outcome = mutate(withSidecar, surroundings);
      const second = patchedPod(withSidecar, outcome);
      expect(second.spec.containers.slice(0, -1)).toEqual(first.spec.containers);
      expect(second.spec.initContainers).toEqual(first.spec.initContainers);
      if (outcome.kind !== 'mutated') return;
      if (mutate(pod, surroundings).kind === 'mutated') {
        expect(second.spec.volumes).toEqual(first.spec.volumes);
        const late = second.spec.containers.at(-1);
        expect(late.env.length).toBeGreaterThanOrEqual(2);
        expect(late.volumeMounts).toHaveLength(1);
      }
    });
  });

  it('what is there stays, in its order: variables follow ours, volumes and mounts stand before ours', () => {
    law((pod, surroundings) => {
      const after = patchedPod(pod, mutate(pod, surroundings));
      for (const list of ['containers', 'initContainers']) {
        (pod.spec[list] ?? []).forEach((before: Json, index: number) => {
          const { env = [], volumeMounts = [], ...rest } = after.spec[list][index];
          const { env: oldEnv = [], volumeMounts: oldMounts = [], ...oldRest } = before;
          expect(rest).toEqual(oldRest);
          expect(env.slice(env.length - oldEnv.length)).toEqual(oldEnv);
          expect(volumeMounts.slice(0, oldMounts.length)).toEqual(oldMounts);
          const names = env.map(({ name }: Json) => name);
          expect(new Set(names).size).toBe(names.length);
        });
      }
      const volumes = pod.spec.volumes ?? [];
      expect((after.spec.volumes ?? []).slice(0, volumes.length)).toEqual(volumes);
      const untouched = (spec: Json): Json => ({
        ...spec,
        volumes: undefined,
        containers: spec.containers.length,
        initContainers: spec.initContainers?.length,
      });
      expect(untouched(after.spec)).toEqual(untouched(pod.spec));
      expect(after.metadata?.annotations).toEqual(pod.metadata?.annotations);
    });
  });

  it('the API server’s structural rules hold, and every token file lies in a mounted token volume', () => {
    law((pod, surroundings) => {
      expect(structuralFaults(pod)).toEqual([]);
      const outcome = mutate(pod, surroundings);
      const after = patchedPod(pod, outcome);
      expect(structuralFaults(after)).toEqual([]);
      if (outcome.kind !== 'mutated') return;
      const [audience, path, name] = surroundings.associated
        ? [
            'pods.eks.amazonaws.com',
            'eks-pod-identity-token',
            'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
          ]
        : ['sts.amazonaws.com', 'token', 'AWS_WEB_IDENTITY_TOKEN_FILE'];
      const tokens = new Set(
        after.spec.volumes
          .filter((volume: Json) =>
            (volume.projected?.sources ?? []).some(
              (source: Json) =>
                source.serviceAccountToken?.audience === audience &&
                source.serviceAccountToken.path === path,
            ),
          )
          .map(({ name }: Json) => name),
      );
      after.spec.containers.forEach((container: Json, index: number) => {
        const variable = (value: Json): Json =>
          value?.env?.find((one: Json) => one.name === name)?.value;
        const file = variable(container);
        if (file === undefined || variable(pod.spec.containers[index]) !== undefined) return;
        const folders = (container.volumeMounts ?? [])
          .filter((mount: Json) => tokens.has(mount.name) && mount.subPath === undefined)
          .map(({ mountPath }: Json) => mountPath.replace(/\/+$/, ''));
        const folder = file
          .replace(/^C:/, '')
          .replaceAll('\\', '/')
          .replace(new RegExp(`/${path}$`), '');
        expect(folders).toContain(folder);
      });
    });
  });

  it('no mount is added below a read-only one, where the container runtime could make no folder for it', () => {
    law((pod, surroundings) => {
      const after = patchedPod(pod, mutate(pod, surroundings));
      const readOnly = new Set(
        (pod.spec.volumes ?? [])
          .filter(({ secret, projected }: Json) => secret !== undefined || projected !== undefined)
          .map(({ name }: Json) => name),
      );
      after.spec.containers.forEach((container: Json, index: number) => {
        const own: Json[] = pod.spec.containers[index].volumeMounts ?? [];
        for (const { mountPath } of (container.volumeMounts ?? []).slice(own.length)) {
          const above = own.filter((mount) =>
            mountPath
              .replace(/^\/var\/run/, '/run')
              .startsWith(`${mount.mountPath.replace(/^\/var\/run/, '/run')}/`),
          );
          expect(
            above.filter((mount) => readOnly.has(mount.name) || mount.readOnly === true),
          ).toEqual([]);
        }
      });
    });
  });

  it('each warning has at most 120 printable characters', () => {
    law((pod, surroundings) => {
      const outcome = mutate(pod, surroundings);
      const warnings = outcome.kind === 'rejected' ? [] : outcome.warnings;
      for (const warning of warnings) expect(warning).toMatch(/^[\x20-\x7e]{1,120}$/);
    });
  });
});
