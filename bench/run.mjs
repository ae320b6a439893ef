// npm run bench [-- --json] [suite …]: prints our figure, the floor's or rival's of the same run, and the ratio.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';

const args = process.argv.slice(2);
const json = args.includes('--json');
const names = args.filter((arg) => !arg.startsWith('--'));
const all = readdirSync(new URL('suites/', import.meta.url))
  .filter((file) => file.endsWith('.ts'))
  .map((file) => file.slice(0, -'.ts'.length))
  .sort();
const unknown = names.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`bench: no suite ${unknown.join(', ')}; there are: ${all.join(', ')}\n`);
  process.exit(2);
}

// The suites measure what users get: the built package, resolved by its published name.
const build = spawnSync('npm', ['run', '--silent', 'build:js'], {
  stdio: ['ignore', 'ignore', 'inherit'],
  cwd: new URL('..', import.meta.url),
});
if (build.status !== 0) process.exit(1);

process.env.TSX_TSCONFIG_PATH = new URL('tsconfig.json', import.meta.url).pathname;
const { register } = await import('tsx/esm/api');
register();

const figure = (value) =>
  Number.isInteger(value) ? String(value) : value.toPrecision(value >= 100 ? 4 : 3);
const report = {};
for (const name of names.length > 0 ? names : all) {
  const { run } = await import(new URL(`suites/${name}.ts`, import.meta.url).href);
  const rows = await run();
  report[name] = rows;
  if (json) continue;
  const table = [
    ['what', 'ours', 'floor/rival', 'unit', 'ratio', 'target', ''],
    ...rows.map((row) => [
      row.what,
      figure(row.ours),
      figure(row.floor),
      row.unit,
      `${figure(row.ratio)}×`,
      row.target ?? '',
      row.met === undefined ? '' : row.met ? 'met' : 'MISSED',
    ]),
  ];
  const widths = table[0].map((_, column) => Math.max(...table.map((line) => line[column].length)));
  process.stdout.write(`\n${name}\n`);
  for (const line of table) {
    process.stdout.write(
      `  ${line.map((cell, column) => cell.padEnd(widths[column])).join('  ')}\n`.replace(
        / +\n/,
        '\n',
      ),
    );
  }
  for (const row of rows.filter((row) => row.note)) {
    process.stdout.write(`  note: ${row.what}: ${row.note}\n`);
  }
}
if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
