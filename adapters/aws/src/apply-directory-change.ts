import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { BucketChange } from './apply-bucket-change.js';
import { staleError } from './issuer-change-error.js';
import { directoryMark, readDirectoryMark, readText } from './observe-directory.js';

/** Not by `recursive`, which on Linux never comes back where a parent says ENOENT to `mkdir`, as /proc does. */
const makeFolder = async (folder: string): Promise<void> => {
  const parent = dirname(folder);
  try {
    await stat(folder);
    return;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === folder) throw error;
  }
  await makeFolder(parent);
  try {
    await mkdir(folder);
  } catch (error) {
    // Another run was first.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
};

/** Readers see the old file or the new one, never half of one. */
const writeWhole = async (file: string, text: string): Promise<void> => {
  await makeFolder(dirname(file));
  const draft = `${file}.${String(process.pid)}.tmp`;
  try {
    await writeFile(draft, text);
    await rename(draft, file);
  } catch (error) {
    // The folder is served: what a full disk has let through is no document.
    await rm(draft, { force: true });
    throw error;
  }
};

const writeMark = async (
  directory: string,
  name: string,
  paths: Iterable<string>,
): Promise<void> => {
  const documents = [...new Set(paths)].sort();
  await writeWhole(
    join(directory, directoryMark),
    `${JSON.stringify({ issuer: name, documents })}\n`,
  );
};

/** The file must be the one that was observed, or already as it should be. */
const assertUnchanged = async (
  file: string,
  { before, after }: Extract<BucketChange, { readonly kind: 'put-object' }>,
): Promise<void> => {
  const present = await readText(file);
  if (present !== before?.body && present !== after?.body) throw staleError(file);
};

/** Makes one change in a directory; answers why it was left out where a directory knows no such thing. */
export async function applyDirectoryChange(
  change: BucketChange,
  directory: string,
  name: string,
): Promise<string | undefined> {
  if (change.kind === 'put-object' && change.after !== undefined) {
    const { path, body } = change.after;
    await assertUnchanged(join(directory, path), change);
    // Marked first: a file without a mark would be foreign to the next run.
    await writeMark(directory, name, [...(await readDirectoryMark(directory)).documents, path]);
    await writeWhole(join(directory, path), body);
    return undefined;
  }
  if (change.kind === 'delete-object' && change.before !== undefined) {
    const { path } = change.before;
    await rm(join(directory, path), { force: true });
    const { documents } = await readDirectoryMark(directory);
    const rest = documents.filter((other) => other !== path);
    await writeMark(directory, name, rest);
    return undefined;
  }
  return 'a directory has no such setting';
}
