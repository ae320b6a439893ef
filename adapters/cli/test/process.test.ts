import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
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
