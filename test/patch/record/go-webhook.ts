import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Json } from '../support.js';

/** What the Go program in this folder reads; see main.go. */
export interface GoCase {
  readonly review?: Json;
  readonly namespace?: string;
  readonly pod?: Json;
  readonly serviceAccount?: Json;
  readonly configMap?: Json;
  readonly identities?: Json;
  readonly settings?: Json;
  readonly jitter?: number;
  /** Asks for the time of so many calls of the handler with the same review. */
  readonly repeat?: number;
  readonly normalise?: Json;
}

/** What it answers. */
export interface GoAnswer {
  readonly allowed: boolean;
  readonly uid: string;
  readonly message?: string;
  readonly patch?: Json[];
  readonly panic?: string;
  readonly normalised?: Json;
  /** The mean time of a call of its handler, where `repeat` asks for it. */
  readonly microseconds?: number;
}

const here = fileURLToPath(new URL('.', import.meta.url));

const run = (command: string, args: readonly string[], input?: string): string => {
  const done = spawnSync(command, args, {
    cwd: here,
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
    ...(input === undefined ? {} : { input }),
  });
  if (done.error !== undefined) throw done.error;
  if (done.status !== 0) throw new Error(`${command} ${args.join(' ')}: ${done.stderr}`);
  return done.stdout;
};

/** Builds the Go webhook's program (Go 1.26 and the Go module proxy are needed) and gives its path. */
export const buildGoWebhook = (): string => {
  const folder = join(process.env['XDG_CACHE_HOME'] ?? tmpdir(), 'irsa-go-webhook');
  mkdirSync(folder, { recursive: true });
  const program = join(folder, 'webhook-v0.6.17');
  run('nice', ['-n', '19', 'go', 'build', '-trimpath', '-o', program, '.']);
  return program;
};

/** Runs cases through the real webhook, one answer each, in order. */
export const runGoWebhook = (program: string, cases: readonly GoCase[]): GoAnswer[] => {
  const lines = cases.map((one) => JSON.stringify(one)).join('\n');
  return run(program, [], `${lines}\n`)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as GoAnswer);
};
