import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IssuerObject, ObservedBucket, ObservedObject } from 'irsa/iam';
import { readAwsError } from './aws-error.js';

/** Lists what we wrote: a directory has no tags. */
export const directoryMark = '.irsa-issuer.json';

const readText = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? readAwsError(error).name;
    if (code === 'ENOENT') return undefined;
    throw error;
  }
};

/** The paths that earlier runs wrote for this issuer. */
export async function readDirectoryMark(directory: string, name: string): Promise<string[]> {
  const text = await readText(join(directory, directoryMark));
  if (text === undefined) return [];
  const mark = JSON.parse(text) as { readonly issuer?: unknown; readonly documents?: unknown };
  if (mark.issuer !== name || !Array.isArray(mark.documents)) return [];
  return mark.documents.map(String);
}

/** A directory, seen as a bucket that knows nothing but objects. */
export async function observeDirectory(
  directory: string,
  name: string,
  documents: readonly IssuerObject[],
): Promise<ObservedBucket> {
  const owned = await readDirectoryMark(directory, name);
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
    tags: {},
    objects,
    unsupported: ['ownership', 'policy', 'public-access-block', 'tags'],
  };
}
