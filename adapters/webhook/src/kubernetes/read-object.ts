import type { ObjectMetadata } from './types.js';

/** A field of a value of unknown shape. */
export function fieldOf(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (found, key) =>
      // `as`: any object may be read by key; what is not there is undefined.
      typeof found === 'object' && found !== null
        ? (found as Record<string, unknown>)[key]
        : undefined,
    value,
  );
}

/** The same, where it is a string. */
export function stringField(value: unknown, ...path: readonly string[]): string | undefined {
  const found = fieldOf(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** The metadata of a Kubernetes object; undefined where it has no name. */
export function readMetadata(object: unknown): ObjectMetadata | undefined {
  const name = stringField(object, 'metadata', 'name');
  if (name === undefined) return undefined;
  const annotations = fieldOf(object, 'metadata', 'annotations');
  return {
    name,
    namespace: stringField(object, 'metadata', 'namespace') ?? '',
    resourceVersion: stringField(object, 'metadata', 'resourceVersion') ?? '',
    // `as`: the API server serves annotations as a string map; readers check each value they use.
    annotations:
      typeof annotations === 'object' && annotations !== null
        ? (annotations as Readonly<Record<string, string>>)
        : {},
  };
}
