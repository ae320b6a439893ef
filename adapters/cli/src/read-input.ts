import type { CliIo } from './types.js';
import { UsageError } from './usage-error.js';

/** Larger than anything that these commands read. */
const maxBytes = 16 * 1024 * 1024;

/** The bytes of a file, or of standard input for `-`. */
export async function readInput(name: string, io: CliIo): Promise<Uint8Array> {
  const bytes = name === '-' ? await io.readStdin() : await readNamedFile(name, io);
  if (bytes.length > maxBytes) {
    throw new UsageError(`${name}: expected at most 16 MiB, got ${bytes.length} bytes`);
  }
  return bytes;
}

/** The text of a file, or of standard input for `-`; a byte-order mark is dropped. */
export async function readText(name: string, io: CliIo): Promise<string> {
  return new TextDecoder('utf-8').decode(await readInput(name, io));
}

/** The YAML or JSON documents of a file, or of standard input for `-`. */
export async function readDocuments(name: string, io: CliIo): Promise<unknown[]> {
  const text = await readText(name, io);
  if (/^\s*[{[]/.test(text)) {
    try {
      return [JSON.parse(text) as unknown];
    } catch {
      // YAML may begin like JSON.
    }
  }
  const { parseAllDocuments } = await import('yaml');
  return parseAllDocuments(text).map((document) => {
    const [error] = document.errors;
    if (error !== undefined) {
      // Only the first line: the rest quotes the file, which may hold secrets.
      throw new UsageError(
        `${name}: expected YAML or JSON, got ${error.message.split('\n')[0] ?? ''}`,
      );
    }
    return document.toJS() as unknown;
  });
}

async function readNamedFile(name: string, io: CliIo): Promise<Uint8Array> {
  const [files, path] = await Promise.all([import('node:fs/promises'), import('node:path')]);
  try {
    return await files.readFile(path.resolve(io.cwd, name));
  } catch (cause) {
    throw cannotBeRead(name, cause);
  }
}

const whatToDo: Readonly<Record<string, string | undefined>> = {
  ENOENT: 'there is no such file: check the path, or pass - for standard input',
  EACCES: 'you may not read it: check its owner and mode',
  EISDIR: 'it is a folder: name a file',
};

/** The error for a file that the operating system does not give. */
export function cannotBeRead(name: string, cause: unknown): UsageError {
  const reason = reasonOf(cause);
  const advice = whatToDo[reason];
  return new UsageError(
    `${name}: cannot be read (${reason})${advice === undefined ? '' : `; ${advice}`}`,
    { cause },
  );
}

/** What the operating system said, in its own short word. */
export function reasonOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}
