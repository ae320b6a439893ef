import type { CliIo } from './types.js';
import { reasonOf } from './read-input.js';
import { UsageError } from './usage-error.js';

/** Writes a file that must not be there yet; secrets get mode 0600. */
export async function writeNewFile(
  name: string,
  content: string,
  options: { readonly io: CliIo; readonly secret: boolean },
): Promise<void> {
  const [files, path] = await Promise.all([import('node:fs/promises'), import('node:path')]);
  const target = path.resolve(options.io.cwd, name);
  try {
    await files.mkdir(path.dirname(target), { recursive: true });
    // `wx` fails where the file exists: a signing key that is overwritten is a dead cluster.
    await files.writeFile(target, content, { flag: 'wx', mode: options.secret ? 0o600 : 0o644 });
  } catch (cause) {
    const exists = reasonOf(cause) === 'EEXIST';
    throw new UsageError(
      exists
        ? `${name}: exists already, and is never overwritten; choose another name, or move it away yourself`
        : `${name}: cannot be written (${reasonOf(cause)})`,
      { cause },
    );
  }
}

/** Writes a file over the one that is there, in one step: readers see the old one or the new one. */
export async function replaceFile(
  name: string,
  content: string,
  options: { readonly io: CliIo; readonly secret: boolean },
): Promise<void> {
  const [files, path] = await Promise.all([import('node:fs/promises'), import('node:path')]);
  const target = path.resolve(options.io.cwd, name);
  const draft = `${target}.new`;
  try {
    await files.rm(draft, { force: true });
    await files.writeFile(draft, content, { flag: 'wx', mode: options.secret ? 0o600 : 0o644 });
    await files.rename(draft, target);
  } catch (cause) {
    throw new UsageError(`${name}: cannot be written (${reasonOf(cause)})`, { cause });
  }
}
