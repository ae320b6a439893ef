import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandTable } from '../src/command-table.js';
import { runSession } from './run-session.js';
import { fixtures, scratchFolder } from './test-io.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe('the README', () => {
  it('shows a session as it happens', async () => {
    const cwd = scratchFolder();
    copyFileSync(join(fixtures, 'pod.yaml'), join(cwd, 'pod.yaml'));
    expect(await runSession(readme, { cwd })).toBe(4);
  });

  it('of the repository shows a session as it happens', async () => {
    const cwd = scratchFolder();
    copyFileSync(join(fixtures, 'trust.json'), join(cwd, 'trust.json'));
    const page = readFileSync(new URL('../../../README.md', import.meta.url), 'utf8');
    expect(await runSession(page, { cwd })).toBe(5);
  });

  it('names every command', () => {
    const rows = readme.split('\n').filter((line) => line.startsWith('| `irsa '));
    for (const { path } of commandTable) {
      const [first, second = ''] = path;
      const row = rows.find((line) => line.startsWith(`| \`irsa ${first}`));
      expect(row, path.join(' ')).toContain(second);
    }
  });
});
