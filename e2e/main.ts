import { spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import {
  accessSync,
  constants,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { enterNamespace, nsenterCommand, whyNoNamespace } from './environment/enter-namespace.js';
import { addresses, certificateNames } from './environment/hosts.js';
import { makeCertificates } from './environment/make-certificates.js';
import { heldBuckets, heldParts } from './hold-environment.js';
import type { InsideRequest } from './inside.js';
import { onEndingSignal } from './on-ending-signal.js';
import { parseOptions, usage } from './options.js';
import type { Options } from './options.js';
import { cacheFolder } from './parts/cache-folder.js';
import { partsCatalogue } from './parts/catalogue.js';
import type { PartId } from './parts/catalogue.js';
import { preparePart } from './parts/prepare-part.js';
import type { PreparedPart } from './parts/types.js';
import { renderReport } from './report.js';
import type { Report } from './report.js';
import { measurements, scenarios } from './scenarios/catalogue.js';
import type { Scenario, ScenarioResult } from './scenarios/types.js';

/** A reason to stop that is told in one line. */
class Stop extends Error {}

const note = (line: string): void => {
  console.error(`e2e: ${line}`);
};

/** Runs the command and returns its exit code: 0 all ok, 1 a scenario failed or something is missing, 2 wrong usage. */
export async function main(args: readonly string[]): Promise<number> {
  let options: Options;
  try {
    options = parseOptions(args);
  } catch (error) {
    console.error(`e2e: ${(error as Error).message}\n${usage}`);
    return 2;
  }
  try {
    if (options.prepare.length > 0) return await prepareOnly(options.prepare);
    return await runAll(options, chosenScenarios(options));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    note(error instanceof Stop || !(error instanceof Error) ? message : (error.stack ?? message));
    if (options.json)
      console.log(JSON.stringify({ ok: false, parts: {}, scenarios: [], error: message }));
    return 1;
  }
}

function chosenScenarios(options: Options): readonly Scenario[] {
  if (options.measure) return measurements;
  const unknown = options.only.filter((id) => !scenarios.some((scenario) => scenario.id === id));
  if (unknown.length > 0) {
    throw new Stop(
      `no scenario ${unknown.join(', ')}; there are: ${scenarios.map(({ id }) => id).join(', ')}`,
    );
  }
  if (options.only.length > 0) return scenarios.filter(({ id }) => options.only.includes(id));
  return scenarios.filter(({ slow }) => options.slow || slow !== true);
}

async function prepareOnly(asked: readonly string[]): Promise<number> {
  const all = Object.keys(partsCatalogue) as PartId[];
  const unknown = asked.filter((id) => id !== 'all' && !all.includes(id as PartId));
  if (unknown.length > 0)
    throw new Stop(`no part ${unknown.join(', ')}; there are: ${all.join(', ')}`);
  const parts = await prepareParts(all.filter((id) => asked.includes('all') || asked.includes(id)));
  for (const part of Object.values(parts)) console.log(part.folder);
  return 0;
}

/** Looks, and does not call: some tools write into the home folder whenever they run. */
function isOnPath(command: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, command), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

type PreparedParts = Partial<Record<PartId, PreparedPart>>;

/** What a run calls beside what the builds of its parts need. */
const runNeeds = ['openssl', 'mount', 'umount', 'npm'] as const;

async function prepareParts(
  ids: readonly PartId[],
  alsoNeeds: readonly string[] = [],
): Promise<PreparedParts> {
  const needs = [...alsoNeeds, ...ids.flatMap((id) => partsCatalogue[id].needs)];
  const missing = [...new Set(needs)].filter((command) => !isOnPath(command));
  if (missing.length > 0)
    throw new Stop(
      `needs ${missing.join(' and ')}, which ${missing.length === 1 ? 'is' : 'are'} not on the PATH`,
    );
  if (needs.includes('python3') && spawnSync('python3', ['-B', '-c', 'import pip']).status !== 0)
    throw new Stop('needs pip for python3, which is not installed');
  const parts: PreparedParts = {};
  for (const id of ids) {
    try {
      parts[id] = await preparePart(partsCatalogue[id], { cache: cacheFolder(), note });
    } catch (error) {
      throw new Stop(`building ${id} failed: ${(error as Error).message}`);
    }
  }
  return parts;
}

async function runAll(options: Options, chosen: readonly Scenario[]): Promise<number> {
  const why = await whyNoNamespace();
  if (why !== undefined) throw new Stop(why);
  if (chosen.length === 0 && !options.up) throw new Stop('there is no scenario to run');
  const wanted = options.up ? heldParts : chosen.flatMap(({ parts }) => parts);
  const needed = (Object.keys(partsCatalogue) as PartId[]).filter((id) => wanted.includes(id));
  const parts = await prepareParts(needed, runNeeds);
  buildOurselves();
  const results = await runInside(options, chosen, parts);
  if (options.up) return 0;
  const versions = Object.fromEntries(Object.values(parts).map(({ id, version }) => [id, version]));
  const report: Report = {
    ok: results.length === chosen.length && results.every(({ ok }) => ok),
    parts: { node: process.versions.node, ...versions },
    scenarios: results,
  };
  console.log(renderReport(report));
  if (options.json) console.log(JSON.stringify(report));
  return report.ok ? 0 : 1;
}

/** What runs as a process of its own runs what users get: the build, found by its published name. */
function buildOurselves(): void {
  note('building irsa and its adapters …');
  const { status } = spawnSync('npm', ['run', '--silent', 'build:js'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) throw new Stop('the build of irsa failed; see above');
}

async function runInside(
  options: Options,
  chosen: readonly Scenario[],
  parts: PreparedParts,
): Promise<readonly ScenarioResult[]> {
  let child: ChildProcess | undefined;
  // Killing unshare ends the namespace with everything in it.
  onEndingSignal(() => child?.kill('SIGKILL'));
  const folder = mkdtempSync(join(tmpdir(), 'irsa-e2e-'));
  try {
    child = startInside(folder, options, chosen, parts);
    if (options.up) tellHowToEnter(child.pid, join(folder, 'run', 'shell'));
    const code = await new Promise<number | null>((done) => child?.once('close', done));
    const file = join(folder, 'results.json');
    if (existsSync(file)) return JSON.parse(readFileSync(file, 'utf8')) as ScenarioResult[];
    if (options.up) return [];
    throw new Stop(
      `the run inside the namespace was ended (${code === null ? 'by a signal' : `code ${code}`})`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function startInside(
  folder: string,
  options: Options,
  chosen: readonly Scenario[],
  parts: PreparedParts,
): ChildProcess {
  const certificates = makeCertificates(folder, {
    dns: [...certificateNames, 'localhost', 'kubernetes.default.svc'],
    ip: [...Object.values(addresses), '127.0.0.1'],
  });
  const request: InsideRequest = {
    scenarios: chosen.map(({ id }) => id),
    buckets: [...heldBuckets, ...chosen.flatMap(({ buckets }) => buckets)],
    parts,
    certificates,
    up: options.up,
    ...(options.logs === undefined ? {} : { logs: resolve(options.logs) }),
  };
  writeFileSync(join(folder, 'request.json'), JSON.stringify(request));
  return enterNamespace(
    ['--import', 'tsx', fileURLToPath(new URL('inside.ts', import.meta.url)), folder],
    {
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      TMPDIR: folder,
      TSX_DISABLE_CACHE: '1',
      // Which Node the AWS SDK will want next year says nothing about this run.
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      NODE_EXTRA_CA_CERTS: certificates.caFile,
    },
  );
}

function tellHowToEnter(unsharePid: number | undefined, shell: string): void {
  if (unsharePid === undefined) return;
  setTimeout(() => {
    console.log(
      `Enter it from another terminal with\n  ${nsenterCommand(unsharePid, `bash --rcfile ${shell}`)}`,
    );
  }, 1000);
}
