import { PodIdentityAssociationsError } from '../errors.js';
import { readGoFields } from './read-go-json.js';
import { isAbsent, isJsonObject, listOf } from './read-json.js';
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

const readName = (fields: ReadonlyMap<string, unknown>, name: string, path: string): string => {
  const value = fields.get(name.toLowerCase()) ?? '';
  if (typeof value === 'string') return value;
  throw fail(`${path}.${name}`, 'a string', value);
};

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
    const identities = readGoFields(file).get('identities') ?? [];
    if (!Array.isArray(identities)) throw fail('identities', 'a list', identities);
    listOf(identities).forEach((identity, index) => {
      const path = `identities[${index}]`;
      if (!isAbsent(identity) && !isJsonObject(identity)) throw fail(path, 'an object', identity);
      const fields = readGoFields(identity ?? {});
      const namespace = readName(fields, 'namespace', path);
      const accounts = byNamespace.get(namespace) ?? new Set();
      accounts.add(readName(fields, 'serviceAccount', path));
      byNamespace.set(namespace, accounts);
    });
    for (const accounts of byNamespace.values()) size += accounts.size;
  }
  return {
    size,
    has: (namespace, serviceAccount) => byNamespace.get(namespace)?.has(serviceAccount) === true,
  };
}
