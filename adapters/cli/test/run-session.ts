import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { irsa } from './test-io.js';

/** Called before a line that is not ours, e.g. kubectl's. */
export type OtherCommand = (line: string) => Promise<void> | void;

/** Runs the `$ irsa …` lines of a page's console fences in order, and compares what is printed; `…` stands for any text. */
export async function runSession(
  page: string,
  options: Parameters<typeof irsa>[1] & { readonly cwd: string },
  other: OtherCommand = () => undefined,
): Promise<number> {
  let count = 0;
  const fences = [...page.matchAll(/```console\n([\s\S]*?)```/g)].map(([, text = '']) => text);
  for (const step of fences.flatMap((text) => text.split(/^\$ /m).slice(1))) {
    const [line = '', ...expected] = step.split('\n');
    if (!line.startsWith('irsa ')) {
      await other(line);
      continue;
    }
    const [command = '', target] = line.slice('irsa '.length).split(' > ');
    const { stdout, stderr } = await irsa(command.split(' '), options);
    if (target !== undefined) writeFileSync(join(options.cwd, target), stdout);
    const printed = stderr + (target === undefined ? stdout : '');
    expect(printed, line).toMatch(patternOf(expected.join('\n')));
    count += 1;
  }
  return count;
}

const patternOf = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split('…')
      .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('[\\s\\S]*')}$`,
  );
