import type { TokenPlace } from '../derive-settings.js';
import { shown } from '../limit-warnings.js';
import { listOf, objectOf, type JsonObject } from '../read-json.js';
import { comparablePath } from './mount-path.js';
import { firstFree } from './plan-token-volume.js';

/** What {@link planTokenMount} needs. */
export interface TokenMountRequest {
  readonly container: JsonObject;
  readonly volumeName: string;
  /** Where to mount, if nothing is in the way. */
  readonly place: TokenPlace;
  readonly warnings: string[];
}

/** Where a container has, or gets, the token volume. */
export interface TokenMount {
  readonly mountPath: string;
  readonly isNew: boolean;
}

/**
 * The path that a mount of the container's own takes among those that begin like ours, or undefined. A mount below ours counts as
 * one at ours: it could not be made either, our volume is read-only.
 */
const takenBy = (path: unknown, base: string): string | undefined => {
  // But for the slash that a relative one gets, a path only gets shorter.
  if (typeof path !== 'string' || path.length + 1 < base.length) return undefined;
  const clean = comparablePath(path);
  if (!clean.startsWith(base)) return undefined;
  const end = clean.indexOf('/', base.length);
  return end < 0 ? clean : clean.slice(0, end);
};

/** Whether a mount shows the volume as it is; a sub-path would not follow the token's renewal. */
const isWhole = (mount: JsonObject): boolean => !mount['subPath'] && !mount['subPathExpr'];

/** Where the token volume is mounted in this container, or a path where nothing of the container's own is in the way. */
export function planTokenMount(request: TokenMountRequest): TokenMount {
  const { container, volumeName } = request;
  const { mountPath, comparableMountPath: base } = request.place;
  let taken: Set<string> | undefined;
  for (const item of listOf(container['volumeMounts'])) {
    const mount = objectOf(item);
    const path = mount['mountPath'];
    if (mount['name'] === volumeName && typeof path === 'string' && isWhole(mount)) {
      return { mountPath: path, isNew: false };
    }
    const place = takenBy(path, base);
    if (place !== undefined) (taken ??= new Set()).add(place);
  }
  for (const device of listOf(container['volumeDevices'])) {
    const place = takenBy(objectOf(device)['devicePath'], base);
    if (place !== undefined) (taken ??= new Set()).add(place);
  }
  if (taken?.has(base) !== true) return { mountPath, isNew: true };
  const free = firstFree(base, taken);
  request.warnings.push(
    `container ${shown(container['name'])} has a mount at the token's path: token is at ...${free.slice(-24)}`,
  );
  return { mountPath: free, isNew: true };
}
