import type { CliIo } from './types.js';

/** What kubectl (or what KUBECTL names) answers, with the user's own kubeconfig, plug-ins and context. */
export async function kubectlJson(args: readonly string[], io: CliIo): Promise<unknown> {
  const { execFile } = await import('node:child_process');
  const text = await new Promise<string>((resolve, reject) => {
    execFile(
      io.env['KUBECTL'] ?? 'kubectl',
      [...args, '--output', 'json'],
      { env: { ...io.env }, cwd: io.cwd, maxBuffer: 1024 * 1024 * 1024, signal: io.signal },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve(stdout);
          return;
        }
        const missing = 'code' in error && error.code === 'ENOENT';
        reject(
          new Error(
            missing
              ? 'kubectl: not found in PATH; install it, or pass files'
              : `kubectl: ${stderr.trim().split('\n')[0] ?? error.message}`,
            { cause: error },
          ),
        );
      },
    );
  });
  return JSON.parse(text) as unknown;
}
