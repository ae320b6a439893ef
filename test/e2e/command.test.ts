import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { reportOf, runE2e } from './run-e2e.js';
import type { E2eRun } from './run-e2e.js';

const folder = mkdtempSync(join(tmpdir(), 'irsa-e2e-command-'));
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A folder for PATH with these commands and no others; a stub says nothing and succeeds. */
function pathWith(commands: Readonly<Record<string, string>>): string {
  const path = mkdtempSync(join(folder, 'path-'));
  for (const [name, script] of Object.entries(commands)) {
    writeFileSync(join(path, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return path;
}

const stubs = (...names: readonly string[]): string =>
  pathWith(Object.fromEntries(names.map((name) => [name, 'exit 0'])));

/** As on a machine without user namespaces. */
const refusingUnshare = (): string =>
  pathWith({ unshare: 'echo "unshare: unshare failed: Operation not permitted" >&2; exit 1' });

const oneLine = ({ stderr }: E2eRun): string => {
  const lines = stderr.trimEnd().split('\n');
  expect(lines).toHaveLength(1);
  return lines[0]!;
};

describe('npm run e2e, where it cannot run', () => {
  test('an unknown scenario: one line with those that there are, and exit 1', async () => {
    const run = await runE2e(['--only', 'nonsense', '--json']);
    expect(run.code).toBe(1);
    expect(oneLine(run)).toMatch(/^e2e: no scenario nonsense; there are: walkthrough, documents, /);
    expect(reportOf(run)).toMatchObject({ ok: false, scenarios: [] });
  });

  test('an unknown flag: the usage, and exit 2', async () => {
    const run = await runE2e(['--fast']);
    expect(run.code).toBe(2);
    expect(run.stderr).toMatch(/--fast/);
    expect(run.stderr).toContain('--only ID');
  });

  test('an unknown part: one line, and exit 1', async () => {
    const run = await runE2e(['--prepare', 'nonsense']);
    expect(run.code).toBe(1);
    expect(oneLine(run)).toMatch(/^e2e: no part nonsense; there are: versitygw, /);
  });

  test('without namespaces: one line that says what is missing, and exit 1', async () => {
    const env = { PATH: refusingUnshare() };
    const run = await runE2e(['--only', 'documents', '--json'], { env });
    expect(run.code).toBe(1);
    expect(oneLine(run)).toMatch(
      /^e2e: cannot make the network namespace: unshare: unshare failed: Operation not permitted; it needs /,
    );
    expect(reportOf(run).ok).toBe(false);
  });

  test('without Go: one line that names it, and exit 1, whatever lies in the cache', async () => {
    const env = { PATH: stubs('unshare', 'openssl', 'mount', 'umount', 'npm') };
    const run = await runE2e(['--only', 'documents', '--json'], { env });
    expect(run.code).toBe(1);
    expect(oneLine(run)).toBe('e2e: needs go, which is not on the PATH');
    expect(reportOf(run)).toMatchObject({ ok: false, error: 'needs go, which is not on the PATH' });
  });

  test('without several tools: one line that names all of them', async () => {
    const env = { PATH: stubs('unshare', 'mount', 'umount', 'npm') };
    const run = await runE2e(['--only', 'documents'], { env });
    expect(run.code).toBe(1);
    expect(oneLine(run)).toBe('e2e: needs openssl and go, which are not on the PATH');
  });
});
