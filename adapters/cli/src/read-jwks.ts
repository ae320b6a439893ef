import type { JwkSetLike } from 'irsa/oidc';
import { readText } from './read-input.js';
import type { CliIo } from './types.js';
import { UsageError } from './usage-error.js';

/** The key set of a file, or of standard input for `-`. */
export async function readJwks(file: string, io: CliIo): Promise<JwkSetLike> {
  const jwks = parseJwks(await readText(file, io));
  if (jwks !== undefined) return jwks;
  throw new UsageError(`${file}: expected a JWKS, JSON with a list of keys; irsa jwks makes one`);
}

/** The key set in a text; undefined when it holds none. */
export function parseJwks(text: string): JwkSetLike | undefined {
  try {
    const value = JSON.parse(text) as { readonly keys?: unknown } | null;
    return Array.isArray(value?.keys) ? (value as JwkSetLike) : undefined;
  } catch {
    return undefined;
  }
}
