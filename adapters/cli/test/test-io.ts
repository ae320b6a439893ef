import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { createAwsClients } from 'irsa-aws';
import { runCli, type CliIo, type ExitCode } from '../src/index.js';

export const fixtures: string = fileURLToPath(new URL('./fixtures/', import.meta.url));

/** What a run of the command printed and how it ended. */
export interface CliRun {
  readonly exitCode: ExitCode;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command in this process, in the fixtures' folder unless told otherwise. */
export async function irsa(
  argv: readonly string[],
  change: Partial<Omit<CliIo, 'stdout' | 'stderr'>> & {
    readonly stdin?: string;
    readonly tty?: boolean;
  } = {},
): Promise<CliRun> {
  const { stdin = '', tty = false, ...rest } = change;
  const printed = { stdout: '', stderr: '' };
  const io: CliIo = {
    stdout: { write: (text) => void (printed.stdout += text), isTty: tty },
    stderr: { write: (text) => void (printed.stderr += text), isTty: tty },
    readStdin: () => Promise.resolve(new TextEncoder().encode(stdin)),
    confirm: () => Promise.resolve(false),
    env: {},
    cwd: fixtures,
    now: () => new Date('2026-08-01T00:00:00Z'),
    fetch: () => Promise.reject(new Error('no network in this test')),
    awsClients: createAwsClients,
    signal: new AbortController().signal,
    ...rest,
  };
  return { exitCode: await runCli(argv, io), ...printed };
}

/** An empty folder that is gone after the test. */
export function scratchFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'irsa-cli-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

export const fixture = (name: string): string => readFileSync(join(fixtures, name), 'utf8');
