import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runBuild } from './run-build.js';
import type { Part } from './types.js';

/** A program built from a tool module with a committed go.mod and go.sum. */
export function goPart(options: {
  readonly id: string;
  /** Folder with go.mod and go.sum. */
  readonly moduleFolder: string;
  /** Import path of the main package, or `.` for a program of our own in that folder. */
  readonly mainPackage: string;
  /** Module whose required version is the part's version. */
  readonly versionOf: string;
  readonly ldflags?: (version: string) => string;
  readonly sources?: readonly string[];
}): Part {
  const read = (name: string): string => readFileSync(join(options.moduleFolder, name), 'utf8');
  const goMod = read('go.mod');
  const version = requiredVersion(goMod, options.versionOf);
  const ldflags = options.ldflags?.(version) ?? '-s -w';
  const flags = ['-trimpath', '-buildvcs=false', '-ldflags', ldflags];
  return {
    id: options.id,
    version,
    needs: ['go'],
    key: [
      goMod,
      read('go.sum'),
      ...(options.sources ?? []).map(read),
      ...flags,
      options.mainPackage,
      `${process.platform}/${process.arch}`,
    ],
    build: (into) =>
      runBuild('go', ['build', ...flags, '-o', join(into, options.id), options.mainPackage], {
        cwd: options.moduleFolder,
        into,
        // A static program runs in the bare environment of the namespace whatever the machine's C library.
        env: { CGO_ENABLED: '0' },
      }),
  };
}

function requiredVersion(goMod: string, module: string): string {
  const words = goMod.split('\n').map((line) =>
    line
      .trim()
      .replace(/^require\s+/, '')
      .split(' '),
  );
  const found = words.find(([name, version]) => name === module && version?.startsWith('v'));
  if (found?.[1] === undefined) throw new Error(`go.mod does not require ${module}`);
  return found[1];
}
