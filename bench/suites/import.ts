import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { BenchRow } from '../types.js';

export const suite = 'import';

const samples = 11;
const root = fileURLToPath(new URL('../..', import.meta.url));

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** Milliseconds of one `import()` in a fresh process: the start of the process itself is not in it. */
const importOnce = (specifier: string, cwd = root): number => {
  const source = `const t = performance.now(); await import(${JSON.stringify(specifier)}); process.stdout.write(String(performance.now() - t));`;
  const out = execFileSync(process.execPath, ['--input-type=module', '-e', source], {
    cwd,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return Number(out);
};

/** Every subpath of the package, and what the AWS SDK costs at the same, against one empty module. */
export async function run(): Promise<BenchRow[]> {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    exports: Record<string, unknown>;
  };
  const ours = Object.keys(manifest.exports)
    .filter((key) => key !== './package.json')
    .map((key) => key.replace(/^\./, 'irsa'));
  const rivals = ['@aws-sdk/credential-providers', '@aws-sdk/client-sts'];
  const folder = mkdtempSync(join(tmpdir(), 'irsa-bench-'));
  const empty = join(folder, 'empty.mjs');
  writeFileSync(empty, 'export {};\n');
  const emptyPackage = join(folder, 'node_modules/empty');
  mkdirSync(emptyPackage, { recursive: true });
  writeFileSync(join(emptyPackage, 'package.json'), '{"type":"module","exports":"./index.js"}');
  writeFileSync(join(emptyPackage, 'index.js'), 'export {};\n');
  const times = new Map<string, number[]>();
  const floors: number[] = [];
  const byName: number[] = [];
  try {
    for (let round = 0; round < samples; round += 1) {
      floors.push(importOnce(pathToFileURL(empty).href));
      byName.push(importOnce('empty', folder));
      for (const name of [...ours, ...rivals]) {
        times.set(name, [...(times.get(name) ?? []), importOnce(name)]);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  const floor = median(floors);
  const of = (name: string): number => median(times.get(name) ?? []);
  const rows = [...ours, ...rivals].map((name): BenchRow => {
    const time = of(name);
    return {
      what: `import('${name}')${ours.includes(name) ? '' : ' (rival)'}`,
      ours: time,
      floor,
      ratio: time / floor,
      unit: 'ms',
      ...(name === 'irsa/credentials' && {
        target: '≤ 3× one empty module',
        met: time <= 3 * floor,
        note: `fresh process each, median of ${samples}, interleaved; the floor is importing one empty module`,
      }),
    };
  });
  // The fastest of each: what else the machine does only ever adds, and a difference shows it twice.
  const fastest = (values: readonly number[] = []): number => Math.min(...values);
  const beyond = (name: string): number => fastest(times.get(name)) - fastest(floors);
  const [over, rivalOver] = [beyond('irsa/credentials'), beyond('@aws-sdk/credential-providers')];
  rows.push({
    what: "import('irsa/credentials') beyond one empty module, rival @aws-sdk/credential-providers",
    ours: over,
    floor: rivalOver,
    ratio: over / rivalOver,
    unit: 'ms',
    target: '≤ 3 ms on a quiet machine',
    met: over <= 3,
    note: `the fastest of ${samples} each; finding an empty package by its name, which every package costs, takes ${(fastest(byName) - fastest(floors)).toFixed(2)} ms of it`,
  });
  return Promise.resolve(rows);
}
