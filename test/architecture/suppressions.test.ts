import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository } from '../support/doc-fences.js';

/** A comment that switches a check off; and the same with a reason behind two dashes. */
const suppression =
  /(?:eslint-disable|@ts-(?:ignore|expect-error|nocheck)|prettier-ignore|(?:v8|c8|istanbul) ignore)/;
const reasoned = / -- \S.{9,}/;

const unreasoned = (text: string): string[] =>
  text.split('\n').filter((line) => suppression.test(line) && !reasoned.test(line));

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
  cwd: repository,
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => /\.(?:[cm]?js|ts)$/.test(file))
  .filter((file) => file !== 'test/architecture/suppressions.test.ts');

describe('suppressed rules', () => {
  it('are recognised, with and without a reason', () => {
    const bare = '// eslint-disable-next-line no-eval';
    expect(unreasoned(`${bare}\n${bare} -- the page under test needs it`)).toEqual([bare]);
  });

  it('each have their reason beside them', () => {
    expect(files.length).toBeGreaterThan(100);
    const found = files.flatMap((file) =>
      unreasoned(readFileSync(join(repository, file), 'utf8')).map((line) => `${file}: ${line}`),
    );
    expect(found).toEqual([]);
  });
});
