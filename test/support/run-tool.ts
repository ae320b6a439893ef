import { execFileSync } from 'node:child_process';

/** Runs a tool that a test needs; says clearly which one is missing instead of passing without it. */
export function runTool(
  tool: 'openssl' | 'ssh-keygen',
  args: readonly string[],
  input?: string | Uint8Array,
): Buffer {
  try {
    return execFileSync(tool, args, {
      ...(input === undefined ? {} : { input }),
      stdio: ['pipe', 'pipe', 'pipe'],
      maxBuffer: 16 * 1024 * 1024,
    });
  } catch (error) {
    const cause = error as NodeJS.ErrnoException & { stderr?: Buffer };
    throw new Error(
      cause.code === 'ENOENT'
        ? `this test needs ${tool}: install ${tool === 'openssl' ? 'openssl' : 'openssh-client'}`
        : `${tool} ${args.join(' ')} failed: ${String(cause.stderr)}`,
      { cause },
    );
  }
}
