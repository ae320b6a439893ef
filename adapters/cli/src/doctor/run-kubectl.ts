import type { CliIo } from '../types.js';
import type { Gap } from './types.js';

const limitMs = 10_000;
const maxOutputBytes = 64 * 1024 * 1024;

/** What kubectl printed, or why it did not. */
export interface KubectlAnswer {
  readonly text?: string;
  readonly error?: string;
}

/** Asks kubectl about one thing: an object, null where there is no such thing, undefined (and a gap) where it may not be seen. */
export type AskKubectl = (what: string, args: readonly string[]) => Promise<unknown>;

/** Runs kubectl (or what KUBECTL names): it brings the user's own access, whatever kind it is. */
export async function runKubectl(args: readonly string[], io: CliIo): Promise<KubectlAnswer> {
  const { execFile } = await import('node:child_process');
  return new Promise((resolve) => {
    const options = { timeout: limitMs, maxBuffer: maxOutputBytes, env: { ...io.env } };
    execFile(io.env['KUBECTL'] ?? 'kubectl', [...args], options, (error, stdout, stderr) => {
      if (error === null) resolve({ text: stdout });
      else resolve({ error: reasonOf(error, stderr) });
    });
  });
}

function reasonOf(
  error: { readonly code?: unknown; readonly killed?: boolean; readonly message: string },
  stderr: string,
): string {
  if (error.code === 'ENOENT') return 'there is no kubectl here';
  if (error.killed === true) return `kubectl did not answer within ${limitMs / 1000} s`;
  return (stderr.trim().split('\n').at(-1) ?? '').slice(0, 300) || error.message.slice(0, 300);
}

/** Asks for JSON, and keeps what could not be looked at. */
export function askKubectl(io: CliIo, gaps: Gap[]): AskKubectl {
  return async (what, args) => {
    const raw = args.includes('--raw');
    const { text, error = '' } = await runKubectl(raw ? args : [...args, '-o', 'json'], io);
    if (text !== undefined) {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        gaps.push({ what, why: 'kubectl printed something that is not JSON' });
        return undefined;
      }
    }
    // Only the API server's own word: a credential plug-in that is not found says nothing of the object.
    if (error.includes('(NotFound)')) return null;
    gaps.push({ what, why: error });
    return undefined;
  };
}
