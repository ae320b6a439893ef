import { spawn, spawnSync, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A server under measurement: a process of its own, pinned to the first core where taskset is there. */
export interface Contestant {
  readonly child: ChildProcess;
  readonly port: number;
  /** From spawn to the first 200 of its probe. */
  readonly startMs: number;
}

/** Where a contestant finds certificates and the API server. */
export interface Surroundings {
  /** Has tls.crt, tls.key and ca.crt. */
  readonly folder: string;
  readonly apiPort: number;
  readonly ca: string;
}

const hasTaskset = spawnSync('taskset', ['-V']).status === 0;

function spawnPinned(
  command: string,
  args: readonly string[],
): ChildProcessByStdio<null, Readable, Readable> {
  const [first = '', ...rest] = [...(hasTaskset ? ['taskset', '-c', '0'] : []), command, ...args];
  // As a container's log goes: to a pipe that somebody reads.
  const child = spawn(first, rest, { stdio: ['ignore', 'pipe', 'pipe'], env: {} });
  child.stderr.resume();
  return child;
}

/** Starts `ours.mjs` or `floor.mjs`, which tell their port in the first line of their output. */
export async function startNode(
  script: 'ours.mjs' | 'floor.mjs',
  { folder, apiPort, ca }: Surroundings,
  settings: object = {},
): Promise<Contestant> {
  const file = fileURLToPath(new URL(script, import.meta.url));
  const startedAt = performance.now();
  const child = spawnPinned(process.execPath, [
    file,
    JSON.stringify({ folder, apiPort, ...settings }),
  ]);
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
  await ready(child, port, ca, '/readyz');
  return { child, port, startMs: performance.now() - startedAt };
}

/** Starts amazon-eks-pod-identity-webhook, the real one, built by `npm run e2e -- --prepare eks-webhook`. */
export async function startGoWebhook(
  program: string,
  { folder, apiPort, ca }: Surroundings,
): Promise<Contestant> {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const startedAt = performance.now();
  const child = spawnPinned(program, [
    '--in-cluster=false',
    `--kubeconfig=${join(folder, 'kubeconfig')}`,
    `--kube-api=https://127.0.0.1:${String(apiPort)}`,
    `--port=${String(port)}`,
    `--metrics-port=${String(metricsPort)}`,
    `--tls-cert=${folder}/tls.crt`,
    `--tls-key=${folder}/tls.key`,
    '--aws-default-region=us-west-2',
    '--sts-regional-endpoint=true',
  ]);
  child.stdout.resume();
  await ready(child, port, ca, '/healthz');
  return { child, port, startMs: performance.now() - startedAt };
}

/** What the Go webhook reads to find the API server. */
export function kubeconfig(apiPort: number, ca: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'bench',
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: 'bench' } }],
    clusters: [
      {
        name: 'bench',
        cluster: {
          server: `https://127.0.0.1:${String(apiPort)}`,
          'certificate-authority-data': Buffer.from(ca).toString('base64'),
        },
      },
    ],
    users: [{ name: 'bench', user: { token: 'bench' } }],
  });
}

/** User and system time of a process, in milliseconds (clock ticks are 10 ms on Linux). */
export function cpuMs({ child }: Contestant): number {
  const text = readFileSync(`/proc/${child.pid ?? 0}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resident memory of a process, in MiB. */
export function rss(of: Contestant): number {
  return memoryOf(of, 'VmRSS');
}

/** The most that it ever was, in MiB. */
export function peakRss(of: Contestant): number {
  return memoryOf(of, 'VmHWM');
}

function memoryOf({ child }: Contestant, field: string): number {
  const text = readFileSync(`/proc/${child.pid ?? 0}/status`, 'utf8');
  return Number(new RegExp(`${field}:\\s+(\\d+)`).exec(text)?.[1]) / 1024;
}

/** Sends one request and gives what came: of a server that is not there, status 0. */
export function ask(
  port: number,
  ca: string,
  path: string,
  body?: string,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve) => {
    const call = request(
      {
        ...{ port, host: '127.0.0.1', ca, path, agent: false },
        ...(body !== undefined && {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
        }),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
        });
      },
    );
    call.on('error', () => {
      resolve({ status: 0, text: '' });
    });
    call.end(body);
  });
}

async function ready(child: ChildProcess, port: number, ca: string, path: string): Promise<void> {
  while ((await ask(port, ca, path)).status !== 200) {
    if (child.exitCode !== null) throw new Error(`bench: ${child.spawnfile} ended`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // `as`: a listening TCP server has an AddressInfo.
  await new Promise((resolve) => server.close(resolve));
  return port;
}
