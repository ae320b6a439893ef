import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { fixtures } from './test-io.js';

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const main = `node --import tsx "${repository}adapters/cli/src/main.ts"`;

/** A line of shell, in the fixtures' folder; `irsa` is the command from its sources. */
const shell = (line: string): Promise<{ code: number; stdout: string; stderr: string }> =>
  new Promise((resolve) => {
    const env = { ...process.env, TSX_TSCONFIG_PATH: `${repository}tsconfig.json` };
    execFile(
      'bash',
      ['-c', `set -o pipefail; ${line.replaceAll('irsa ', `${main} `)}`],
      { cwd: fixtures, env },
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
});
