import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { generateServerIdentity, type ServerIdentity } from 'irsa/certs';
import type { BenchRow } from '../types.js';
import { driveLoad, type LoadResult } from '../webhook/drive-load.js';

export const suite = 'webhook';

const rounds = 5;
const roundSeconds = 2;
const pageSize = 500;

interface Contestant {
  readonly child: ChildProcess;
  readonly port: number;
  /** From spawn to the first 200 of `/readyz`. */
  readonly startMs: number;
}

/** The admission server, pinned to one core, against a bare Node server that parses the body and answers a constant. */
export async function run(): Promise<BenchRow[]> {
  const folder = mkdtempSync(join(tmpdir(), 'irsa-bench-'));
  const identity = await generateServerIdentity({
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  writeFileSync(join(folder, 'tls.crt'), identity.certificatePem);
  writeFileSync(join(folder, 'tls.key'), identity.privateKeyPem);
  writeFileSync(join(folder, 'ca.crt'), identity.caBundlePem);
  const started: (ChildProcess | Server)[] = [];
  try {
    return await measure(folder, identity, started);
  } finally {
    for (const one of started) {
      if ('kill' in one) one.kill('SIGKILL');
      else one.closeAllConnections();
      if ('close' in one) one.close();
    }
    rmSync(folder, { recursive: true });
  }
}

async function measure(
  folder: string,
  identity: ServerIdentity,
  started: (ChildProcess | Server)[],
): Promise<BenchRow[]> {
  const ca = identity.caBundlePem;
  const body = realisticReview();
  const few = await startApi(identity, 1);
  const many = await startApi(identity, 100_000);
  started.push(few, many);
  const launch = async (script: string, api: Server): Promise<Contestant> => {
    const contestant = await start({ script, folder, apiPort: portOf(api), ca });
    started.push(contestant.child);
    return contestant;
  };
  const floor = await launch('floor.mjs', few);
  const ours = await launch('ours.mjs', few);
  const oursAgain = await launch('ours.mjs', few);
  const floorAgain = await launch('floor.mjs', few);
  const load = (to: Contestant, connections = 10): Promise<LoadResult> =>
    driveLoad({
      port: to.port,
      ca,
      connections,
      seconds: roundSeconds,
      body,
      path: '/mutate?timeout=5s',
    });

  // Until the compiler has seen what is hot: some thousand requests each.
  for (let round = 0; round < 3; round += 1) {
    await load(floor);
    await load(ours);
  }
  const measured = { ours: [] as Sample[], floor: [] as Sample[] };
  for (let round = 0; round < rounds; round += 1) {
    measured.floor.push(await sample(floor, () => load(floor)));
    measured.ours.push(await sample(ours, () => load(ours)));
  }
  const row = (
    what: string,
    unit: string,
    pick: (from: Sample) => number,
    goal?: { readonly target: string; readonly met: (ratio: number) => boolean },
  ): BenchRow => {
    const ratio = median(measured.ours.map((one, at) => pick(one) / pick(measured.floor[at]!)));
    return {
      what,
      unit,
      ours: median(measured.ours.map(pick)),
      floor: median(measured.floor.map(pick)),
      ratio,
      ...(goal !== undefined && { target: goal.target, met: goal.met(ratio) }),
      note: 'floor: node:https that parses the body and answers a constant; 10 connections, one core',
    };
  };
  const rows = [
    row('realistic review, 10 connections', 'requests/s', ({ rps }) => rps, {
      target: '≥ 0.8×',
      met: (ratio) => ratio >= 0.8,
    }),
    row('p50', 'ms', ({ p50 }) => p50),
    row('p99', 'ms', ({ p99 }) => p99, { target: '≤ 1.5×', met: (ratio) => ratio <= 1.5 }),
    row('p999', 'ms', ({ p999 }) => p999),
    row('CPU per 1,000 requests', 'ms', ({ cpuMs }) => cpuMs),
    difference('RSS after the rounds', 'MiB', rss(ours), rss(floor), 30),
    difference(
      'start to ready',
      'ms',
      median([ours.startMs, oursAgain.startMs]),
      median([floor.startMs, floorAgain.startMs]),
      200,
    ),
  ];
  const large = await launch('ours.mjs', many);
  rows.push(
    difference(
      'RSS with 100,000 ServiceAccounts, against 1',
      'MiB',
      rss(large),
      rss(oursAgain),
      60,
    ),
  );
  rows.push(await overload(ours, ca, body, median(measured.ours.map(({ rps }) => rps))));
  return rows;
}

/** 1,000 connections that each want an answer at once: what happens when far more is asked for than can be done. */
async function overload(
  ours: Contestant,
  ca: string,
  body: string,
  rps: number,
): Promise<BenchRow> {
  const before = rss(ours);
  const connections = 1000;
  const result = await driveLoad({
    port: ours.port,
    ca,
    connections,
    seconds: 6,
    body,
    path: '/mutate?timeout=1s',
  });
  const after = rss(ours);
  const { refused, broken, answers, latencies } = result;
  const slowest = latencies.at(-1) ?? Infinity;
  return {
    what: `${connections} connections at once: slowest answer, against the timeout of 1 s`,
    unit: 'ms',
    ours: slowest,
    floor: 1000,
    ratio: slowest / 1000,
    target: 'within the timeout, RSS + ≤ 64 MiB',
    met: slowest < 1000 && broken === 0 && after - before <= 64,
    note: `${answers} answers at ${Math.round(answers / result.seconds)}/s (${Math.round(rps)}/s with 10 connections), ${refused} of them shed, ${broken} connections broken; RSS ${Math.round(before)} → ${Math.round(after)} MiB`,
  };
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

async function sample(of: Contestant, round: () => Promise<LoadResult>): Promise<Sample> {
  const before = cpuMs(of);
  const { answers, refused, seconds, latencies } = await round();
  if (refused > 0) throw new Error(`bench: ${refused} of ${answers} answers were refusals`);
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

/** User and system time of a process, in milliseconds (clock ticks are 10 ms on Linux). */
function cpuMs({ child }: Contestant): number {
  const text = readFileSync(`/proc/${child.pid ?? 0}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function rss({ child }: Contestant): number {
  const text = readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1024;
}

async function start(task: {
  readonly script: string;
  readonly folder: string;
  readonly apiPort: number;
  readonly ca: string;
}): Promise<Contestant> {
  const { script, folder, apiPort, ca } = task;
  const file = fileURLToPath(new URL(`../webhook/${script}`, import.meta.url));
  const startedAt = performance.now();
  const hasTaskset = spawnSync('taskset', ['-V']).status === 0;
  const node = [process.execPath, file, JSON.stringify({ folder, apiPort })];
  const [command = '', ...args] = hasTaskset ? ['taskset', '-c', '0', ...node] : node;
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'ignore'], env: {} });
  const port = await new Promise<number>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.includes('\n')) resolve((JSON.parse(text) as { port: number }).port);
    });
    child.on('exit', (code) => {
      reject(new Error(`bench: ${script} ended with ${code ?? 'a signal'}`));
    });
  });
  while (!(await isReady(port, ca))) await new Promise((resolve) => setTimeout(resolve, 10));
  return { child, port, startMs: performance.now() - startedAt };
}

async function isReady(port: number, ca: string): Promise<boolean> {
  const { request } = await import('node:https');
  return new Promise((resolve) => {
    const probe = request(
      { port, host: '127.0.0.1', ca, path: '/readyz', agent: false },
      (response) => {
        response.resume();
        resolve(response.statusCode === 200);
      },
    );
    probe.on('error', () => {
      resolve(false);
    });
    probe.end();
  });
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;

/** The review recorded from a real API server, compact as on the wire. */
function realisticReview(): string {
  const file = new URL(
    '../../adapters/webhook/test/fixtures/admission-review-realistic.json',
    import.meta.url,
  );
  return JSON.stringify(JSON.parse(readFileSync(file, 'utf8')));
}

/** An API server with as many ServiceAccounts; the review's own is one of them. Each tenth has a role. */
async function startApi(identity: ServerIdentity, count: number): Promise<Server> {
  const named = (
    JSON.parse(realisticReview()) as {
      request: { namespace: string; object: { spec: { serviceAccountName: string } } };
    }
  ).request;
  const item = (n: number): unknown => ({
    metadata: {
      name: n === 0 ? named.object.spec.serviceAccountName : `service-account-${n}`,
      namespace: n === 0 ? named.namespace : `namespace-${n % 1000}`,
      uid: '71f33dee-94a1-455c-9a9c-6cd0d0d71d32',
      resourceVersion: String(n),
      ...(n % 10 === 0 && {
        annotations: {
          'eks.amazonaws.com/role-arn': `arn:aws:iam::111122223333:role/role-${n}`,
        },
      }),
    },
  });
  const server = createServer(
    { cert: identity.certificatePem, key: identity.privateKeyPem },
    (request, response) => {
      const { searchParams } = new URL(request.url ?? '/', 'https://api');
      response.writeHead(200, { 'content-type': 'application/json' });
      if (searchParams.has('watch')) {
        response.flushHeaders();
        return;
      }
      const from = Number(searchParams.get('continue') ?? 0);
      const length = Math.min(pageSize, count - from);
      const next = from + length;
      response.end(
        JSON.stringify({
          metadata: { resourceVersion: '1', ...(next < count && { continue: String(next) }) },
          items: Array.from({ length }, (_, n) => item(from + n)),
        }),
      );
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
