import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchRow } from '../types.js';

export const suite = 'cli';

const rounds = 15;
const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));
const main = at('adapters/cli/dist/main.js');
const key = at('adapters/cli/test/fixtures/sa.pub');

const commands = {
  empty: ['-e', '0'],
  help: [main, '--help'],
  jwks: [main, 'jwks', key],
} as const;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Milliseconds from the start of a process to its end. */
const timed = (args: readonly string[]): number => {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`node ${args.join(' ')}: ${stderr}`);
  return performance.now() - started;
};

/** Whole processes of the built command, beside a Node that does nothing. */
export function run(): Promise<BenchRow[]> {
  const times: Record<keyof typeof commands, number[]> = { empty: [], help: [], jwks: [] };
  for (let round = 0; round < rounds; round += 1) {
    times.empty.push(timed(commands.empty));
    times.help.push(timed(commands.help));
    times.jwks.push(timed(commands.jwks));
  }
  const floor = median(times.empty);
  const row = (what: string, ours: number, most: number): BenchRow => ({
    what,
    ours,
    floor,
    ratio: ours / floor,
    unit: 'ms',
    target: `≤ ${most}×`,
    met: ours <= most * floor,
    note: 'floor: node -e 0, interleaved',
  });
  return Promise.resolve([
    row('irsa --help', median(times.help), 2.5),
    row('irsa jwks sa.pub', median(times.jwks), 4),
  ]);
}
