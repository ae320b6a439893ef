import { RoleMappingsError } from '../errors.js';
import type { Draft } from './draft.js';
import { findFractions, readGoFields } from './read-go-json.js';
import { fieldOf, isAbsent, isJsonObject } from './read-json.js';
import type { RoleMapping, RoleMappings } from './types.js';
import { hasWildcard, matchesPattern, WildcardIndex } from './wildcard-index.js';

/** What {@link parseRoleMappings} does with an entry that cannot be read. */
export interface RoleMappingsOptions {
  /** `throw` (default), or `omit`: the entry is left out and named in `omitted`, the others stay in force. */
  readonly onInvalid?: 'throw' | 'omit';
}

const configMapName = 'pod-identity-webhook';
const int64Bound = 2 ** 63;

const fail = (path: string, expected: string, actual: unknown): RoleMappingsError => {
  const shown = typeof actual === 'string' ? JSON.stringify(actual.slice(0, 80)) : typeof actual;
  return new RoleMappingsError(
    `role mappings: ${path}: expected ${expected}, got ${actual === null ? 'null' : shown}; correct the ConfigMap`,
    { path, expected, actual: shown },
  );
};

const parseText = (text: string, path: string): unknown => {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new RoleMappingsError(
      `role mappings: ${path}: expected JSON, got text that is none; correct the ConfigMap`,
      { cause, path, expected: 'JSON' },
    );
  }
};

/** The mapping object, and its JSON text where the caller has one. */
const mappingsIn = (source: unknown): { value: unknown; text?: string } => {
  if (typeof source === 'string') return { value: parseText(source, 'config'), text: source };
  if (!isJsonObject(source)) throw fail('source', 'a ConfigMap, JSON text or an object', source);
  const isConfigMap = ['kind', 'apiVersion', 'metadata', 'data'].some((name) =>
    Object.hasOwn(source, name),
  );
  if (!isConfigMap) return { value: source };
  const name = fieldOf(fieldOf(source, 'metadata'), 'name');
  if (!isAbsent(name) && name !== configMapName) {
    throw fail('metadata.name', `${configMapName} (or pass the text of data.config alone)`, name);
  }
  const config = fieldOf(fieldOf(source, 'data'), 'config');
  if (typeof config !== 'string') throw fail('data.config', 'JSON text', config);
  return { value: parseText(config, 'data.config'), text: config };
};

const isInt64 = (value: unknown): value is number =>
  Number.isInteger(value) && Math.abs(Number(value)) <= int64Bound;

const readMapping = (key: string, entry: unknown): RoleMapping => {
  const path = `entry ${JSON.stringify(key.slice(0, 80))}`;
  if (!key.includes('/')) throw fail(path, 'a key NAMESPACE/SERVICEACCOUNT', key);
  if (!isJsonObject(entry)) throw fail(path, 'an object with RoleARN', entry);
  const mapping: Draft<RoleMapping> = { key, roleArn: '' };
  for (const [name, value] of readGoFields(entry)) {
    switch (name) {
      case 'rolearn':
        if (typeof value !== 'string') throw fail(`${path}.RoleARN`, 'a string', value);
        mapping.roleArn = value;
        break;
      case 'audience':
        if (typeof value !== 'string') throw fail(`${path}.Audience`, 'a string', value);
        mapping.audience = value;
        break;
      case 'useregionalsts':
        if (typeof value !== 'boolean')
          throw fail(`${path}.UseRegionalSTS`, 'true or false', value);
        mapping.regionalSts = value;
        break;
      case 'tokenexpiration':
        if (!isInt64(value)) throw fail(`${path}.TokenExpiration`, 'whole seconds', value);
        mapping.tokenExpirationSeconds = value;
    }
  }
  // Both mean: as everywhere else.
  if (mapping.audience === '') delete mapping.audience;
  if (mapping.tokenExpirationSeconds === 0) delete mapping.tokenExpirationSeconds;
  return mapping;
};

/** A mapping with wildcards, and what decides between two that match. */
interface Pattern {
  readonly mapping: RoleMapping;
  readonly namespace: string;
  readonly name: string;
  /** Higher is better: an exact namespace counts most, then an exact name, then the number of literal characters. */
  readonly rank: number;
}

const beats = (one: Pattern, other: Pattern): boolean =>
  one.rank === other.rank ? one.mapping.key < other.mapping.key : one.rank > other.rank;

/** More than any name has characters: a ConfigMap holds at most a mebibyte. */
const weight = 2 ** 21;

const patternOf = (mapping: RoleMapping, namespace: string, name: string): Pattern => ({
  mapping,
  namespace,
  name,
  rank:
    (hasWildcard(namespace) ? 0 : 2 * weight) +
    (hasWildcard(name) ? 0 : weight) +
    (namespace + name).replace(/[*?]/g, '').length,
});

class MappingIndex implements RoleMappings {
  readonly omitted: { readonly key: string; readonly why: string }[] = [];
  readonly #exact = new Map<string, RoleMapping>();
  readonly #patterns = new WildcardIndex<WildcardIndex<Pattern[]>>();

  get size(): number {
    return this.#exact.size;
  }

  add(mapping: RoleMapping): void {
    // As the Go webhook does: of a/b/c the namespace is a and the name b.
    const [namespace = '', name = ''] = mapping.key.split('/', 2);
    const key = `${namespace}/${name}`;
    if (key !== mapping.key && this.#exact.has(key)) return;
    this.#exact.set(key, mapping);
    if (!hasWildcard(key)) return;
    this.#patterns
      .slot(namespace, () => new WildcardIndex())
      .slot(name, () => [])
      .push(patternOf(mapping, namespace, name));
  }

  findExact(namespace: string, serviceAccount: string): RoleMapping | undefined {
    return this.#exact.get(`${namespace}/${serviceAccount}`);
  }

  find(namespace: string, serviceAccount: string): RoleMapping | undefined {
    const exact = this.findExact(namespace, serviceAccount);
    if (exact !== undefined) return exact;
    let best: Pattern | undefined;
    for (const byName of this.#patterns.candidates(namespace)) {
      for (const patterns of byName.candidates(serviceAccount)) {
        for (const pattern of patterns) {
          if (best !== undefined && !beats(pattern, best)) continue;
          if (!matchesPattern(namespace, pattern.namespace)) continue;
          if (matchesPattern(serviceAccount, pattern.name)) best = pattern;
        }
      }
    }
    return best?.mapping;
  }
}

/**
 * Reads the role mappings of a cluster, `{ "NAMESPACE/SERVICEACCOUNT": { "RoleARN", "Audience", "UseRegionalSTS",
 * "TokenExpiration" } }`, into an index whose look-ups cost the same however many mappings there are. Namespace and name may hold
 * `*` and `?`; field names are matched without case, as the Go webhook does.
 *
 * @param source - the ConfigMap `pod-identity-webhook`, the text of its `data.config`, or that text parsed
 * @throws {@link RoleMappingsError} `ERR_ROLE_MAPPINGS` naming the entry that cannot be read
 * @example
 * ```ts
 * import { parseRoleMappings } from 'irsa/patch';
 * const mappings = parseRoleMappings({
 *   'default/s3-echoer': { RoleARN: 'arn:aws:iam::111122223333:role/s3-echoer' },
 *   'test-?/s3-echoer': { RoleARN: 'arn:aws:iam::111122223333:role/s3-echoer-test' },
 * });
 * console.log(mappings.find('test-7', 's3-echoer')?.roleArn); // arn:aws:iam::111122223333:role/s3-echoer-test
 * ```
 */
export function parseRoleMappings(
  source: unknown,
  options: RoleMappingsOptions = {},
): RoleMappings {
  const { value, text } = mappingsIn(source);
  const isStrict = options.onInvalid !== 'omit';
  const index = new MappingIndex();
  if (isAbsent(value)) return index;
  if (!isJsonObject(value)) throw fail('config', 'an object of mappings', value);
  const [fraction] = text === undefined ? [] : findFractions(text, 'tokenexpiration');
  if (fraction !== undefined && isStrict) {
    throw fail('TokenExpiration', 'whole seconds without fraction or exponent', fraction);
  }
  for (const key of Object.keys(value)) {
    try {
      index.add(readMapping(key, value[key]));
    } catch (error) {
      if (isStrict || !(error instanceof RoleMappingsError)) throw error;
      index.omitted.push({ key, why: error.message });
    }
  }
  return index;
}
