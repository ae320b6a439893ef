import { PodError } from '../errors.js';
import { isJsonObject } from './read-json.js';
import type { JsonPatchOperation } from './types.js';

const fail = (path: string, expected: string): PodError =>
  new PodError(`${path}: expected ${expected}; apply a patch to the very pod it was made for`, {
    path,
    expected,
  });

/** The reference tokens of a JSON Pointer. */
const tokensOf = (pointer: string): string[] => {
  if (pointer === '') return [];
  if (!pointer.startsWith('/')) throw fail(pointer, 'a JSON Pointer that begins with /');
  return pointer
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
};

const indexOf = (token: string, length: number, path: string): number => {
  const index = /^(?:0|[1-9]\d*)$/.test(token) ? Number(token) : NaN;
  if (!(index < length)) throw fail(path, `a list index below ${length}`);
  return index;
};

const read = (document: unknown, path: string): unknown => {
  let value = document;
  for (const token of tokensOf(path)) {
    if (Array.isArray(value)) value = (value as unknown[])[indexOf(token, value.length, path)];
    else if (isJsonObject(value) && Object.hasOwn(value, token)) value = value[token];
    else throw fail(path, 'a value there');
  }
  return value;
};

type Change = 'add' | 'replace' | 'remove';

const changeList = (
  list: readonly unknown[],
  token: string,
  edit: { change: Change; value: unknown; path: string },
): unknown[] => {
  const copy = [...list];
  const { change, value, path } = edit;
  if (change === 'add') {
    copy.splice(token === '-' ? copy.length : indexOf(token, copy.length + 1, path), 0, value);
  } else if (change === 'replace') {
    copy[indexOf(token, copy.length, path)] = value;
  } else {
    copy.splice(indexOf(token, copy.length, path), 1);
  }
  return copy;
};

/** A copy of an object with one own property set; `__proto__` is a name like any other here. */
const withProperty = (
  object: Readonly<Record<string, unknown>>,
  name: string,
  value: unknown,
): Record<string, unknown> =>
  Object.defineProperty({ ...object }, name, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  });

const changeObject = (
  object: Readonly<Record<string, unknown>>,
  token: string,
  edit: { change: Change; value: unknown; path: string },
): Record<string, unknown> => {
  if (edit.change !== 'add' && !Object.hasOwn(object, token)) {
    throw fail(edit.path, 'a value there');
  }
  if (edit.change !== 'remove') return withProperty(object, token, edit.value);
  const copy = { ...object };
  Reflect.deleteProperty(copy, token);
  return copy;
};

/** The document with one place changed; only what lies on the way there is copied. */
const change = (
  document: unknown,
  tokens: readonly string[],
  edit: { change: Change; value: unknown; path: string },
): unknown => {
  const [token, ...rest] = tokens;
  if (token === undefined) return edit.value;
  if (Array.isArray(document)) {
    const list = document as readonly unknown[];
    if (rest.length === 0) return changeList(list, token, edit);
    const index = indexOf(token, list.length, edit.path);
    const copy = [...list];
    copy[index] = change(list[index], rest, edit);
    return copy;
  }
  if (!isJsonObject(document)) throw fail(edit.path, 'a list or an object on the way there');
  if (rest.length === 0) return changeObject(document, token, edit);
  if (!Object.hasOwn(document, token)) throw fail(edit.path, 'a value on the way there');
  return withProperty(document, token, change(document[token], rest, edit));
};

const isEqual = (one: unknown, other: unknown): boolean => {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((item, index) => isEqual(item, other[index]));
  }
  if (!isJsonObject(one) || !isJsonObject(other)) return one === other;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every((name) => Object.hasOwn(other, name) && isEqual(one[name], other[name]))
  );
};

const applyOne = (document: unknown, operation: JsonPatchOperation): unknown => {
  const { path } = operation;
  const tokens = tokensOf(path);
  switch (operation.op) {
    case 'add':
    case 'replace':
      return change(document, tokens, { change: operation.op, value: operation.value, path });
    case 'remove':
      return change(document, tokens, { change: 'remove', value: undefined, path });
    case 'test':
      if (!isEqual(read(document, path), operation.value)) throw fail(path, 'the tested value');
      return document;
    case 'copy':
      return change(document, tokens, {
        change: 'add',
        value: read(document, operation.from),
        path,
      });
    case 'move': {
      const { from } = operation;
      const value = read(document, from);
      if (path.startsWith(`${from}/`)) throw fail(path, 'a place outside what is moved');
      const without = change(document, tokensOf(from), {
        change: 'remove',
        value: undefined,
        path: from,
      });
      return change(without, tokens, { change: 'add', value, path });
    }
    default:
      throw fail(path, 'one of the operations add, remove, replace, move, copy and test');
  }
};

/**
 * Applies a JSON Patch to a pod, for callers that combine our patch with changes of their own. The pod stays as it is: the result
 * shares with it whatever the patch does not touch.
 *
 * @throws {@link PodError} `ERR_POD` for an operation that does not fit the pod
 * @example
 * ```ts
 * import { applyPodPatch } from 'irsa/patch';
 * const pod = { spec: { containers: [{ name: 'app' }] } };
 * const patch = [{ op: 'add', path: '/spec/containers/0/env', value: [{ name: 'A', value: '1' }] }] as const;
 * console.log(JSON.stringify(applyPodPatch(pod, patch).spec.containers));
 * // [{"name":"app","env":[{"name":"A","value":"1"}]}]
 * ```
 * @see {@link https://www.rfc-editor.org/rfc/rfc6902#section-4 | RFC 6902, section 4}
 */
export function applyPodPatch<P extends object>(pod: P, patch: readonly JsonPatchOperation[]): P {
  if (!Array.isArray(patch)) throw new TypeError('patch: expected a list of operations');
  let result: unknown = pod;
  for (const operation of patch as readonly JsonPatchOperation[]) {
    result = applyOne(result, operation);
  }
  // A pod patch makes a pod of a pod; the type of its fields is the patch's affair.
  return result as P;
}
