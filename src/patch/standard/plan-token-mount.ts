import type { TokenPlace } from '../derive-settings.js';
import { shown } from '../limit-warnings.js';
import { isAbsent, listOf, objectOf, type JsonObject } from '../read-json.js';
import { comparablePath } from './mount-path.js';
import { firstFree, type TokenVolume } from './plan-token-volume.js';

/** What {@link planTokenMount} needs beside a container: the same for all of a pod. */
export interface TokenMountRequest {
  readonly volume: TokenVolume;
  /** The names of the pod's volumes that are mounted read-only, see {@link readOnlyVolumesIn}. */
  readonly readOnlyVolumes: () => ReadonlySet<unknown>;
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

/** The paths that a container's mounts and devices take among those that begin like `base`. */
const placesTaken = (container: JsonObject, base: string): ReadonlySet<string> | undefined => {
  let taken: Set<string> | undefined;
  for (const mount of listOf(container['volumeMounts'])) {
    const place = takenBy(objectOf(mount)['mountPath'], base);
    if (place !== undefined) (taken ??= new Set()).add(place);
  }
  for (const device of listOf(container['volumeDevices'])) {
    const place = takenBy(objectOf(device)['devicePath'], base);
    if (place !== undefined) (taken ??= new Set()).add(place);
  }
  return taken;
};

/** Whether a mount shows the volume as it is; a sub-path would not follow the token's renewal. */
const isWhole = (mount: JsonObject): boolean => !mount['subPath'] && !mount['subPathExpr'];

const slash = 47;

/** Whether a folder lies on the way to a path. */
const isAbove = (folder: string, path: string): boolean => {
  const { length } = folder;
  if (length < 2 || length >= path.length) return false;
  const end = folder.charCodeAt(length - 1) === slash ? length - 1 : length;
  // Where a folder ends, few paths have a slash.
  return path.charCodeAt(end) === slash && path.startsWith(folder);
};

/**
 * Whether a mount above ours makes ours impossible: the container runtime makes a folder for each mount, and could not do so in a
 * read-only one, so that the container would not start.
 */
const blocks = (mount: JsonObject, { readOnlyVolumes }: TokenMountRequest): boolean =>
  mount['readOnly'] === true || readOnlyVolumes().has(mount['name']);

/** Where the token volume is mounted in this container, or a path where nothing of the container's own is in the way. */
export function planTokenMount(container: JsonObject, request: TokenMountRequest): TokenMount {
  const { place, warnings } = request;
  const { name: volumeName, others } = request.volume;
  const { comparableMountPath: ours, otherMountPath: other } = place;
  let isBlocked = false;
  let isNear = false;
  for (const item of listOf(container['volumeMounts'])) {
    const mount = objectOf(item);
    const { name, mountPath: path } = mount;
    if (typeof path !== 'string') continue;
    if (name === volumeName || others?.has(name) === true) {
      if (isWhole(mount)) return { mountPath: path, isNew: false };
    }
    if (path.length + 1 >= ours.length) isNear = true;
    else if (isAbove(path, ours) || isAbove(path, other)) isBlocked ||= blocks(mount, request);
  }
  if (!isBlocked && !isNear && isAbsent(container['volumeDevices']))
    return { mountPath: place.mountPath, isNew: true };
  const base = isBlocked ? `/${place.volumeName}` : ours;
  const taken = placesTaken(container, base);
  const isTaken = taken?.has(base) === true;
  if (!isBlocked && !isTaken) return { mountPath: place.mountPath, isNew: true };
  const free = isTaken ? firstFree(base, taken) : base;
  const who = `container ${shown(container['name'])}`;
  warnings.push(
    isBlocked
      ? `${who} has a read-only mount above the token: it is at ${free.slice(-24)}`
      : `${who} has a mount at the token's path: token is at ...${free.slice(-24)}`,
  );
  return { mountPath: free, isNew: true };
}
