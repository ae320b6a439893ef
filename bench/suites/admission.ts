import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BenchRow } from '../types.js';

export const suite = 'admission';

interface Figures {
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
}

/** Measures inside the end-to-end environment: the real API server, with our webhook and, pod by pod in turn, with the Go webhook and with none. */
export function run(): Promise<BenchRow[]> {
  const entry = fileURLToPath(new URL('../../e2e/run.mjs', import.meta.url));
  const { status, stdout } = spawnSync(process.execPath, [entry, '--measure', '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`the end-to-end environment failed:\n${stdout}`);
  const report = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
    parts: Record<string, string>;
    scenarios: { detail: string }[];
  };
  const { ours, go, floor } = JSON.parse(report.scenarios[0]?.detail ?? '') as Record<
    'ours' | 'go' | 'floor',
    Figures
  >;
  const row = (what: string, figure: keyof Figures, unit: string): BenchRow => ({
    what,
    ours: ours[figure],
    floor: floor[figure],
    ratio: ours[figure] / floor[figure],
    unit,
    note: 'floor: the same API server, pods that the webhook leaves out',
  });
  const added = { ours: ours.p50 - floor.p50, floor: go.p50 - floor.p50 };
  return Promise.resolve([
    {
      ...row('creating a pod, p50', 'p50', 'ms'),
      target: '≤ floor + 2.5 ms',
      met: added.ours <= 2.5,
    },
    {
      what: 'added to it, p50',
      ...added,
      ratio: added.ours / added.floor,
      unit: 'ms',
      note: `rival: the Go webhook ${report.parts['eks-webhook'] ?? ''}, same API server and pods, each in its turn`,
    },
    row('creating a pod, p99', 'p99', 'ms'),
    row('pods created, 16 at a time', 'perSecond', 'pods/s'),
  ]);
}
