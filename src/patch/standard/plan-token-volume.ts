import { shown } from '../limit-warnings.js';
import { fieldOf, listOf, nameOf } from '../read-json.js';
import type { JsonPatchOperation } from '../types.js';

/** The projected token that containers need. */
export interface TokenVolumeRequest {
  readonly volumes: unknown;
  /** The name for a new volume, if it is free. */
  readonly name: string;
  readonly audience: string;
  readonly tokenPath: string;
  readonly tokenExpirationSeconds: number;
  readonly tokenFileMode: number | undefined;
  readonly warnings: string[];
}

/** The volume to mount, and the operation that adds it where the pod has none. */
export interface TokenVolume {
  readonly name: string;
  readonly operation?: JsonPatchOperation;
}

/** Whether a volume projects a token for this audience at this path. */
const holdsToken = (volume: unknown, { audience, tokenPath }: TokenVolumeRequest): boolean => {
  const projected = fieldOf(volume, 'projected');
  if (projected === undefined) return false;
  return listOf(fieldOf(projected, 'sources')).some((source) => {
    const token = fieldOf(source, 'serviceAccountToken');
    return fieldOf(token, 'audience') === audience && fieldOf(token, 'path') === tokenPath;
  });
};

/** The first of `name`, `name-2`, `name-3`, … that is not taken. */
export const firstFree = (name: string, taken: ReadonlySet<unknown>): string => {
  let candidate = name;
  for (let count = 2; taken.has(candidate); count += 1) candidate = `${name}-${count}`;
  return candidate;
};

/** The pod's own volume with an equivalent token. */
export function findTokenVolume(request: TokenVolumeRequest): string | undefined {
  for (const volume of listOf(request.volumes)) {
    const name = nameOf(volume);
    if (typeof name === 'string' && name !== '' && holdsToken(volume, request)) return name;
  }
  return undefined;
}

/** The volume to mount: an equivalent one of the pod, else a new one under a name that is free. */
export function planTokenVolume(request: TokenVolumeRequest): TokenVolume {
  const existing = findTokenVolume(request);
  if (existing !== undefined) return { name: existing };

  const taken = new Set(listOf(request.volumes).map(nameOf));
  const name = firstFree(request.name, taken);
  if (name !== request.name) {
    request.warnings.push(
      `volume ${shown(request.name)} is not our token: ${shown(name)} is added`,
    );
  }
  const volume = {
    name,
    projected: {
      ...(request.tokenFileMode === undefined ? {} : { defaultMode: request.tokenFileMode }),
      sources: [
        {
          serviceAccountToken: {
            audience: request.audience,
            expirationSeconds: request.tokenExpirationSeconds,
            path: request.tokenPath,
          },
        },
      ],
    },
  };
  const operation: JsonPatchOperation = Array.isArray(request.volumes)
    ? { op: 'add', path: '/spec/volumes/-', value: volume }
    : { op: 'add', path: '/spec/volumes', value: [volume] };
  return { name, operation };
}

/** What {@link planTokenMount} needs. */
export interface TokenMountRequest {
  readonly container: Readonly<Record<string, unknown>>;
  readonly volumeName: string;
  /** Where to mount, if nothing is in the way. */
  readonly mountPath: string;
  readonly warnings: string[];
}

/** Where a container has, or gets, the token volume. */
export interface TokenMount {
  readonly mountPath: string;
  readonly isNew: boolean;
}

/** A mount path as the file system sees it: no doubled and no trailing slashes. */
const normalised = (path: string): string =>
  path.includes('//') || path.endsWith('/')
    ? path.replace(/\/{2,}/g, '/').replace(/(.)\/$/, '$1')
    : path;

/** Where the token volume is mounted in this container, or a path where nothing of the container's own is in the way. */
export function planTokenMount(request: TokenMountRequest): TokenMount {
  const { container, volumeName, mountPath } = request;
  const base = normalised(mountPath);
  let taken: Set<string> | undefined;
  const occupy = (value: unknown): void => {
    // A path only gets shorter when it is normalised.
    if (typeof value !== 'string' || value.length < base.length) return;
    const path = normalised(value);
    if (!path.startsWith(base)) return;
    // A mount below ours cannot be made either: our volume is read-only.
    const end = path.indexOf('/', base.length);
    taken ??= new Set();
    taken.add(end < 0 ? path : path.slice(0, end));
  };
  for (const mount of listOf(container['volumeMounts'])) {
    const path = mountPathOf(mount);
    if (nameOf(mount) === volumeName && typeof path === 'string' && isWhole(mount)) {
      return { mountPath: path, isNew: false };
    }
    occupy(path);
  }
  for (const device of listOf(container['volumeDevices'])) occupy(fieldOf(device, 'devicePath'));
  if (taken?.has(base) !== true) return { mountPath, isNew: true };
  const free = firstFree(base, taken);
  const name = shown(fieldOf(container, 'name'));
  request.warnings.push(
    `container ${name} has a mount at the token's path: token is at ...${free.slice(-24)}`,
  );
  return { mountPath: free, isNew: true };
}

const mountPathOf = (mount: unknown): unknown =>
  typeof mount === 'object' && mount !== null
    ? (mount as { readonly mountPath?: unknown }).mountPath
    : undefined;

/** Whether a mount shows the volume as it is; a sub-path would not follow the token's renewal. */
const isWhole = (mount: unknown): boolean =>
  !fieldOf(mount, 'subPath') && !fieldOf(mount, 'subPathExpr');
