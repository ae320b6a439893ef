import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

const asRoot = (): boolean => process.getuid?.() === 0;

const unshareArguments = (): string[] => [
  ...(asRoot() ? [] : ['--user', '--map-root-user']),
  ...['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
];

/** Says in one line what keeps this machine from making the namespaces; `undefined` when nothing does. */
export async function whyNoNamespace(): Promise<string | undefined> {
  const child = spawn('unshare', [...unshareArguments(), 'ip', 'link', 'set', 'lo', 'up'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const outcome = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => {
      resolve(error.message);
    });
    child.once('close', (code) => {
      resolve(code ?? 1);
    });
  });
  if (outcome === 0) return undefined;
  const why = typeof outcome === 'string' ? outcome : said.trim().split('\n').at(-1);
  const how = asRoot()
    ? 'it needs unshare (util-linux), ip (iproute2) and the right to make namespaces (CAP_SYS_ADMIN)'
    : 'it needs unshare, ip, and unprivileged user namespaces (see kernel.unprivileged_userns_clone, user.max_user_namespaces or kernel.apparmor_restrict_unprivileged_userns), or root';
  return `cannot make the network namespace: ${String(why)}; ${how}`;
}

/**
 * Starts Node as the first process of a namespace of its own.
 *
 * The kernel ends everything inside when that process ends (`--kill-child`), and a pipe on descriptor 3 tells it
 * when the outer process is gone, so that even `kill -9` leaves nothing running.
 */
export function enterNamespace(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): ChildProcess {
  return spawn('unshare', [...unshareArguments(), process.execPath, ...args], {
    env,
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
  });
}

/** The command that opens a shell inside, for `--up`. */
export function nsenterCommand(unsharePid: number, shell: string): string {
  const children = readFileSync(`/proc/${unsharePid}/task/${unsharePid}/children`, 'utf8').trim();
  const user = asRoot() ? '' : '--user --preserve-credentials ';
  return `nsenter --target ${children.split(' ')[0] ?? ''} ${user}--net --mount --pid ${shell}`;
}
