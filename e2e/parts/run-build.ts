import { spawn } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { onEndingSignal } from '../on-ending-signal.js';

/** Runs one build command, quietly; a failure throws with the last lines that it printed. */
export async function runBuild(
  command: string,
  args: readonly string[],
  options: {
    readonly cwd: string;
    /** Where the part is built: its temporary files lie there too, so that a killed build leaves them to the next one. */
    readonly into: string;
    readonly env?: Readonly<Record<string, string>>;
  },
): Promise<void> {
  const temporary = join(options.into, 'tmp');
  await mkdir(temporary);
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, TMPDIR: temporary, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const keep = (chunk: Buffer): void => {
    said = (said + chunk.toString()).slice(-4000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const undo = onEndingSignal(() => child.kill());
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(undo);
  await rm(temporary, { recursive: true });
  if (code === 0) return;
  throw new Error(
    `${command} ${args.slice(0, 2).join(' ')} ended with ${String(code)}:\n${said.trim()}`,
  );
}
