import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { PartId } from '../parts/catalogue.js';
import type { PreparedPart } from '../parts/types.js';
import type { Certificates } from './make-certificates.js';
import { startApiServer } from './start-api-server.js';
import type { ApiServer } from './start-api-server.js';
import { startAws } from './start-aws.js';
import type { VerifyingAws } from './start-aws.js';
import { startEtcd } from './start-etcd.js';
import type { Etcd } from './start-etcd.js';

/** What a command printed and how it ended. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Everything that a scenario stands on; shared parts start when the first scenario asks for them. */
export interface World {
  readonly certificates: Certificates;
  /** A folder of this scenario's own. */
  readonly data: string;
  readonly logs: string;
  /** The program or folder of a part. */
  part(id: PartId): string;
  etcd(): Promise<Etcd>;
  aws(): Promise<VerifyingAws>;
  /** Starts an API server that lives as long as the scenario. */
  apiServer(options: {
    readonly name: string;
    readonly serviceAccountArguments: readonly string[];
    readonly prefix?: string;
    readonly etcd?: string;
    readonly port?: number;
  }): Promise<ApiServer>;
  /** A port that nothing in this run uses. */
  nextPort(): number;
  /** Runs a command with exactly this environment and PATH. */
  run(
    command: string,
    args: readonly string[],
    options?: { readonly env?: Readonly<Record<string, string>>; readonly input?: string },
  ): Promise<CommandResult>;
  /** Runs when the scenario has ended, last registered first. */
  onEnd(end: () => Promise<void> | void): void;
  /** One line of progress. */
  note(line: string): void;
}

/** What outlives a scenario: the shared parts and the ports in use. */
export interface SharedWorld {
  forScenario(id: string): { readonly world: World; readonly end: () => Promise<void> };
  close(): Promise<void>;
}

export function createWorld(options: {
  readonly parts: Readonly<Partial<Record<PartId, PreparedPart>>>;
  readonly certificates: Certificates;
  readonly data: string;
  readonly note: (line: string) => void;
}): SharedWorld {
  const { certificates, data } = options;
  const logs = join(data, 'logs');
  let port = 6443;
  let etcd: Promise<Etcd> | undefined;
  let aws: Promise<VerifyingAws> | undefined;
  const part = (id: PartId): string => {
    const prepared = options.parts[id];
    if (prepared === undefined) throw new Error(`the scenario does not name its part ${id}`);
    return join(prepared.folder, id);
  };
  const shared = {
    certificates,
    logs,
    part,
    nextPort: () => port++,
    etcd: () => (etcd ??= startEtcd({ binary: part('etcd'), data, logs })),
    aws: () => (aws ??= startAws({ binary: part('versitygw'), certificates, data, logs })),
    run: (
      command: string,
      args: readonly string[],
      { env = {}, input = '' }: { env?: Readonly<Record<string, string>>; input?: string } = {},
    ) => runCommand(command, args, { HOME: join(data, 'home'), ...env }, input),
  };
  const forScenario = (id: string): { world: World; end: () => Promise<void> } => {
    const ends: (() => Promise<void> | void)[] = [];
    const folder = join(data, id);
    mkdirSync(folder, { recursive: true });
    const world: World = {
      ...shared,
      data: folder,
      onEnd: (end) => ends.push(end),
      note: (line) => {
        options.note(`${id}: ${line}`);
      },
      apiServer: async ({ etcd: url, ...asked }) => {
        const api = await startApiServer({
          port: shared.nextPort(),
          ...asked,
          name: `${id}-${asked.name}`,
          binary: part('kube-apiserver'),
          etcd: url ?? (await shared.etcd()).url,
          certificates,
          data: folder,
          logs,
        });
        ends.push(() => api.stop());
        return api;
      },
    };
    const end = async (): Promise<void> => {
      for (const run of ends.reverse()) await run();
    };
    return { world, end };
  };
  const close = async (): Promise<void> => {
    await (await aws?.catch(() => undefined))?.stop();
    await (await etcd?.catch(() => undefined))?.process.stop();
  };
  return { forScenario, close };
}

/** Runs a command to its end in a clean environment: nothing but PATH, HOME and what is passed. */
async function runCommand(
  command: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  input: string,
): Promise<CommandResult> {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const printed = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (printed.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed.stderr += chunk.toString()));
  // A command that does not read its input may be gone before it is written.
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const code = await new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      resolve(status ?? 1);
    });
  });
  return { code, ...printed };
}
