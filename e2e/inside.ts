import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { Certificates } from './environment/make-certificates.js';
import { prepareNetwork } from './environment/prepare-network.js';
import { createWorld } from './environment/world.js';
import type { SharedWorld } from './environment/world.js';
import { holdEnvironment } from './hold-environment.js';
import type { PartId } from './parts/catalogue.js';
import type { PreparedPart } from './parts/types.js';
import { measurements, scenarios } from './scenarios/catalogue.js';
import type { Scenario, ScenarioResult } from './scenarios/types.js';

/** What the outer process asks for; it lies as request.json in the run's folder. */
export interface InsideRequest {
  readonly scenarios: readonly string[];
  readonly buckets: readonly string[];
  readonly parts: Readonly<Partial<Record<PartId, PreparedPart>>>;
  readonly certificates: Certificates;
  readonly up: boolean;
  readonly logs?: string;
}

/** Far beyond what each takes, so that a hang ends. */
const deadlineMs = (scenario: Scenario): number => (scenario.slow === true ? 40 : 20) * 60_000;

const note = (line: string): void => {
  console.error(`e2e: ${line}`);
};

async function runScenario(shared: SharedWorld, scenario: Scenario): Promise<ScenarioResult> {
  const started = performance.now();
  const { world, end } = shared.forScenario(scenario.id);
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`not finished after ${deadlineMs(scenario) / 60_000} minutes`));
    }, deadlineMs(scenario));
  });
  const outcome = await Promise.race([scenario.run(world), deadline]).then(
    (detail) => ({ ok: true, detail }),
    (error: unknown) => ({
      ok: false,
      detail: error instanceof Error ? error.message : String(error),
    }),
  );
  clearTimeout(timer);
  const ms = Math.round(performance.now() - started);
  await end().catch((error: unknown) => {
    note(`${scenario.id}: cleaning up failed: ${String(error)}`);
  });
  note(`${scenario.id}: ${outcome.ok ? 'ok' : 'FAILED'} in ${(ms / 1000).toFixed(1)} s`);
  return { id: scenario.id, ms, ...outcome };
}

/** Nobody else is left to do it. The memory file system goes first: what lies under it could not be removed. */
function removeFolder(folder: string): void {
  spawnSync('umount', ['--lazy', join(folder, 'run')], { stdio: 'ignore' });
  rmSync(folder, { recursive: true, force: true });
}

async function inside(folder: string): Promise<void> {
  // The pipe closes when the outer process is gone; as process 1 of the namespace our end is the end of everything in it.
  const lifeline = new Socket({ fd: 3, readable: true });
  lifeline
    .on('close', () => {
      removeFolder(folder);
      process.exit(1);
    })
    .resume();
  lifeline.unref();
  const request = JSON.parse(readFileSync(join(folder, 'request.json'), 'utf8')) as InsideRequest;
  const data = prepareNetwork(folder, request.buckets);
  const shared = createWorld({ ...request, data, note });
  if (request.up) {
    await holdEnvironment(shared, data);
    return;
  }
  const results: ScenarioResult[] = [];
  for (const scenario of [...scenarios, ...measurements]) {
    if (request.scenarios.includes(scenario.id)) results.push(await runScenario(shared, scenario));
  }
  await shared.close();
  if (request.logs !== undefined) cpSync(join(data, 'logs'), request.logs, { recursive: true });
  writeFileSync(join(folder, 'results.json'), JSON.stringify(results));
  process.exit(0);
}

await inside(process.argv[2]!);
