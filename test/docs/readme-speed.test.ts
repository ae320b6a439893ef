import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository } from '../support/doc-fences.js';

const section = /\n## Speed\n(.*?)\n## /s.exec(readFileSync(join(repository, 'README.md'), 'utf8'));
const lines = (section?.[1] ?? '').split('\n').filter((line) => line.startsWith('| '));
const rows = lines.slice(2).map((line) =>
  line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim()),
);

describe('the README’s figures', () => {
  it('stand under the command that makes them', () => {
    const commands = [...(section?.[1] ?? '').matchAll(/`npm run bench ([a-z ]+)`/g)];
    expect(commands.map((match) => match[1])).toContain('credentials import');
    expect(rows.length).toBeGreaterThanOrEqual(10);
  });

  it.each(rows)('%s: %s', (what = '?', ours, rival) => {
    const suites = ['credentials', 'import'].map((name) =>
      readFileSync(join(repository, `bench/suites/${name}.ts`), 'utf8'),
    );
    expect(suites.some((source) => source.includes(what.replaceAll('`', '')))).toBe(true);
    for (const figure of [ours, rival]) expect(figure).toMatch(/\d/);
  });
});
