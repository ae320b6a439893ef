import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A running program of the environment. */
export interface RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
  /** Whether it still runs. */
  isRunning(): boolean;
  /** Sends the signal (default SIGTERM) and waits for the end; SIGKILL after five seconds. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Starts a program with exactly the given environment and waits until `ready` says yes. */
export async function startProcess(options: {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly logs: string;
  readonly ready: () => Promise<boolean>;
  readonly readyWithinMs?: number;
}): Promise<RunningProcess> {
  const { name, command, args, env } = options;
  const logFile = join(options.logs, `${name}.log`);
  const log = openSync(logFile, 'a');
  const child = spawn(command, args, { env, stdio: ['ignore', log, log] });
  closeSync(log);
  const failed = new Promise<Error>((resolve) => {
    child.once('error', resolve);
  });
  const running = describe(child, name, logFile);
  const deadline = Date.now() + (options.readyWithinMs ?? 60_000);
  for (;;) {
    if (await options.ready().catch(() => false)) return running;
    const error = child.pid === undefined ? await failed : undefined;
    if (error === undefined && running.isRunning() && Date.now() < deadline) {
      await sleep(25);
      continue;
    }
    await running.stop('SIGKILL');
    throw new Error(`${name} did not become ready: ${error?.message ?? lastLines(logFile)}`);
  }
}

function describe(child: ChildProcess, name: string, logFile: string): RunningProcess {
  const isRunning = (): boolean =>
    child.pid !== undefined && child.exitCode === null && child.signalCode === null;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      resolve();
    });
  });
  return {
    name,
    pid: child.pid ?? 0,
    logFile,
    isRunning,
    stop: async (signal = 'SIGTERM') => {
      if (!isRunning()) return;
      child.kill(signal);
      const timer = setTimeout(() => child.kill('SIGKILL'), 5000);
      await ended;
      clearTimeout(timer);
    },
  };
}

/** The end of a log, for an error message. */
export function lastLines(logFile: string, lines = 15): string {
  return `last lines of ${logFile}:\n${readFileSync(logFile, 'utf8').trim().split('\n').slice(-lines).join('\n')}`;
}
