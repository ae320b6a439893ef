// Go's standard library, re-expressed: the differential test holds these to the real thing, here stand the cases by themselves.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cleanPath, joinPath } from '../../src/patch/go/join-path.js';
import { parseBool } from '../../src/patch/go/parse-bool.js';
import { parseInt64 } from '../../src/patch/go/parse-int64.js';
import { readCsvRecord } from '../../src/patch/go/read-csv-record.js';

describe('strconv', () => {
  it('ParseBool', () => {
    for (const text of ['1', 't', 'T', 'TRUE', 'true', 'True']) expect(parseBool(text)).toBe(true);
    for (const text of ['0', 'f', 'F', 'FALSE', 'false', 'False'])
      expect(parseBool(text)).toBe(false);
    for (const text of ['tRUE', 'yes', ' true', '', 'on']) expect(parseBool(text)).toBeUndefined();
  });

  it.each<readonly [string, number | undefined]>([
    ['900', 900],
    ['+900', 900],
    ['0900', 900],
    ['-5', -5],
    ['-0', 0],
    ['9223372036854775807', 2 ** 63],
    ['-9223372036854775808', -(2 ** 63)],
    [`${'0'.repeat(100_000)}9`, 9],
    ...[
      '9223372036854775808',
      '-9223372036854775809',
      '99999999999999999999',
      ' 900',
      '900 ',
      '9_000',
    ].map((text) => [text, undefined] as const),
    ...['1e3', '900.0', '0x384', '', '+', '-', '--1', '０', '1\n', `${'0'.repeat(200_000)}x`].map(
      (text) => [text, undefined] as const,
    ),
  ])('ParseInt %#', (text, value) => {
    expect(parseInt64(text)).toBe(value);
  });

  it('ParseInt reads what Number writes', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        expect(parseInt64(String(value))).toBe(value === 0 ? 0 : value);
      }),
    );
  });
});

describe('filepath', () => {
  it.each([
    ['/a//b/../c/', 'token', '/a/c/token'],
    ['/', 'token', '/token'],
    ['', 'token', 'token'],
    ['/a', '', '/a'],
    ['', '', ''],
    ['.', '', '.'],
    ['a/..', '', '.'],
    ['/..', 'x', '/x'],
    ['..', '../x', '../../x'],
    ['a/b', '../../..', '..'],
    ['/a/./b', '.', '/a/b'],
    ['/a/...', 'b', '/a/.../b'],
  ])('Join(%j, %j)', (first, second, joined) => {
    expect(joinPath(first, second)).toBe(joined);
  });

  it('Clean changes a clean path no more', () => {
    const part = fc.constantFrom('', '.', '..', 'a', 'b.c', '...');
    fc.assert(
      fc.property(fc.array(part), fc.boolean(), (parts, rooted) => {
        const once = cleanPath(`${rooted ? '/' : ''}${parts.join('/')}`);
        expect(cleanPath(once)).toBe(once);
        expect(once).not.toMatch(/\/\/|\/\.(?:\/|$)|.\/$/);
      }),
    );
  });
});

describe('encoding/csv', () => {
  it.each([
    ['a', ['a']],
    ['a,b', ['a', 'b']],
    ['a, b', ['a', ' b']],
    ['"a",b', ['a', 'b']],
    ['"a,b"', ['a,b']],
    ['"a""b"', ['a"b']],
    ['""', ['']],
    ['""""', ['"']],
    ['a,', ['a', '']],
    [',', ['', '']],
    ['b\na', ['b']],
    ['\n\r\n\na', ['a']],
    ['a\r\nb', ['a']],
    ['a\r', ['a']],
    ['"a"\n', ['a']],
    ['"a"\r\nb', ['a']],
    ['"a\nb",c', ['a\nb', 'c']],
    ['"a\r\nb"', ['a\nb']],
    ['a\rb', ['a\rb']],
    ['', undefined],
    ['\n\n', undefined],
    ['\r', undefined],
    ['a"b', undefined],
    ['"a', undefined],
    ['"a\n', undefined],
    ['"a\nb', undefined],
    ['"a"b', undefined],
    ['a,"', undefined],
    ['a, "b"', undefined],
  ])('Read %j', (text, fields) => {
    expect(readCsvRecord(text)).toEqual(fields);
  });
});
