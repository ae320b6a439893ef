import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { reportOf, root, runE2e, startE2e } from './run-e2e.js';
import type { RunningE2e } from './run-e2e.js';

const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', cwd: root });

/** What a run could leave on the machine, besides processes and files. */
const machine = (): Record<string, string> => ({
  addresses: run('ip', '-oneline', 'address'),
  links: run('ip', '-oneline', 'link'),
  routes: run('ip', 'route'),
  mounts: readFileSync('/proc/self/mountinfo', 'utf8'),
  hosts: readFileSync('/etc/hosts', 'utf8'),
  'var-run': readdirSync('/var/run').sort().join(),
  'work tree': run('git', 'status', '--porcelain'),
});

/** The processes of a session: a child stays in it, whoever its parent is now. */
function sessionOf(leader: number): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        return Number(fields[3]) === leader && fields[0] !== 'Z' ? [stat] : [];
      } catch {
        return [];
      }
    });
}

let home = '';
let temporary = '';
let before: Record<string, string> = {};

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'irsa-home-'));
  temporary = mkdtempSync(join(tmpdir(), 'irsa-tmp-'));
  before = machine();
});
afterEach(() => {
  for (const folder of [home, temporary]) rmSync(folder, { recursive: true, force: true });
});

/** A home and a temporary folder of its own, in which whatever is left can be seen; only the caches are shared. */
const environment = (): Record<string, string> => ({
  HOME: home,
  TMPDIR: temporary,
  XDG_CACHE_HOME: process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'),
  npm_config_cache: join(homedir(), '.npm'),
  npm_config_update_notifier: 'false',
});

async function expectNothingLeft({ child }: RunningE2e): Promise<void> {
  // The kernel takes a moment to end a namespace.
  for (let tries = 0; tries < 100 && sessionOf(child.pid!).length > 0; tries++) await sleep(100);
  expect(sessionOf(child.pid!)).toEqual([]);
  expect(readdirSync(temporary)).toEqual([]);
  expect(readdirSync(home)).toEqual([]);
  expect(machine()).toEqual(before);
}

/** Waits for a line of the run. */
async function line(running: RunningE2e, text: RegExp): Promise<void> {
  for (const deadline = Date.now() + 300_000; !text.test(running.printed());) {
    if (Date.now() > deadline) throw new Error(`no ${String(text)} in:\n${running.printed()}`);
    await sleep(100);
  }
}

/** The terminal signals every process in the foreground. */
const pressCtrlC = ({ child }: RunningE2e): void => {
  process.kill(-child.pid!, 'SIGINT');
};

const mapped = ['unshare', '--user', '--map-user=1000', '--map-group=1000'];
const ways = [
  ['as this user', []],
  // Maps one id and gives no capability: what a user without rights has.
  ['without root', mapped],
] as const;

describe.each(ways)('%s', (_, by) => {
  test('a run proves its scenario and leaves nothing behind', async () => {
    const running = startE2e(['--only', 'documents', '--json'], { by, env: environment() });
    const ended = await running.ended;
    expect(reportOf(ended)).toMatchObject({ ok: true, scenarios: [{ id: 'documents', ok: true }] });
    expect(ended.code).toBe(0);
    await expectNothingLeft(running);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('nor does one that is ended by %s', async (signal) => {
    const args = ['--only', 'rotation', '--json'];
    const running = startE2e(args, { by, env: environment() });
    await line(running, /issuer, in 0 s: accept/);
    expect(sessionOf(running.child.pid!).length).toBeGreaterThan(4);
    // By the process itself: a helper in front would not pass it on.
    process.kill(running.child.pid!, signal);
    const { code } = await running.ended;
    expect(code).not.toBe(0);
    await expectNothingLeft(running);
  });

  test.each([
    ['while our packages are built', /building irsa and its adapters/],
    ['in the middle of a scenario', /issuer, in 0 s: accept/],
  ])('nor does Ctrl-C %s', async (_when, seen) => {
    const args = ['--only', 'rotation'];
    const running = startE2e(args, { by, env: environment() });
    await line(running, seen);
    pressCtrlC(running);
    expect((await running.ended).code).not.toBe(0);
    await expectNothingLeft(running);
  });

  test('--up is there for kubectl, aws and irsa until it is ended', async () => {
    const running = startE2e(['--up'], { by, env: environment() });
    await line(running, /Enter it from another terminal with\n.+\n/);
    await line(running, /The environment runs until you press Ctrl-C/);
    const [, enter = ''] = /another terminal with\n(.+)\n/.exec(running.printed()) ?? [];
    const inside = (script: string): string =>
      execFileSync(
        'sh',
        ['-c', `${enter} -c ${JSON.stringify(`shopt -s expand_aliases; ${script}`)}`],
        {
          encoding: 'utf8',
        },
      );
    expect(enter).toContain('bash --rcfile');
    const shell = /--rcfile (\S+)/.exec(enter)?.[1] ?? '';
    const said = inside(`. ${shell}; kubectl get namespaces --output name; irsa --version`);
    expect(said).toContain('namespace/kube-system');
    expect(said).toMatch(/\d+\.\d+\.\d+/);
    process.kill(running.child.pid!, 'SIGINT');
    await running.ended;
    await expectNothingLeft(running);
  });
});

test('Ctrl-C while the certificates are made leaves nothing either', async () => {
  const path = mkdtempSync(join(tmpdir(), 'irsa-path-'));
  writeFileSync(join(path, 'openssl'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
  try {
    const env = { ...environment(), PATH: `${path}:${process.env['PATH'] ?? ''}` };
    const running = startE2e(['--only', 'documents'], { env });
    await line(running, /building irsa/);
    while (readdirSync(temporary).length === 0) await sleep(20);
    pressCtrlC(running);
    expect((await running.ended).code).not.toBe(0);
    await expectNothingLeft(running);
  } finally {
    rmSync(path, { recursive: true });
  }
});

test.each(['Ctrl-C', 'SIGTERM'] as const)('nor does %s while Go builds a part', async (how) => {
  const cache = mkdtempSync(join(tmpdir(), 'irsa-cache-'));
  try {
    const env = {
      ...environment(),
      XDG_CACHE_HOME: cache,
      // Go counts its calls there, whoever calls it.
      XDG_CONFIG_HOME: cache,
      GOCACHE: run('go', 'env', 'GOCACHE').trim(),
      GOMODCACHE: run('go', 'env', 'GOMODCACHE').trim(),
      // Every package anew: minutes, whatever lies in Go's cache.
      GOFLAGS: '-a',
    };
    const running = startE2e(['--prepare', 'kubectl'], { env });
    const { pid } = running.child;
    while (!sessionOf(pid!).some((process) => process.includes('(compile)'))) await sleep(20);
    if (how === 'Ctrl-C') pressCtrlC(running);
    else process.kill(pid!, how);
    const { code, stderr } = await running.ended;
    expect(code).toBe(1);
    expect(stderr).toContain('e2e: building kubectl failed: go build -trimpath ended with null');
    await expectNothingLeft(running);
    expect(readdirSync(join(cache, 'irsa-e2e'))).toEqual([]);
  } finally {
    rmSync(cache, { recursive: true });
  }
});

test('a machine that gives no more network namespaces: one line, and exit 1', async () => {
  const by = [
    ...['unshare', '--user', '--map-root-user', 'sh', '-c'],
    ...['echo 0 > /proc/sys/user/max_net_namespaces && exec "$@"', 'sh'],
  ];
  const { code, stderr } = await runE2e(['--only', 'documents'], { by, env: environment() });
  expect(code).toBe(1);
  expect(stderr.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^e2e: cannot make the network namespace: .+; it needs /),
  ]);
});
