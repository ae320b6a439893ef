import type { FileHandle } from 'node:fs/promises';
import { paint } from './paint.js';
import type { CliIo, CommandResult } from './types.js';
import { reasonOf } from './read-input.js';
import { UsageError } from './usage-error.js';

/** A file to be written; secrets get mode 0600. */
export interface NewFile {
  readonly name: string;
  readonly content: string;
  readonly secret: boolean;
}

const modeOf = ({ secret }: Pick<NewFile, 'secret'>): number => (secret ? 0o600 : 0o644);

const existsAlready = (name: string, cause?: unknown): UsageError =>
  new UsageError(
    `${name}: exists already, and is never overwritten; choose another name, or move it away yourself`,
    { cause },
  );

/** What `--dry-run` says of new files: which, and their modes; their content is another one each time, and in part secret. */
export async function planNewFiles(files: readonly NewFile[], io: CliIo): Promise<CommandResult> {
  const [{ lstat }, path] = await Promise.all([import('node:fs/promises'), import('node:path')]);
  for (const { name } of files) {
    // A link that leads nowhere is in the way too.
    const present = await lstat(path.resolve(io.cwd, name)).catch(() => undefined);
    if (present !== undefined) throw existsAlready(name);
  }
  const changes = files.map((file) => ({
    kind: 'create-file',
    file: file.name,
    mode: modeOf(file).toString(8).padStart(4, '0'),
  }));
  const lines = changes.map(({ file, mode }) => paint(io)('green', `+ ${file}  mode ${mode}`));
  return { data: { changes }, text: [...lines, 'nothing was written'].join('\n') };
}

/** Writes files that must not be there yet: all of them or none, because half of a key pair is worse than none. */
export async function writeNewFiles(files: readonly NewFile[], io: CliIo): Promise<void> {
  const { open, rm } = await import('node:fs/promises');
  const path = await import('node:path');
  const made: { readonly target: string; readonly handle: FileHandle }[] = [];
  let name = '';
  try {
    // Every name is taken before the first secret is written.
    for (const file of files) {
      ({ name } = file);
      const target = path.resolve(io.cwd, name);
      await makeFolder(path.dirname(target));
      // `wx` fails where the file exists: a signing key that is overwritten is a dead cluster.
      made.push({ target, handle: await open(target, 'wx', modeOf(file)) });
    }
    for (const [index, { name: next, content }] of files.entries()) {
      name = next;
      await made[index]?.handle.writeFile(content);
    }
  } catch (cause) {
    await Promise.all(made.map(({ target }) => rm(target, { force: true })));
    if (reasonOf(cause) === 'EEXIST') throw existsAlready(name, cause);
    throw new UsageError(
      `${name}: cannot be written (${reasonOf(cause)}); choose a place that you may write to and that has room`,
      { cause },
    );
  } finally {
    await Promise.all(made.map(({ handle }) => handle.close()));
  }
}

/** Not by `recursive`, which on Linux never comes back where a parent says ENOENT to `mkdir`, as /proc does. */
async function makeFolder(folder: string): Promise<void> {
  const [{ mkdir, stat }, path] = await Promise.all([
    import('node:fs/promises'),
    import('node:path'),
  ]);
  const parent = path.dirname(folder);
  try {
    await stat(folder);
    return;
  } catch (error) {
    if (reasonOf(error) !== 'ENOENT' || parent === folder) throw error;
  }
  await makeFolder(parent);
  try {
    await mkdir(folder);
  } catch (error) {
    // Another run was first.
    if (reasonOf(error) !== 'EEXIST') throw error;
  }
}

/** Writes a file over the one that is there, in one step: readers see the old one or the new one. */
export async function replaceFile(
  { name, content, secret }: NewFile,
  { cwd }: Pick<CliIo, 'cwd'>,
): Promise<void> {
  const [files, path] = await Promise.all([import('node:fs/promises'), import('node:path')]);
  const target = path.resolve(cwd, name);
  const draft = `${target}.new`;
  try {
    await files.rm(draft, { force: true });
    await files.writeFile(draft, content, { flag: 'wx', mode: modeOf({ secret }) });
    await files.rename(draft, target);
  } catch (cause) {
    await files.rm(draft, { force: true });
    throw new UsageError(`${name}: cannot be written (${reasonOf(cause)})`, { cause });
  }
}
