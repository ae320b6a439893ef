import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { repository } from '../support/doc-fences.js';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'irsa-node-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

// The registry's `node` packages carry the real binaries of each line; 20.19.0 is the floor of `engines`.
describe.each(['20.19.0', '22', '24'])('Node %s', (version) => {
  let node = '';
  beforeAll(() => {
    const prefix = join(folder, version);
    execFileSync(
      'npm',
      ['install', '--silent', '--no-save', '--prefix', prefix, `node@${version}`],
      { stdio: 'pipe' },
    );
    node = join(prefix, 'node_modules/node/bin/node');
  });

  const run = (args: readonly string[]): string =>
    execFileSync(node, [...args], {
      cwd: repository,
      encoding: 'utf8',
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, TMPDIR: folder },
    });

  it('is that version', () => {
    expect(run(['--version'])).toMatch(new RegExp(`^v${version.replaceAll('.', '\\.')}`));
  });

  it('imports and requires every subpath', () => {
    for (const name of [
      '',
      '/errors',
      '/oidc',
      '/patch',
      '/credentials',
      '/iam',
      '/certs',
      '/cluster',
      '/diagnose',
      '/testing',
    ]) {
      expect(run(['-p', `Object.keys(require('irsa${name}')).length > 0`]).trim()).toBe('true');
      expect(
        run([
          '--input-type=module',
          '-e',
          `import * as m from 'irsa${name}'; console.log(Object.keys(m).length > 0)`,
        ]).trim(),
      ).toBe('true');
    }
  });

  it('runs the demo', () => {
    const last = run(['demo/run.mjs', '--json']).trim().split('\n').at(-1) ?? '';
    expect(JSON.parse(last)).toMatchObject({ ok: true });
  });
});
