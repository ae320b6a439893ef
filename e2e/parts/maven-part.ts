import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runBuild } from './run-build.js';
import type { Part } from './types.js';

/** A program of ours in Java: a folder with its jar and everything that it needs, for the class path. */
export function mavenPart(options: {
  readonly id: string;
  /** Folder with pom.xml. */
  readonly folder: string;
  /** Property of the pom with the part's version. */
  readonly versionProperty: string;
  readonly sources: readonly string[];
}): Part {
  const { id, folder, versionProperty } = options;
  const read = (name: string): string => readFileSync(join(folder, name), 'utf8');
  const pom = read('pom.xml');
  const version = new RegExp(`<${versionProperty}>([^<]+)<`).exec(pom)?.[1];
  if (version === undefined) throw new Error(`pom.xml does not set ${versionProperty}`);
  return {
    id,
    version: `v${version}`,
    needs: ['mvn', 'java', 'keytool'],
    key: [pom, ...options.sources.map(read)],
    build: async (into) => {
      await runBuild('mvn', ['--quiet', '--batch-mode', `-Dinto=${into}`, 'package'], {
        cwd: folder,
        into,
      });
      await rm(join(into, 'target'), { recursive: true });
    },
  };
}
