import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runDemo, type DemoResult } from '../../demo/run-demo.js';
import type { Breaks } from '../../demo/story.js';
import { repository } from '../support/doc-fences.js';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'irsa-demo-test-')));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Run {
  readonly exitCode: number | null;
  readonly output: string;
  readonly errors: string;
}

/** Runs the demo as a newcomer's shell does, with a temporary folder of its own. */
const demo = async (
  args: readonly string[],
  options: {
    readonly user?: number;
    readonly tmp?: string;
    readonly node?: readonly string[];
  } = {},
): Promise<Run> => {
  const { user, tmp = folder, node = [] } = options;
  const child = spawn(process.execPath, [...node, 'demo/run.mjs', ...args], {
    cwd: repository,
    env: { PATH: process.env['PATH'] ?? '', TMPDIR: tmp, HOME: tmp },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(user === undefined ? {} : { uid: user, gid: user }),
  });
  const [output, errors, exitCode] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ]);
  return { exitCode, output, errors };
};

const lastLine = (run: Run): DemoResult =>
  JSON.parse(run.output.trim().split('\n').at(-1) ?? '') as DemoResult;

const ids = ['issuer', 'iam', 'webhook', 'token', 'echoer', 'refusals'];

const expectWhole = (run: Run): void => {
  expect(run.errors).toBe('');
  const result = lastLine(run);
  expect(result.ok).toBe(true);
  expect(result.steps.map(({ id, ok }) => [id, ok])).toEqual(ids.map((id) => [id, true]));
  // The walk-through's own object: `This is an in-cluster test` and a line feed.
  expect(result.object).toEqual({
    key: expect.stringMatching(/^s3echoer-\d+$/) as string,
    size: 27,
  });
  expect(run.exitCode).toBe(0);
};

/** The processes of a demo run that still live: each of them carries the run's temporary folder in its environment. */
const leftBehind = (): string[] =>
  readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`, 'utf8').includes(folder);
    } catch {
      return false;
    }
  });

describe('npm run demo', () => {
  it('ends well twice in a row, and leaves nothing behind', async () => {
    for (let time = 1; time <= 2; time += 1) {
      expectWhole(await demo(['--json']));
      expect(readdirSync(folder)).toEqual([]);
      expect(leftBehind()).toEqual([]);
    }
  });

  it('tells the story to people', async () => {
    const { output, errors, exitCode } = await demo([]);
    expect({ errors, exitCode }).toEqual({ errors: '', exitCode: 0 });
    expect(output).toContain('+ env    AWS_ROLE_ARN=arn:aws:iam::111122223333:role/s3-echoer');
    for (const refusal of [
      'another service account: AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity',
      'another audience: InvalidIdentityTokenException: Incorrect token audience',
      "another signing key: InvalidIdentityTokenException: Couldn't retrieve verification key",
    ]) {
      expect(output).toContain(refusal);
    }
    expect(output).toMatch(/s3echoer-\d+ {2}27 bytes/);
    expect(output).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+|PRIVATE KEY/);
  });

  it('leaves nothing behind when it is stopped in the middle', async () => {
    const child = spawn(process.execPath, ['demo/run.mjs'], {
      cwd: repository,
      env: { PATH: process.env['PATH'] ?? '', TMPDIR: folder, HOME: folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    let output = '';
    for await (const chunk of child.stdout) {
      output += String(chunk);
      // The token lies on the disk, and s3-echoer is running.
      if (output.includes('5. s3-echoer') && child.kill('SIGINT')) break;
    }
    child.stdout.resume();
    expect(await ended).toBe(130);
    expect(readdirSync(folder)).toEqual([]);
    // A process that has just lost its parent takes a moment to notice.
    await expect.poll(leftBehind, { timeout: 5_000 }).toEqual([]);
  });

  it('runs as an unprivileged user', async ({ skip }) => {
    if (process.getuid?.() !== 0) {
      // Whoever runs the tests is unprivileged already.
      expectWhole(await demo(['--json']));
      return;
    }
    for (let path = repository; path !== dirname(path); path = dirname(path)) {
      if ((statSync(path).mode & 0o005) !== 0o005) skip(`other users may not read ${path}`);
    }
    const { chownSync } = await import('node:fs');
    chownSync(folder, 65_534, 65_534);
    expectWhole(await demo(['--json'], { user: 65_534 }));
  });

  it('says in one line that a port is taken', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const port = String((server.address() as AddressInfo).port);
    try {
      const { exitCode, errors, output } = await demo(['--json', '--webhook-port', port]);
      expect(exitCode).toBe(1);
      expect(errors.trim().split('\n')).toHaveLength(1);
      expect(errors).toContain('step webhook failed');
      expect(errors).toContain(port);
      expect((JSON.parse(output) as DemoResult).ok).toBe(false);
    } finally {
      server.close();
    }
  });

  it('says in one line that the temporary folder is no place to write', async () => {
    const { exitCode, errors } = await demo(['--json'], { tmp: join(folder, 'absent') });
    expect(exitCode).toBe(1);
    expect(errors.trim().split('\n')).toHaveLength(1);
    expect(errors).toContain('cannot write to the temporary folder');
    expect(errors).toContain('TMPDIR');
  });

  it('says in one line that Node is too old', async () => {
    const pretend = `data:text/javascript,${encodeURIComponent(
      'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "18.20.4" } })',
    )}`;
    const { exitCode, errors } = await demo(['--json'], { node: ['--import', pretend] });
    expect(exitCode).toBe(1);
    expect(errors.trim()).toBe('demo: needs Node 20.19 or newer, this is 18.20.4');
  });

  it.each([
    [['--webhook-port', '0x50'], 'expected a port from 1 to 65535'],
    [['--no-such-option'], 'no-such-option'],
  ])('refuses %j', async (args, message) => {
    const { exitCode, errors } = await demo(args);
    expect(exitCode).toBe(2);
    expect(errors).toContain(message);
  });
});

const faults: [what: string, breaks: Breaks, step: string, says: RegExp, stsSays: RegExp][] = [
  [
    'a JWKS without the key',
    { jwksWithoutKey: true },
    'issuer',
    /served documents/,
    /Couldn't retrieve verification key/,
  ],
  [
    'a wrong sub in the trust policy',
    { trustedServiceAccount: 'somebody-else' },
    'iam',
    /does not admit system:serviceaccount:default:s3-echoer/,
    /Not authorized to perform sts:AssumeRoleWithWebIdentity/,
  ],
  [
    'a mount at another path',
    { mountPath: 'elsewhere' },
    'webhook',
    /but the volume is mounted at .*elsewhere/,
    /token-volume/,
  ],
  ['an expired token', { tokenAgeSeconds: 90_000 }, 'token', /expired/, /expired/i],
];

describe('a loop with one broken part', () => {
  beforeEach(() => {
    process.env['TSX_TSCONFIG_PATH'] = join(repository, 'tsconfig.json');
  });

  it.each(faults)('%s fails at that step', async (_what, breaks, step, says) => {
    const { ok, steps, object } = await runDemo({ breaks });
    const failed = steps.at(-1);
    expect(ok).toBe(false);
    expect(object).toBeNull();
    expect(failed).toMatchObject({ id: step, ok: false });
    expect(failed?.detail).toMatch(says);
    expect(steps.slice(0, -1).every((report) => report.ok)).toBe(true);
  });

  // That STS refuses a missing key is the story's last step; the provider would try again for its whole deadline here.
  it.each(faults.slice(1))(
    '%s stops s3-echoer where the checks are left out',
    async (_what, breaks, _step, _says, stsSays) => {
      const { ok, steps } = await runDemo({ breaks: { ...breaks, skipChecks: true } });
      expect(ok).toBe(false);
      expect(steps.at(-1)).toMatchObject({ id: 'echoer', ok: false });
      expect(steps.at(-1)?.detail).toMatch(stsSays);
    },
  );
});
