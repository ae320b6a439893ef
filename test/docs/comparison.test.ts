import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { repository } from '../support/doc-fences.js';

const folder = join(repository, 'docs/comparison');

const link = /\]\((?<path>[^\s)]+\.test\.ts)(?: (?<mark>["'])(?<title>.*?)\k<mark>)?\)/g;

const links = readdirSync(folder)
  .filter((name) => name.endsWith('.md'))
  .flatMap((name) =>
    [...readFileSync(join(folder, name), 'utf8').matchAll(link)].map(({ groups }) => ({
      page: name,
      path: join(folder, groups?.['path'] ?? ''),
      title: groups?.['title'],
    })),
  );

describe('every claim of a comparison leads to the test that shows it', () => {
  test.each(links)('$page: $path $title', ({ path, title }) => {
    expect(existsSync(path), path).toBe(true);
    if (title === undefined) return;
    const quoted = title.replaceAll("'", String.raw`\'`);
    const source = readFileSync(path, 'utf8');
    expect(source.includes(title) || source.includes(quoted)).toBe(true);
  });

  test('no cell of ours in the issuer’s table is without one', () => {
    const rows = readFileSync(join(folder, 'issuer.md'), 'utf8')
      .split('\n')
      .filter((line) => /^\| (?!feature|-)/.test(line));
    expect(rows.length).toBeGreaterThan(20);
    for (const row of rows)
      expect(row.split(' | ')[1], row.slice(0, 60)).toMatch(/\.test\.ts ["']/);
  });
});
