import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('../..', import.meta.url));

/** What `npm run e2e -- --json` writes as its last line. */
export interface E2eReport {
  readonly ok: boolean;
  readonly parts: Readonly<Record<string, string>>;
  readonly scenarios: readonly {
    readonly id: string;
    readonly ok: boolean;
    readonly ms: number;
    readonly detail: string;
  }[];
  readonly error?: string;
}

export interface E2eRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A run that goes on. */
export interface RunningE2e {
  readonly child: ChildProcess;
  readonly ended: Promise<E2eRun>;
  /** Everything printed so far. */
  printed(): string;
}

/** Starts the command in a session of its own, by which everything that it starts can be found. */
export function startE2e(
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly env?: Readonly<Record<string, string>>;
    /** What the command is run by, e.g. `unshare …`. */
    readonly by?: readonly string[];
  } = {},
): RunningE2e {
  const { cwd = root, env = {}, by = [] } = options;
  const [command, ...rest] = [...by, process.execPath, `${cwd}/e2e/run.mjs`, ...args];
  const child = spawn(command!, rest, {
    cwd,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const printed = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk: Buffer) => (printed.stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (printed.stderr += chunk.toString()));
  const ended = new Promise<E2eRun>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ code, ...printed });
    });
  });
  return { child, ended, printed: () => printed.stdout + printed.stderr };
}

/** Runs the command to its end. */
export const runE2e = (...call: Parameters<typeof startE2e>): Promise<E2eRun> =>
  startE2e(...call).ended;

/** The object on the last line. */
export const reportOf = ({ stdout }: E2eRun): E2eReport =>
  JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as E2eReport;
