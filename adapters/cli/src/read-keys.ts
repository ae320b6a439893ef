import type { PublicKeys } from 'irsa/oidc';
import { readInput } from './read-input.js';
import type { CliIo } from './types.js';

/** The public keys of several files, each once, in order. */
export async function readKeys(
  files: readonly string[],
  io: CliIo,
  onUnsupported: 'throw' | 'omit' = 'throw',
): Promise<PublicKeys> {
  const { readPublicKeys } = await import('irsa/oidc');
  const all: PublicKeys = { keys: [], omitted: [] };
  for (const file of files) {
    const bytes = await readInput(file, io);
    // DER begins with the tag of a SEQUENCE; everything else is text.
    const material = bytes[0] === 0x30 ? bytes : new TextDecoder().decode(bytes);
    const { keys, omitted } = await readPublicKeys(material, { onUnsupported });
    all.keys.push(...keys.filter(({ kid }) => all.keys.every((known) => known.kid !== kid)));
    all.omitted.push(...omitted);
  }
  return all;
}
