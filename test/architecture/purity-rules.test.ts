import { fileURLToPath } from 'node:url';
import { createRequire } from 'node:module';
import { ESLint } from 'eslint';
import { beforeAll, describe, expect, it } from 'vitest';
import { edgeFiles, edgeFilesPattern } from '../../scripts/edge-files.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const eslint = new ESLint({ cwd: root });

const rulesBrokenBy = async (code: string, file: string): Promise<(string | null)[]> => {
  const [result] = await eslint.lintText(code, { filePath: file });
  return (result?.messages ?? []).map(({ ruleId }) => ruleId);
};

// The first file that is linted loads the whole program; that may take its time on a busy machine.
beforeAll(() => rulesBrokenBy('export const a = 1;', 'src/names/arn.ts'), 300_000);

const impure: [name: string, code: string, rule: string][] = [
  ['Date.now()', 'export const a = Date.now();', 'no-restricted-properties'],
  ['new Date()', 'export const a = new Date();', 'no-restricted-syntax'],
  ['Math.random()', 'export const a = Math.random();', 'no-restricted-properties'],
  ['crypto.randomUUID()', 'export const a = crypto.randomUUID();', 'no-restricted-properties'],
  [
    'crypto.getRandomValues()',
    'export const a = crypto.getRandomValues(new Uint8Array(1));',
    'no-restricted-properties',
  ],
  ['process', 'export const a = process.env;', 'no-restricted-globals'],
  ['Buffer', "export const a = Buffer.from('');", 'no-restricted-globals'],
  ['fetch', "export const a = fetch('https://a.example');", 'no-restricted-globals'],
  ['console', "console.log('a');", 'no-restricted-globals'],
  ['setTimeout', 'setTimeout(() => {}, 1);', 'no-restricted-globals'],
  ['setInterval', 'setInterval(() => {}, 1);', 'no-restricted-globals'],
  ['setImmediate', 'setImmediate(() => {});', 'no-restricted-globals'],
  ['performance', 'export const a = performance.now();', 'no-restricted-globals'],
  ['require', "export const a = require('jose');", 'no-restricted-globals'],
  ['Date()', 'export const a = Date();', 'no-restricted-syntax'],
  ['globalThis.process', 'export const a = globalThis.process;', 'no-restricted-syntax'],
];

describe('purity rules', () => {
  it.each(impure)('%s is refused in a pure folder', async (_name, code, rule) => {
    // The text stands in for an existing pure file, so that the type-aware rules find a program.
    expect(await rulesBrokenBy(code, 'src/names/arn.ts')).toContain(rule);
  });

  it('allows a Date made from a value', async () => {
    const rules = await rulesBrokenBy('export const a: Date = new Date(0);', 'src/names/arn.ts');
    expect(rules).toEqual([]);
  });

  it('refuses default exports', async () => {
    expect(await rulesBrokenBy('const a = 1;\nexport default a;', 'src/names/arn.ts')).toContain(
      'no-restricted-exports',
    );
  });
});

describe('the list of edge files', () => {
  const { forbidden } = createRequire(import.meta.url)('../../.dependency-cruiser.cjs') as {
    forbidden: { name: string; from: { pathNot?: string } }[];
  };

  it('is the same for ESLint and dependency-cruiser', () => {
    const pattern = forbidden.find(({ name }) => name === 'pure-no-core')?.from.pathNot ?? '';
    const samples = edgeFiles.flatMap((glob) => [
      glob.replace('*', 'sts'),
      glob.replace('*', 'a/b'),
      glob.replace('src/', 'lib/'),
      glob.replace('.ts', 'x.ts'),
    ]);
    for (const sample of samples) {
      expect(new RegExp(pattern).test(sample), sample).toBe(
        new RegExp(edgeFilesPattern).test(sample),
      );
    }
  });
});
