import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startLocalAws } from 'irsa/testing';
import { describe, expect, it } from 'vitest';
import { fixtures, scratchFolder } from './test-io.js';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const entry = `${repository}adapters/cli/src/main.ts`;
const main = `node --import tsx "${entry}"`;
const environment = { ...process.env, TSX_TSCONFIG_PATH: `${repository}tsconfig.json` };

/** A line of shell, in the fixtures' folder; `irsa` is the command from its sources. */
const shell = (line: string): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    execFile(
      'bash',
      ['-c', `set -o pipefail; ${line.replaceAll('irsa ', `${main} `)}`],
      { cwd: fixtures, env: environment },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });

/** The command on a terminal of its own (util-linux' script); each text that is seen is answered with its keys. */
const onTerminal = (
  args: readonly string[],
  options: {
    readonly env?: NodeJS.ProcessEnv;
    readonly keys?: readonly (readonly [seen: string, keys: string])[];
  } = {},
): Promise<{ code: unknown; screen: string }> =>
  new Promise((resolve, reject) => {
    const line = [main, ...args].join(' ');
    const child = spawn('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
      cwd: fixtures,
      env: { ...environment, ...options.env, TERM: 'xterm' },
    });
    const keys = [...(options.keys ?? [])];
    let screen = '';
    let read = 0;
    child.stdout.on('data', (chunk: Buffer) => {
      screen += chunk.toString();
      const [next] = keys;
      if (next === undefined || !screen.slice(read).includes(next[0])) return;
      read = screen.length;
      keys.shift();
      child.stdin.write(next[1]);
    });
    child.on('error', reject);
    child.on('exit', (code) => {
      resolve({ code, screen: screen.replaceAll('\r', '') });
    });
  });

describe('as a process', () => {
  it('reads standard input, and does not mind a reader that has seen enough', async () => {
    const { code, stdout, stderr } = await shell('cat sa.pub | irsa jwks | head -c 1');
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: '{', stderr: '' });
  });

  it('ends with 2 for a wrong command line, and keeps standard output clean', async () => {
    const { code, stdout, stderr } = await shell('irsa jwks nowhere.pub');
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/^irsa: nowhere\.pub: cannot be read/);
  });

  it('says when its output cannot be written', async () => {
    const { code, stderr } = await shell('irsa jwks sa.pub > /dev/full');
    expect(code).toBe(1);
    expect(stderr).toBe('irsa: standard output cannot be written (ENOSPC)\n');
  });

  it('leaves no half of a key behind when the disk is full', async () => {
    const folder = scratchFolder();
    // A limit on the size of files stands for the disk: it fails the same write.
    const { code, stderr } = await shell(
      `trap '' XFSZ; ulimit -f 1; irsa keys create --out ${folder}`,
    );
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `irsa: ${folder}/sa.key: cannot be written (EFBIG); choose a place that you may write to and that has room\n`,
    });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('goes on with its work when nobody reads its progress any more', async () => {
    const folder = scratchFolder();
    const work = `irsa issuer apply --name c1 --directory ${folder}/www --issuer https://oidc.example.com --key sa.pub --yes`;
    await shell(`${work} 2>&1 >/dev/null | true`);
    expect(readFileSync(`${folder}/www/.well-known/openid-configuration`, 'utf8')).toContain(
      'https://oidc.example.com',
    );
  });

  it('stops at Ctrl-C after what is under way, with 130, and goes on when run again', async () => {
    const aws = await startLocalAws({ tls: false });
    aws.setFault({ kind: 'slow', delayMs: 1500, operation: 'PutBucketTagging' });
    const args = [
      ...['issuer', 'apply', '--name', 'c1', '--account-id', '111122223333', '--yes'],
      ...['--bucket', 'my-oidc', '--region', 'us-west-2', '--key', 'sa.pub'],
    ];
    const run = async (interrupt: boolean): Promise<{ code: unknown; stderr: string }> => {
      const child = spawn(process.execPath, ['--import', 'tsx', entry, ...args], {
        cwd: fixtures,
        env: { ...environment, ...aws.env({ administrator: true }) },
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let stderr = '';
      child.stderr.on('data', (chunk: Buffer) => {
        stderr += chunk.toString();
        if (interrupt && stderr.includes('tag-bucket')) {
          interrupt = false;
          child.kill('SIGINT');
        }
      });
      const [code] = (await once(child, 'exit')) as [unknown];
      return { code, stderr };
    };
    try {
      const stopped = await run(true);
      expect(stopped.code).toBe(130);
      expect(stopped.stderr).toMatch(
        /stopping after what is under way[\s\S]*irsa: stopped after 2 of 8 changes; run the same command again to go on\n$/,
      );
      aws.setFault();
      const finished = await run(false);
      expect(finished.code).toBe(0);
      expect(finished.stderr).toMatch(/^\[1\/5\] put-object/);
    } finally {
      await aws.close();
    }
  });
});

describe('on a terminal', () => {
  const up = (folder: string): string[] => [
    ...['up', '--name', 'c1', '--issuer', 'https://oidc.example.com'],
    ...['--directory', join(folder, 'www'), '--out', join(folder, 'irsa')],
    ...['--image', 'registry.example.com/irsa-webhook:0.1.0'],
  ];
  const ask = '[y/N] ';

  it('asks, takes anything but yes for a no, and goes on from there', async () => {
    const cwd = scratchFolder();
    const no = await onTerminal(up(cwd), { keys: [[ask, 'maybe\r']] });
    expect(no).toMatchObject({
      code: 1,
      screen: expect.stringContaining('declined keys') as string,
    });
    expect(readdirSync(cwd)).toEqual([]);

    const end = await onTerminal(up(cwd), {
      keys: [
        [ask, 'y\r'],
        [ask, '\u0004'],
      ],
    });
    expect(end.screen).toMatch(/done {5}keys\ndeclined issuer\nstopped; run it again to go on/);
    expect(end.code).toBe(1);

    const yes = await onTerminal(up(cwd), {
      keys: Array.from({ length: 5 }, () => [ask, 'yes\r'] as const),
    });
    expect(yes.screen).toMatch(/kept {5}keys\ndone {5}issuer\ndone {5}apiserver\ndone {5}webhook/);
    expect(yes.code).toBe(0);
  });

  it('stops at Ctrl-C in a question, with 130 and nothing done', async () => {
    const cwd = scratchFolder();
    const { code, screen } = await onTerminal(up(cwd), { keys: [[ask, '\u0003']] });
    expect(screen).toMatch(/\nirsa: stopped; nothing was changed by this step\n$/);
    expect(code).toBe(130);
    expect(readdirSync(cwd)).toEqual([]);
  });

  it('shows colours there, and not with NO_COLOR', async () => {
    const cwd = scratchFolder();
    const plan = [
      ...['issuer', 'plan', '--name', 'c1', '--directory', cwd],
      ...['--issuer', 'https://oidc.example.com', '--key', 'sa.pub'],
    ];
    const bold = '\u001b[1mput-object\u001b[22m';
    expect((await onTerminal(plan)).screen).toContain(bold);
    const plain = await onTerminal(plan, { env: { NO_COLOR: '1' } });
    expect(plain).toMatchObject({
      code: 0,
      screen: expect.stringMatching(/^1\. put-object/) as string,
    });
  });
});
