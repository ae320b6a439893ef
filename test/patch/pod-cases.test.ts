import { readdirSync, readFileSync } from 'node:fs';
import fastJsonPatch from 'fast-json-patch';
import {
  applyPodPatch,
  computePodPatch,
  parsePodIdentityAssociations,
  parseRoleMappings,
  type MutationOutcome,
} from 'irsa/patch';
import { describe, expect, it } from 'vitest';
import { deepFreeze, type Json } from './support.js';

const folder = new URL('../fixtures/pods/', import.meta.url);
const names = readdirSync(folder).sort();
const read = (name: string, file: string): Json =>
  JSON.parse(readFileSync(new URL(`${name}/${file}`, folder), 'utf8'));

const mappingsOf = (configMap: Json): ReturnType<typeof parseRoleMappings> | undefined => {
  try {
    return configMap && parseRoleMappings(configMap);
  } catch {
    // Both webhooks keep what they had; here that is nothing.
    return undefined;
  }
};

const decide = (given: Json, behavior: 'standard' | 'eks'): MutationOutcome =>
  computePodPatch({
    pod: given.pod,
    oldPod: given.oldPod,
    namespace: given.namespace,
    serviceAccount: given.serviceAccount,
    roleMappings: mappingsOf(given.configMap),
    podIdentityAssociations: given.identities && parsePodIdentityAssociations(given.identities),
    settings: { ...given.settings, behavior },
    subresource: given.subresource,
    jitter: given.jitter,
  });

/**
 * A pod without what Go's typed round trip adds, drops or reorders in the containers that it writes anew (reference: §1.9 of the
 * behaviour list): empty values, and fields that its build does not know.
 */
const normalised = (value: Json): Json => {
  if (Array.isArray(value)) return value.map((item) => normalised(item) ?? {});
  if (typeof value !== 'object' || value === null) {
    return value === '' || value === false || value === null ? undefined : value;
  }
  const kept = Object.entries(value)
    .filter(([name]) => name !== 'fieldOfTomorrow' && name !== 'newField')
    .map(([name, item]) => [name, normalised(item)] as const)
    .filter(([, item]) => item !== undefined && !(Array.isArray(item) && item.length === 0));
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
};

describe('the table of pods', () => {
  it('has at least 150 cases', () => {
    expect(names.length).toBeGreaterThanOrEqual(150);
  });

  it.each(names)('eks: %s comes out as the Go webhook makes it', (name) => {
    const given = deepFreeze(read(name, 'input.json'));
    const expected = read(name, 'eks.json');
    const outcome = decide(given, 'eks');
    expect(outcome.kind !== 'rejected').toBe(expected.allowed);
    if (outcome.kind === 'rejected') return;
    const pod = outcome.kind === 'mutated' ? applyPodPatch(given.pod, outcome.patch) : given.pod;
    expect(normalised(pod)).toEqual(normalised(expected.pod));
  });

  it.each(names)('standard: %s', (name) => {
    const given = deepFreeze(read(name, 'input.json'));
    const outcome = decide(given, 'standard');
    expect(JSON.parse(JSON.stringify(outcome))).toEqual(read(name, 'standard.json'));
    if (outcome.kind !== 'mutated') return;
    const patched = fastJsonPatch.applyPatch(
      structuredClone(given.pod),
      outcome.patch as Json,
      true,
    );
    expect(applyPodPatch(given.pod, outcome.patch)).toEqual(patched.newDocument);
  });
});
