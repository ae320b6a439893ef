import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Part, PreparedPart } from './types.js';

/**
 * Returns the part from the cache and builds it first when it is not there.
 *
 * The build happens beside its place and is moved there whole, so a run that is killed leaves no half part;
 * a lock keeps two runs from building the same part twice.
 */
export async function preparePart(
  part: Part,
  options: { readonly cache: string; readonly note: (line: string) => void },
): Promise<PreparedPart> {
  const { cache, note } = options;
  const key = createHash('sha256').update(JSON.stringify(part.key)).digest('hex').slice(0, 16);
  const folder = join(cache, `${part.id}-${part.version}-${key}`);
  const prepared = { id: part.id, version: part.version, folder };
  if (existsSync(folder)) return prepared;
  await mkdir(cache, { recursive: true });
  const release = await lock(`${folder}.lock`, note);
  try {
    if (existsSync(folder)) return prepared;
    await removeLeftovers(folder);
    await build(part, folder, note);
    return prepared;
  } finally {
    await release();
  }
}

async function build(part: Part, folder: string, note: (line: string) => void): Promise<void> {
  const started = Date.now();
  const seconds = (): string => `${((Date.now() - started) / 1000).toFixed(0)} s`;
  note(`building ${part.id} ${part.version} …`);
  const ticking = setInterval(() => {
    note(`building ${part.id} ${part.version} … ${seconds()}`);
  }, 30_000);
  const into = await mkdtemp(`${folder}.building-`);
  try {
    await part.build(into, note);
    await rename(into, folder);
    note(`built ${part.id} ${part.version} in ${seconds()}`);
  } finally {
    clearInterval(ticking);
    await rm(into, { recursive: true, force: true });
  }
}

/** What a killed build left; nobody else builds this part while we hold its lock. */
async function removeLeftovers(folder: string): Promise<void> {
  const name = `${basename(folder)}.building-`;
  const names = await readdir(dirname(folder));
  for (const found of names.filter((entry) => entry.startsWith(name))) {
    await rm(join(dirname(folder), found), { recursive: true, force: true });
  }
}

/** A lock file with the process id of its owner; one left by a process that is gone is taken over. */
async function lock(file: string, note: (line: string) => void): Promise<() => Promise<void>> {
  for (let said = false; ;) {
    try {
      await writeFile(file, String(process.pid), { flag: 'wx' });
      return () => rm(file, { force: true });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const owner = Number(await readFile(file, 'utf8').catch(() => ''));
    if (owner > 0 && !isAlive(owner)) {
      await rm(file, { force: true });
      continue;
    }
    if (!said) note(`waiting for process ${String(owner)}, which is building the same part`);
    said = true;
    await sleep(500);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
