import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const fixtures = readdirSync(new URL('test/fixtures/pods/', root));

/** The titles of the tests in a file, those of `it.each` included. */
const titlesIn = (name: string): string[] =>
  [
    ...read(`test/patch/${name}.test.ts`).matchAll(
      /^ *(?:it\(|\]\)\(|\()?\s*'((?:[^'\\]|\\.)+)',/gm,
    ),
  ].map(([, title]) => title!);
const titles = ['weaknesses', 'parse-role-mappings'].flatMap(titlesIn);
const laws = titlesIn('standard-laws');

/** The cells of the last column of a page's tables. */
const testCells = (page: string): string[] =>
  page
    .split('\n')
    .filter(
      (line) =>
        /^\|.*\|$/.test(line) && !/^\| *(?:-|flag|weakness|theme|the Go webhook *\|)/.test(line),
    )
    .map((line) => line.split('|').at(-2)!.trim());

/** The tests that a cell names: in backticks, in quotes, or as a law in quotes. */
const namesIn = (cell: string): string[] =>
  [...cell.matchAll(/`[^`]+`|(?:law )?"[^"]+"/g)].map(([name]) => name);

const exists = (name: string): boolean => {
  const text = name.replace(/^law /, '').slice(1, -1);
  if (name.startsWith('law ')) return laws.some((title) => title.includes(text));
  if (name.startsWith('"') || text.startsWith('§')) {
    return titles.some((title) => title.startsWith(text.startsWith('§') ? `${text} ` : text));
  }
  if (text.endsWith('.test.ts')) return existsSync(new URL(`test/patch/${text}`, root));
  return fixtures.some((fixture) => new RegExp(`^${text.replaceAll('*', '.*')}$`).test(fixture));
};

describe('the pages on pod mutation name tests that exist', () => {
  const comparison = read('docs/comparison/patch.md');
  const guide = read('docs/guides/migrate-from-eks-webhook.md');

  it.each([
    ['the comparison', comparison, 44],
    ['the migration guide', guide.slice(guide.indexOf('## Where')), 29],
  ])('%s', (_, page, least) => {
    const cells = testCells(page);
    expect(cells.length).toBeGreaterThanOrEqual(least);
    expect(cells.filter((cell) => namesIn(cell).length === 0)).toEqual([]);
    expect(cells.flatMap(namesIn).filter((name) => !exists(name))).toEqual([]);
  });

  it('every weakness that has a test stands in the comparison', () => {
    const named = comparison.match(/§2\.\d+/g) ?? [];
    const tested = titles.flatMap((title) => /^§2\.\d+/.exec(title)?.[0] ?? []);
    expect(new Set(named)).toEqual(new Set(tested));
  });

  it('would find a name that no test has', () => {
    for (const name of [
      '`§2.99`',
      '"no such test"',
      'law "no such law"',
      '`no-such-*`',
      '`no.test.ts`',
    ]) {
      expect(namesIn(`| ${name} |`)).toEqual([name]);
      expect(exists(name)).toBe(false);
    }
  });
});
