import type { Gap } from './types.js';

/** What AWS (or the network) calls it. */
const errorName = (error: unknown): string =>
  error instanceof Error
    ? 'code' in error && typeof error.code === 'string'
      ? error.code
      : error.name
    : String(error);

/** What `act` reads; null where AWS has no such thing, which its error begins with; undefined, and a gap, where it may not be seen. */
export async function readOrGap<T>(
  gaps: Gap[],
  what: string,
  missing: string,
  act: () => Promise<T>,
): Promise<T | null | undefined> {
  try {
    return await act();
  } catch (error) {
    const name = errorName(error);
    if (name.startsWith(missing)) return null;
    gaps.push({ what, why: name });
    return undefined;
  }
}
