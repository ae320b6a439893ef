import { shown } from '../limit-warnings.js';
import { isAbsent, listOf, objectOf, type JsonObject } from '../read-json.js';
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
  readonly operation: JsonPatchOperation | undefined;
}

/** Whether a volume projects a token for this audience at this path. */
const holdsToken = (volume: JsonObject, { audience, tokenPath }: TokenVolumeRequest): boolean => {
  const projected = volume['projected'];
  if (isAbsent(projected)) return false;
  for (const source of listOf(objectOf(projected)['sources'])) {
    const token = objectOf(objectOf(source)['serviceAccountToken']);
    if (token['audience'] === audience && token['path'] === tokenPath) return true;
  }
  return false;
};

/** The first of `name`, `name-2`, `name-3`, … that is not taken. */
export const firstFree = (name: string, taken: ReadonlySet<unknown>): string => {
  let candidate = name;
  for (let count = 2; taken.has(candidate); count += 1) candidate = `${name}-${count}`;
  return candidate;
};

const volumeName = (volume: unknown): unknown => objectOf(volume)['name'];

/** The pod's own volume with an equivalent token. */
export function findTokenVolume(request: TokenVolumeRequest): string | undefined {
  for (const item of listOf(request.volumes)) {
    const volume = objectOf(item);
    if (!holdsToken(volume, request)) continue;
    const name = volume['name'];
    if (typeof name === 'string' && name !== '') return name;
  }
  return undefined;
}

/** A name that no volume of the pod has. */
const freeName = ({ volumes, name, warnings }: TokenVolumeRequest): string => {
  const list = listOf(volumes);
  if (!list.some((volume) => volumeName(volume) === name)) return name;
  const free = firstFree(name, new Set(list.map(volumeName)));
  warnings.push(`volume ${shown(name)} is not our token: ${shown(free)} is added`);
  return free;
};

/** The volume to mount: an equivalent one of the pod, else a new one under a name that is free. */
export function planTokenVolume(request: TokenVolumeRequest): TokenVolume {
  const existing = findTokenVolume(request);
  if (existing !== undefined) return { name: existing, operation: undefined };

  const { audience, tokenExpirationSeconds, tokenPath: path, tokenFileMode } = request;
  const name = freeName(request);
  const serviceAccountToken = { audience, expirationSeconds: tokenExpirationSeconds, path };
  const sources = [{ serviceAccountToken }];
  const projected =
    tokenFileMode === undefined ? { sources } : { defaultMode: tokenFileMode, sources };
  const volume = { name, projected };
  const operation: JsonPatchOperation = Array.isArray(request.volumes)
    ? { op: 'add', path: '/spec/volumes/-', value: volume }
    : { op: 'add', path: '/spec/volumes', value: [volume] };
  return { name, operation };
}
