import { copyFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { commandTable } from '../src/command-table.js';
import { fixtures, irsa, scratchFolder } from './test-io.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const session = /```console\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';

describe('the README', () => {
  it('shows a session as it happens', async () => {
    const cwd = scratchFolder();
    copyFileSync(join(fixtures, 'pod.yaml'), join(cwd, 'pod.yaml'));
    const steps = session.split(/^\$ irsa /m).slice(1);
    expect(steps.length).toBeGreaterThan(3);
    for (const step of steps) {
      const [line = '', ...expected] = step.split('\n');
      const { stdout, stderr } = await irsa(line.split(' '), { cwd });
      const printed = (stderr + stdout).replace(/^kid .+$/m, 'kid …');
      expect(printed).toBe(expected.join('\n'));
    }
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
