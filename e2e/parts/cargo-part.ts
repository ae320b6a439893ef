import { readFileSync } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runBuild } from './run-build.js';
import type { Part } from './types.js';

/** A program of ours in Rust, with a committed Cargo.lock. */
export function cargoPart(options: {
  readonly id: string;
  /** Folder with Cargo.toml, Cargo.lock and src/main.rs. */
  readonly folder: string;
  /** Crate whose locked version is the part's version. */
  readonly versionOf: string;
}): Part {
  const { id, folder } = options;
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const lock = read('Cargo.lock');
  const version = new RegExp(`name = "${options.versionOf}"\nversion = "([^"]+)"`).exec(lock)?.[1];
  if (version === undefined) throw new Error(`Cargo.lock does not name ${options.versionOf}`);
  return {
    id,
    version: `v${version}`,
    needs: ['cargo'],
    key: [read('Cargo.toml'), lock, read('src/main.rs'), `${process.platform}/${process.arch}`],
    build: async (into) => {
      const target = join(into, 'target');
      await runBuild(
        'cargo',
        ['build', '--release', '--locked', '--quiet', '--target-dir', target],
        {
          cwd: folder,
          into,
        },
      );
      await copyFile(join(target, 'release', id), join(into, id));
      await rm(target, { recursive: true });
    },
  };
}
