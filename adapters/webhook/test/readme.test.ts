import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { afterEach, expect, it, vi } from 'vitest';
import { flags } from '../src/flags.js';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const example = new URL('./readme-example.generated.ts', import.meta.url);
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(example, { force: true });
});

it('the one-minute use of the README does what the README says', async () => {
  const code = /```ts\n(.*?)```/s.exec(readme)?.[1] ?? '';
  await writeFile(example, code);
  const printed: string[] = [];
  vi.spyOn(console, 'log').mockImplementation((...words: unknown[]) => {
    printed.push(words.join(' '));
  });
  await import(/* @vite-ignore */ example.pathname);
  expect(printed).toEqual([
    'add /spec/volumes',
    'add /spec/containers/0/env',
    'add /spec/containers/0/volumeMounts',
  ]);
});

it('the README names only flags that there are', () => {
  const named = [...readme.matchAll(/--([a-z][a-z-]+)/g)].map(([, name = '']) => name);
  const known = new Set([...Object.keys(flags), 'help']);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
  expect(named.length).toBeGreaterThan(5);
});
