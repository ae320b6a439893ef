import type { MutationSettings } from './types.js';

const names = [
  'role-arn',
  'audience',
  'token-expiration',
  'sts-regional-endpoints',
  'region',
  'role-session-name',
  'include-containers',
  'skip-containers',
] as const;

/** The annotations that mutation reads, without their domain. */
export type AnnotationName = (typeof names)[number];

const known = new WeakMap<MutationSettings, Readonly<Record<AnnotationName, string>>>();

/** The full keys of all annotations under the settings' domain; put together once for the settings, not for each pod. */
export const annotationKeysOf = (
  settings: MutationSettings,
): Readonly<Record<AnnotationName, string>> => {
  const kept = known.get(settings);
  if (kept !== undefined) return kept;
  const entries = names.map((name) => [name, `${settings.annotationDomain}/${name}`] as const);
  const keys = Object.freeze(Object.fromEntries(entries)) as Readonly<
    Record<AnnotationName, string>
  >;
  known.set(settings, keys);
  return keys;
};
