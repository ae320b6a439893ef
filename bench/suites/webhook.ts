import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateServerIdentity, type ServerIdentity } from 'irsa/certs';
import { reviewPod } from 'irsa/patch';
import type { BenchRow } from '../types.js';
import {
  ask,
  cpuMs,
  kubeconfig,
  rss,
  startGoWebhook,
  startNode,
  type Contestant,
  type Surroundings,
} from '../webhook/contestant.js';
import { driveLoad, type LoadResult } from '../webhook/drive-load.js';
import { measurePressure } from '../webhook/measure-pressure.js';
import { realisticReview, roleAnnotations, serveAccounts } from '../webhook/serve-accounts.js';

export const suite = 'webhook';

const rounds = 5;
const roundSeconds = 2;
const floorIs =
  'floor: node:https that parses the body and answers the same bytes as a constant; 10 connections, one core';

/** The admission server, pinned to one core, against a bare Node server that parses the body and answers a constant, and the Go webhook. */
export async function run(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'irsa-bench-'));
  const identity = await generateServerIdentity({
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const few = await serveAccounts(identity, 1);
  const many = await serveAccounts(identity, 100_000);
  const ca = identity.caBundlePem;
  const contestants: Contestant[] = [];
  try {
    writeFiles(folder, identity, few);
    return await measure({
      body: realisticReview(),
      at: { folder, ca, apiPort: portOf(few) },
      crowded: { folder, ca, apiPort: portOf(many) },
      add: (contestant) => {
        contestants.push(contestant);
        return contestant;
      },
    });
  } finally {
    for (const { child } of contestants) child.kill('SIGKILL');
    for (const server of [few, many]) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(folder, { recursive: true });
  }
}

interface Arena {
  readonly body: string;
  readonly at: Surroundings;
  /** The same with 100,000 ServiceAccounts. */
  readonly crowded: Surroundings;
  readonly add: (contestant: Contestant) => Contestant;
}

async function measure(arena: Arena): Promise<BenchRow[]> {
  const { body, at, crowded, add } = arena;
  const floor = add(await startNode('floor.mjs', at));
  const ours = add(await startNode('ours.mjs', at));
  const oursAgain = add(await startNode('ours.mjs', at));
  const floorAgain = add(await startNode('floor.mjs', at));
  const program = goWebhookProgram();
  const go = program === undefined ? undefined : add(await startGoWebhook(program, at));
  await mustMutate(go === undefined ? [ours] : [ours, go], arena);

  const load = (to: Contestant): Promise<LoadResult> =>
    driveLoad({
      port: to.port,
      ca: at.ca,
      connections: 10,
      seconds: roundSeconds,
      body,
      path: '/mutate?timeout=5s',
    });
  // Until the compiler has seen what is hot: some thousand requests each.
  for (let round = 0; round < 3; round += 1) {
    await load(floor);
    await load(ours);
  }
  const samples = { ours: [] as Sample[], floor: [] as Sample[], go: [] as Sample[] };
  for (let round = 0; round < rounds; round += 1) {
    samples.floor.push(await sample(floor, () => load(floor)));
    samples.ours.push(await sample(ours, () => load(ours)));
    if (go !== undefined) samples.go.push(await sample(go, () => load(go)));
  }
  const versus = (rival: readonly Sample[]) => (what: string, unit: string, pick: Pick) => ({
    what,
    unit,
    ours: median(samples.ours.map(pick)),
    floor: median(rival.map(pick)),
    ratio: median(samples.ours.map((one, round) => pick(one) / pick(rival[round]!))),
  });
  const row = versus(samples.floor);
  const rps = row('realistic review, 10 connections', 'requests/s', (one) => one.rps);
  const p99 = row('p99', 'ms', (one) => one.p99);
  const rows: BenchRow[] = [
    { ...rps, target: '≥ 0.8×', met: rps.ratio >= 0.8, note: floorIs },
    row('p50', 'ms', (one) => one.p50),
    { ...p99, target: '≤ 1.5×', met: p99.ratio <= 1.5 },
    row('p999', 'ms', (one) => one.p999),
    row('CPU per 1,000 requests', 'ms', (one) => one.cpuMs),
    difference('RSS after the rounds', 'MiB', rss(ours), rss(floor), 30),
    difference(
      'start to ready',
      'ms',
      median([ours.startMs, oursAgain.startMs]),
      median([floor.startMs, floorAgain.startMs]),
      200,
    ),
  ];
  if (go === undefined) {
    rows[0] = {
      ...rows[0]!,
      note: `${floorIs}. The Go webhook was not measured: build it with npm run e2e -- --prepare eks-webhook`,
    };
  } else {
    rows.push(...againstGo(versus(samples.go), rss(ours), rss(go)));
  }
  const large = add(await startNode('ours.mjs', crowded));
  rows.push(
    difference(
      'RSS with 100,000 ServiceAccounts, against 1',
      'MiB',
      rss(large),
      rss(oursAgain),
      60,
    ),
  );
  const against = { ours, floor, ca: at.ca, body };
  rows.push(
    await measurePressure(
      { what: '1,000 connections at once, timeout 1 s', timeoutSeconds: 1, seconds: 3 },
      against,
    ),
    // What a whole core can serve is asked of a tenth of one.
    await measurePressure(
      {
        what: 'ten times what it can serve, timeout 5 s',
        ...{ timeoutSeconds: 5, seconds: 8, rate: rps.ours, share: 0.1 },
      },
      against,
    ),
  );
  return rows;
}

function againstGo(
  row: (what: string, unit: string, pick: Pick) => BenchRow,
  ours: number,
  go: number,
): BenchRow[] {
  const rps = row('the same, against the Go webhook', 'requests/s', (one) => one.rps);
  return [
    {
      ...rps,
      target: '≥ 3.3×',
      met: rps.ratio >= 3.3,
      note: 'rival: amazon-eks-pod-identity-webhook v0.6.17, the real program, same core, same reviews',
    },
    row('p99, against the Go webhook', 'ms', (one) => one.p99),
    row('CPU per 1,000 requests, against the Go webhook', 'ms', (one) => one.cpuMs),
    { what: 'RSS, against the Go webhook', unit: 'MiB', ours, floor: go, ratio: ours / go },
  ];
}

const difference = (
  what: string,
  unit: string,
  ours: number,
  floor: number,
  allowed: number,
): BenchRow => ({
  what,
  unit,
  ours,
  floor,
  ratio: ours / floor,
  target: `≤ floor + ${allowed} ${unit}`,
  met: ours - floor <= allowed,
});

interface Sample {
  readonly rps: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly cpuMs: number;
}

type Pick = (from: Sample) => number;

async function sample(of: Contestant, round: () => Promise<LoadResult>): Promise<Sample> {
  const before = cpuMs(of);
  const { answers, refusals, seconds, latencies } = await round();
  if (refusals.length > 0) throw new Error(`bench: ${refusals.length} refusals`);
  const at = (share: number): number => latencies[Math.floor(latencies.length * share)] ?? 0;
  return {
    rps: answers / seconds,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    cpuMs: ((cpuMs(of) - before) / answers) * 1000,
  };
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

function writeFiles(folder: string, identity: ServerIdentity, api: Server): void {
  const answer = reviewPod(JSON.parse(realisticReview()), {
    findServiceAccount: () => ({ metadata: { annotations: roleAnnotations } }),
    settings: { region: 'us-west-2', regionalSts: true },
  });
  for (const [name, text] of Object.entries({
    'tls.crt': identity.certificatePem,
    'tls.key': identity.privateKeyPem,
    'ca.crt': identity.caBundlePem,
    kubeconfig: kubeconfig(portOf(api), identity.caBundlePem),
    'answer.json': JSON.stringify(answer),
  })) {
    writeFileSync(join(folder, name), text);
  }
}

/** A contestant that answers without a patch would be measured at nothing. */
async function mustMutate(contestants: readonly Contestant[], arena: Arena): Promise<void> {
  for (const { port } of contestants) {
    const deadline = performance.now() + 10_000;
    for (;;) {
      const { text } = await ask(port, arena.at.ca, '/mutate?timeout=5s', arena.body);
      if (text.includes('"patch":')) break;
      if (performance.now() > deadline) throw new Error(`bench: no patch in ${text}`);
    }
  }
}

/** Where `npm run e2e` keeps what it has built. */
function goWebhookProgram(): string | undefined {
  const cache = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'irsa-e2e');
  const part = existsSync(cache)
    ? readdirSync(cache).find((name) => /^eks-webhook-(?!.*\.(?:building|lock))/.test(name))
    : undefined;
  return part === undefined ? undefined : join(cache, part, 'eks-webhook');
}
