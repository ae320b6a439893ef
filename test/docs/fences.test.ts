import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  fencesInPages,
  fencesInSources,
  javascriptOf,
  promisedOutput,
  repository,
  typeErrorsOf,
} from '../support/doc-fences.js';

// The README's own tasks need a prepared place each: readme-tasks.test.ts runs these.
const fences = [
  ...fencesInSources('src'),
  ...['webhook', 'aws', 'cli'].flatMap((name) => fencesInSources(`adapters/${name}/src`)),
  ...fencesInPages('docs/guides'),
];
const runnable = fences.filter(({ label }) => label === 'ts');

interface Result {
  readonly error?: string;
  readonly output: string[];
}

/** Runs every example in one process, each with an empty folder of its own as working directory. */
const runner = `
import { readFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { format } from 'node:util';
const [, , list, results] = process.argv;
const done = {};
process.on('uncaughtException', () => {});
process.on('unhandledRejection', () => {});
for (const { index, module, folder } of JSON.parse(readFileSync(list, 'utf8'))) {
  const output = [];
  mkdirSync(folder, { recursive: true });
  process.chdir(folder);
  console.log = (...values) => output.push(format(...values));
  try {
    await Promise.race([
      import(module),
      new Promise((_, reject) => setTimeout(() => reject(new Error('still running after 10 s')), 10_000).unref()),
    ]);
    done[index] = { output };
  } catch (error) {
    done[index] = { output, error: String(error?.stack ?? error) };
  }
  writeFileSync(results, JSON.stringify(done));
}
process.exit(0);
`;

let folder = '';
let results: Record<number, Result> = {};

beforeAll(() => {
  if (!existsSync(join(repository, 'dist/index.js'))) {
    throw new Error('dist/ is missing: run \`npm run build\` first (npm test does)');
  }
  // Inside the repository, so that the published specifiers resolve to the built package.
  const modules = join(repository, 'node_modules/.cache/irsa-docs');
  rmSync(modules, { recursive: true, force: true });
  mkdirSync(modules, { recursive: true });
  folder = mkdtempSync(join(tmpdir(), 'irsa-docs-'));
  const jobs = runnable.map((fence, index) => {
    const module = join(modules, `fence-${String(index)}.mjs`);
    writeFileSync(module, javascriptOf(fence));
    return { index, module, folder: join(folder, String(index)) };
  });
  writeFileSync(join(modules, 'runner.mjs'), runner);
  writeFileSync(join(folder, 'list.json'), JSON.stringify(jobs));
  const file = join(folder, 'results.json');
  writeFileSync(file, '{}');
  execFileSync(process.execPath, [join(modules, 'runner.mjs'), join(folder, 'list.json'), file], {
    stdio: 'pipe',
    env: { PATH: process.env['PATH'] ?? '', HOME: folder },
    timeout: 120_000,
  });
  results = JSON.parse(readFileSync(file, 'utf8')) as Record<number, Result>;
}, 130_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const flat = (text: string): string => text.replace(/\s+/g, ' ').trim();

/** What a comment promises: the text itself, white space apart; `…` stands for what differs from run to run. */
const patternOf = (promise: string): RegExp =>
  new RegExp(
    `^${flat(promise)
      .split('…')
      .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('.*')}$`,
  );

describe('documentation examples', () => {
  it('type-check against the published specifiers', () => {
    expect(typeErrorsOf(fences)).toEqual([]);
  });

  it.each(runnable.map((fence, index) => ({ ...fence, index })))('$at runs', (fence) => {
    const result = results[fence.index];
    expect(result?.error).toBeUndefined();
    expect(result).toBeDefined();
    // An example whose lines say what they print is held to it.
    const promised = promisedOutput(fence);
    const printed = (promised.length > 0 ? (result?.output ?? []) : []).map(flat);
    expect(printed).toEqual(
      promised.map((text) => expect.stringMatching(patternOf(text)) as string),
    );
  });
});
