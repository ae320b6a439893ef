import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchRow } from '../types.js';

export const suite = 'admission';

interface Figures {
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
}

/** Measures inside the end-to-end environment: the real API server, with our webhook and, pod by pod in turn, without it. */
export function run(): Promise<BenchRow[]> {
  const entry = fileURLToPath(new URL('../../e2e/run.mjs', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [entry, '--measure', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the end-to-end environment failed:\n${stdout}`);
  const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
    scenarios: { detail: string }[];
  };
  const { ours, floor } = JSON.parse(report.scenarios[0]?.detail ?? '') as Record<
    'ours' | 'floor',
    Figures
  >;
  const row = (what: string, figure: keyof Figures, unit: string): BenchRow => ({
    what,
    ours: ours[figure],
    floor: floor[figure],
    ratio: ours[figure] / floor[figure],
    unit,
    note: 'floor: the same API server, a namespace that the webhook leaves out',
  });
  return Promise.resolve([
    {
      ...row('creating a pod, p50', 'p50', 'ms'),
      target: '≤ floor + 2.5 ms',
      met: ours.p50 - floor.p50 <= 2.5,
    },
    row('creating a pod, p99', 'p99', 'ms'),
    row('pods created, 16 at a time', 'perSecond', 'pods/s'),
  ]);
}
