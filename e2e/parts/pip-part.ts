import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runBuild } from './run-build.js';
import type { Part } from './types.js';

/** Python packages pinned by hash in a requirements.txt, installed into a folder for PYTHONPATH. */
export function pipPart(options: {
  readonly id: string;
  /** Folder with requirements.txt. */
  readonly folder: string;
}): Part {
  const requirements = readFileSync(join(options.folder, 'requirements.txt'), 'utf8');
  const version = new RegExp(`^${options.id}==(\\S+)`, 'm').exec(requirements)?.[1];
  if (version === undefined) throw new Error(`requirements.txt does not pin ${options.id}`);
  return {
    id: options.id,
    version,
    needs: ['python3'],
    key: [requirements],
    build: (into) =>
      runBuild(
        'python3',
        [
          ...['-m', 'pip', 'install', '--quiet', '--no-cache-dir', '--require-hashes'],
          ...['--target', join(into, options.id), '--requirement', 'requirements.txt'],
        ],
        { cwd: options.folder, into },
      ),
  };
}
