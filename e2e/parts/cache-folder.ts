import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where built parts are kept between runs: outside the work tree, so that every clone shares them. */
export function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'];
  return join(base !== undefined && base !== '' ? base : join(homedir(), '.cache'), 'irsa-e2e');
}
