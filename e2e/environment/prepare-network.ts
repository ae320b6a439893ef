import { execFileSync } from 'node:child_process';
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addresses, hostsFile } from './hosts.js';

/**
 * Makes the namespace a small internet of its own: AWS's host names lead to documentation addresses on its loopback device,
 * and everything that the run writes goes to a memory file system that ends with the namespace.
 */
export function prepareNetwork(folder: string, buckets: readonly string[]): string {
  const run = (command: string, ...args: string[]): void => {
    execFileSync(command, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  run('ip', 'link', 'set', 'lo', 'up');
  for (const address of Object.values(addresses))
    run('ip', 'addr', 'add', `${address}/32`, 'dev', 'lo');
  const data = join(folder, 'run');
  mkdirSync(data, { recursive: true });
  run('mount', '-t', 'tmpfs', '-o', 'size=2g,mode=0755', 'irsa-e2e', data);
  for (const name of ['logs', 'home', 'tmp']) mkdirSync(join(data, name));
  writeFileSync(join(data, 'hosts'), hostsFile(buckets));
  // A pod's token path is absolute: an empty /var/run (on most systems a link to /run) takes it without touching the machine's own.
  run('mount', '-t', 'tmpfs', '-o', 'size=64m,mode=0755', 'irsa-e2e', realpathSync('/var/run'));
  run('mount', '--bind', join(data, 'hosts'), '/etc/hosts');
  return data;
}
