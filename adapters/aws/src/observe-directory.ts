import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { PlanError } from 'irsa/errors';
import {
  ownershipTag,
  type IssuerObject,
  type ObservedBucket,
  type ObservedObject,
} from 'irsa/iam';
import { readAwsError } from './aws-error.js';

/** Lists what we wrote: a directory has no tags. */
export const directoryMark = '.irsa-issuer.json';

/** The text of a file; undefined when there is none. */
export const readText = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? readAwsError(error).name;
    if (code === 'ENOENT') return undefined;
    throw error;
  }
};

interface DirectoryMark {
  /** The issuer whose directory it is; undefined for one that nobody has published into. */
  readonly issuer?: string;
  /** The paths that earlier runs wrote for it. */
  readonly documents: readonly string[];
}

/** A path that stays within the directory: whoever can write there must not have us delete files elsewhere. */
const isInside = (path: unknown): path is string =>
  typeof path === 'string' &&
  path !== '' &&
  !isAbsolute(path) &&
  !path.split(/[\\/]/).includes('..');

/** Whose the directory is, and what was written into it. */
export async function readDirectoryMark(directory: string): Promise<DirectoryMark> {
  const file = join(directory, directoryMark);
  const text = await readText(file);
  if (text === undefined) return { documents: [] };
  try {
    const { issuer, documents } = JSON.parse(text) as Partial<Record<string, unknown>>;
    if (typeof issuer === 'string' && Array.isArray(documents) && documents.every(isInside))
      return { issuer, documents };
  } catch {
    // Said below.
  }
  throw new PlanError(
    `${file}: expected {"issuer":"NAME","documents":["PATH",…]} with paths inside the directory, as an earlier run wrote it, got something else; remove the file, then publish with adopt`,
    { path: file },
  );
}

/** A directory, seen as a bucket that knows nothing but objects. */
export async function observeDirectory(
  directory: string,
  name: string,
  documents: readonly IssuerObject[],
): Promise<ObservedBucket> {
  const mark = await readDirectoryMark(directory);
  const owned = mark.issuer === name ? mark.documents : [];
  const wanted = new Map(documents.map((document) => [document.path, document]));
  const objects: ObservedObject[] = [];
  for (const path of new Set([...owned, ...wanted.keys()])) {
    const body = await readText(join(directory, path));
    if (body === undefined) continue;
    const { contentType, cacheControl } = wanted.get(path) ?? {};
    objects.push({
      path,
      owned: owned.includes(path),
      body,
      sha256: createHash('sha256').update(body).digest('hex'),
      // Headers are the web server's to send; a file cannot differ in them.
      ...(contentType === undefined ? {} : { contentType }),
      ...(cacheControl === undefined ? {} : { cacheControl }),
    });
  }
  return {
    ownedByAccount: true,
    // A directory has one issuer, as a bucket has.
    tags: mark.issuer === undefined ? {} : { [ownershipTag]: mark.issuer },
    objects,
    unsupported: ['ownership', 'policy', 'public-access-block', 'tags'],
  };
}
