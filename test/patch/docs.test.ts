import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const root = new URL('../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
const tests = ['weaknesses', 'parse-role-mappings', 'standard-laws', 'audit-pods']
  .map((name) => read(`test/patch/${name}.test.ts`))
  .join('\n');
const fixtures = readdirSync(new URL('test/fixtures/pods/', root));

/** Names in backticks in the last column of a page's tables. */
const namedTests = (page: string): string[] =>
  page
    .split('\n')
    .filter(
      (line) =>
        line.startsWith('|') && !/^\| *(?:-|flag|weakness|theme|the Go webhook *\|)/.test(line),
    )
    .flatMap((line) =>
      [
        ...line
          .split('|')
          .at(-2)!
          .matchAll(/`([^`]+)`/g),
      ].map(([, name]) => name!),
    );

const exists = (name: string): boolean =>
  name.startsWith('§')
    ? tests.includes(`${name} `)
    : name.endsWith('.test.ts')
      ? existsSync(new URL(`test/patch/${name}`, root))
      : fixtures.some((fixture) => new RegExp(`^${name.replaceAll('*', '.*')}$`).test(fixture));

describe('the pages on pod mutation name tests that exist', () => {
  it('the comparison', () => {
    const names = namedTests(read('docs/comparison/patch.md'));
    expect(names.length).toBeGreaterThan(30);
    expect(names.filter((name) => !exists(name))).toEqual([]);
  });

  it('the migration guide', () => {
    const page = read('docs/guides/migrate-from-eks-webhook.md');
    const names = namedTests(page.slice(page.indexOf('## Where')));
    expect(names.length).toBeGreaterThan(40);
    expect(names.filter((name) => !exists(name))).toEqual([]);
  });
});
