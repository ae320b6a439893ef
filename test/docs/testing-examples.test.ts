import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository } from '../support/doc-fences.js';

const page = readFileSync(join(repository, 'docs/examples/testing/README.md'), 'utf8');
const commands = [...page.matchAll(/`((?:node|npx) [^`]+)`/g)].map((match) => match[1] ?? '');

describe('an app’s own tests with irsa/testing', () => {
  it('are run by two commands', () => {
    expect(commands).toHaveLength(2);
  });

  it.each(commands)('%s', (command) => {
    const [program = '', ...args] = command.split(' ');
    const { status, stdout, stderr } = spawnSync(program, args, {
      cwd: repository,
      encoding: 'utf8',
      // The runner's own variables would make the inner one believe that it is part of this run.
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NO_COLOR: '1' },
    });
    expect({ status, output: status === 0 ? '' : stdout + stderr }).toEqual({
      status: 0,
      output: '',
    });
    expect(stdout).toMatch(/(?:# pass|ℹ pass|Tests) +\D*[34]\b/);
  });
});
