import { PodIdentityAssociationsError } from '../errors.js';
import { readGoFields } from './read-go-json.js';
import { isAbsent, isJsonObject, listOf, type JsonObject } from './read-json.js';
import type { PodIdentityAssociations } from './types.js';

const fail = (path: string, expected: string, actual: unknown): PodIdentityAssociationsError => {
  const found = Array.isArray(actual) ? 'a list' : typeof actual;
  return new PodIdentityAssociationsError(
    `pod identity associations: ${path}: expected ${expected}, got ${found}; correct the identities file`,
    { path, expected, actual: found },
  );
};

const parseText = (text: string): unknown => {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new PodIdentityAssociationsError(
      'pod identity associations: expected JSON, got text that is none; correct the identities file',
      { cause, expected: 'JSON' },
    );
  }
};

/** A field by its lower-case name; undefined where it is absent. */
const readField = <T>(
  object: JsonObject,
  wanted: string,
  check: (value: unknown) => T,
): T | undefined => {
  let found: T | undefined;
  for (const [name, value] of readGoFields(object)) if (name === wanted) found = check(value);
  return found;
};

const readText = (object: JsonObject, name: string, path: string): string =>
  readField(object, name.toLowerCase(), (value) => {
    if (typeof value === 'string') return value;
    throw fail(`${path}.${name}`, 'a string', value);
  }) ?? '';

/** One identity; null stands for an empty one, as in Go. */
const readIdentity = (
  identity: unknown,
  path: string,
): { readonly namespace: string; readonly serviceAccount: string } => {
  if (isAbsent(identity)) return { namespace: '', serviceAccount: '' };
  if (!isJsonObject(identity)) throw fail(path, 'an object', identity);
  return {
    namespace: readText(identity, 'namespace', path),
    serviceAccount: readText(identity, 'serviceAccount', path),
  };
};

const readIdentities = (file: JsonObject): ReturnType<typeof readIdentity>[] =>
  readField(file, 'identities', (value) => {
    if (!Array.isArray(value)) throw fail('identities', 'a list', value);
    return listOf(value).map((identity, index) => readIdentity(identity, `identities[${index}]`));
  }) ?? [];

/**
 * Reads the identities file of container-credentials mode,
 * `{ "identities": [{ "namespace": "…", "serviceAccount": "…" }] }`. An empty file has none.
 *
 * @param source - the file's text, or that text parsed
 * @throws {@link PodIdentityAssociationsError} `ERR_POD_IDENTITY_ASSOCIATIONS`
 * @example
 * ```ts
 * import { parsePodIdentityAssociations } from 'irsa/patch';
 * const associations = parsePodIdentityAssociations('{"identities":[{"namespace":"default","serviceAccount":"reader"}]}');
 * console.log(associations.has('default', 'reader')); // true
 * ```
 */
export function parsePodIdentityAssociations(source: unknown): PodIdentityAssociations {
  const file = typeof source === 'string' ? parseText(source) : source;
  const byNamespace = new Map<string, Set<string>>();
  let size = 0;
  if (!isAbsent(file)) {
    if (!isJsonObject(file)) throw fail('file', 'an object', file);
    for (const { namespace, serviceAccount } of readIdentities(file)) {
      const accounts = byNamespace.get(namespace) ?? new Set();
      accounts.add(serviceAccount);
      byNamespace.set(namespace, accounts);
    }
    for (const accounts of byNamespace.values()) size += accounts.size;
  }
  return {
    size,
    has: (namespace, serviceAccount) => byNamespace.get(namespace)?.has(serviceAccount) === true,
  };
}
