import { PodError } from 'irsa/errors';
import { applyPodPatch } from 'irsa/patch';
import { describe, expect, it } from 'vitest';
import { deepFreeze, type Json } from './support.js';

/** The examples of RFC 6902, appendix A: document, patch, and what comes out (undefined where it is an error). */
const appendix: readonly (readonly [string, Json, Json[], Json?])[] = [
  ['A.1', { foo: 'bar' }, [{ op: 'add', path: '/baz', value: 'qux' }], { baz: 'qux', foo: 'bar' }],
  [
    'A.2',
    { foo: ['bar', 'baz'] },
    [{ op: 'add', path: '/foo/1', value: 'qux' }],
    { foo: ['bar', 'qux', 'baz'] },
  ],
  ['A.3', { baz: 'qux', foo: 'bar' }, [{ op: 'remove', path: '/baz' }], { foo: 'bar' }],
  [
    'A.4',
    { foo: ['bar', 'qux', 'baz'] },
    [{ op: 'remove', path: '/foo/1' }],
    { foo: ['bar', 'baz'] },
  ],
  [
    'A.5',
    { baz: 'qux', foo: 'bar' },
    [{ op: 'replace', path: '/baz', value: 'boo' }],
    { baz: 'boo', foo: 'bar' },
  ],
  [
    'A.6',
    { foo: { bar: 'baz', waldo: 'fred' }, qux: { corge: 'grault' } },
    [{ op: 'move', from: '/foo/waldo', path: '/qux/thud' }],
    { foo: { bar: 'baz' }, qux: { corge: 'grault', thud: 'fred' } },
  ],
  [
    'A.7',
    { foo: ['all', 'grass', 'cows', 'eat'] },
    [{ op: 'move', from: '/foo/1', path: '/foo/3' }],
    { foo: ['all', 'cows', 'eat', 'grass'] },
  ],
  [
    'A.8',
    { baz: 'qux', foo: ['a', 2, 'c'] },
    [
      { op: 'test', path: '/baz', value: 'qux' },
      { op: 'test', path: '/foo/1', value: 2 },
    ],
    { baz: 'qux', foo: ['a', 2, 'c'] },
  ],
  ['A.9', { baz: 'qux' }, [{ op: 'test', path: '/baz', value: 'bar' }]],
  [
    'A.10',
    { foo: 'bar' },
    [{ op: 'add', path: '/child', value: { grandchild: {} } }],
    { foo: 'bar', child: { grandchild: {} } },
  ],
  [
    'A.11',
    { foo: 'bar' },
    [{ op: 'add', path: '/baz', value: 'qux', xyz: 123 }],
    { foo: 'bar', baz: 'qux' },
  ],
  ['A.12', { foo: 'bar' }, [{ op: 'add', path: '/baz/bat', value: 'qux' }]],
  ['A.14', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: 10 }], { '/': 9, '~1': 10 }],
  ['A.15', { '/': 9, '~1': 10 }, [{ op: 'test', path: '/~01', value: '10' }]],
  [
    'A.16',
    { foo: ['bar'] },
    [{ op: 'add', path: '/foo/-', value: ['abc', 'def'] }],
    { foo: ['bar', ['abc', 'def']] },
  ],
];

describe('applyPodPatch', () => {
  it.each(appendix)('RFC 6902 %s', (_, document, patch, result) => {
    deepFreeze(document);
    if (result === undefined) expect(() => applyPodPatch(document, patch)).toThrow(PodError);
    else expect(applyPodPatch(document, patch)).toEqual(result);
  });

  it.each([
    [{ a: [1] }, { op: 'add', path: '/a/2', value: 1 }],
    [{ a: [1] }, { op: 'add', path: '/a/01', value: 1 }],
    [{ a: [1] }, { op: 'replace', path: '/a/1', value: 1 }],
    [{ a: [1] }, { op: 'remove', path: '/a/-' }],
    [{ a: [1] }, { op: 'add', path: '/a/1/b', value: 1 }],
    [{ a: 1 }, { op: 'replace', path: '/b', value: 1 }],
    [{ a: 1 }, { op: 'remove', path: '/b' }],
    [{ a: 1 }, { op: 'add', path: '/a/b', value: 1 }],
    [{ a: 1 }, { op: 'add', path: 'a', value: 1 }],
    [{ a: 1 }, { op: 'copy', from: '/b', path: '/c' }],
    [{ a: { b: 1 } }, { op: 'move', from: '/a', path: '/a/b' }],
    [{ a: [{ b: 1 }] }, { op: 'test', path: '/a', value: [{ b: 2 }] }],
    [{ a: [{ b: 1 }] }, { op: 'test', path: '/a', value: [{ c: 1 }] }],
    [{ a: [1] }, { op: 'test', path: '/a', value: [1, 2] }],
    [{ a: {} }, { op: 'test', path: '/a', value: { b: 1 } }],
    [{ a: 1 }, { op: 'increase', path: '/a' }],
    [{}, { op: 'add', path: '/__proto__/polluted', value: 1 }],
    [{}, { op: 'test', path: '/constructor', value: 1 }],
  ])('refuses what does not fit: %j with %j', (document, operation) => {
    expect(() => applyPodPatch(document, [operation as Json])).toThrow(PodError);
  });

  it('copies only what lies on the way', () => {
    const pod = deepFreeze({ metadata: {}, spec: { containers: [{ name: 'a' }, { name: 'b' }] } });
    const result = applyPodPatch(pod, [{ op: 'add', path: '/spec/containers/0/env', value: [] }]);
    expect(result.metadata).toBe(pod.metadata);
    expect(result.spec.containers[1]).toBe(pod.spec.containers[1]);
    expect(result).toEqual({
      metadata: {},
      spec: { containers: [{ name: 'a', env: [] }, { name: 'b' }] },
    });
    expect(applyPodPatch({ a: 1 }, [{ op: 'copy', from: '/a', path: '/b' }])).toEqual({
      a: 1,
      b: 1,
    });
    expect(applyPodPatch({ a: 1 }, [{ op: 'replace', path: '', value: { b: 1 } }])).toEqual({
      b: 1,
    });
    expect(
      applyPodPatch({ a: { b: [1] } }, [{ op: 'test', path: '/a', value: { b: [1] } }]),
    ).toEqual({ a: { b: [1] } });
  });

  it('__proto__ is a name like any other', () => {
    const result = applyPodPatch({}, [{ op: 'add', path: '/__proto__', value: { polluted: 1 } }]);
    expect(Object.hasOwn(result, '__proto__')).toBe(true);
    expect((result as Json).polluted).toBeUndefined();
    expect(({} as Json).polluted).toBeUndefined();
  });
});

describe('applyPodPatch refuses', () => {
  it.each<readonly [string, Json, Json, string]>([
    [
      'a path without slash',
      {},
      { op: 'add', path: 'a', value: 1 },
      'a JSON Pointer that begins with',
    ],
    ['an index past the end', [1], { op: 'add', path: '/5', value: 1 }, 'a list index below 2'],
    ['an index in words', [1, 2], { op: 'replace', path: '/1x', value: 1 }, 'a list index below 2'],
    ['to remove what is not there', {}, { op: 'remove', path: '/a' }, 'a value there'],
    ['a way through nothing', {}, { op: 'add', path: '/a/b', value: 1 }, 'a value on the way'],
    [
      'a way through a text',
      { a: 'x' },
      { op: 'add', path: '/a/b', value: 1 },
      'a list or an object on the way',
    ],
    [
      'a move into itself',
      { a: { b: {} } },
      { op: 'move', from: '/a', path: '/a/b/c' },
      'a place outside what is moved',
    ],
    [
      'an unknown operation',
      {},
      { op: 'merge', path: '/a' },
      'one of the operations add, remove, replace, move, copy and',
    ],
    [
      'a list that is half equal',
      { a: [1, 2] },
      { op: 'test', path: '/a', value: [1, 3] },
      'the tested value',
    ],
    [
      'an object that is half equal',
      { a: { b: 1, c: 2 } },
      { op: 'test', path: '/a', value: { b: 1, c: 3 } },
      'the tested value',
    ],
    [
      'a list where an object is',
      { a: {} },
      { op: 'test', path: '/a', value: [] },
      'the tested value',
    ],
  ])('%s', (_, pod, operation, message) => {
    expect(() => applyPodPatch(deepFreeze(pod), [operation])).toThrow(message);
    expect(() => applyPodPatch(pod, [operation])).toThrow(PodError);
  });

  it('a patch that is no list', () => {
    expect(() => applyPodPatch({}, {} as never)).toThrow('patch: expected a list of operations');
  });
});
