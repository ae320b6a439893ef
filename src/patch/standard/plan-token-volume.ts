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
  /** Further volumes of the pod with such a token: a container that mounts one of them needs no other. */
  readonly others?: ReadonlySet<unknown>;
  readonly operation?: JsonPatchOperation;
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

/** The pod's own volumes with an equivalent token; undefined where it has none. */
export function findTokenVolume(request: TokenVolumeRequest): TokenVolume | undefined {
  let first: string | undefined;
  let others: Set<string> | undefined;
  for (const item of listOf(request.volumes)) {
    const volume = objectOf(item);
    if (!holdsToken(volume, request)) continue;
    const name = volume['name'];
    if (typeof name !== 'string' || name === '') continue;
    if (first === undefined) first = name;
    else (others ??= new Set()).add(name);
  }
  if (first === undefined) return undefined;
  return others === undefined ? { name: first } : { name: first, others };
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
  if (existing !== undefined) return existing;

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

const readOnlyKinds = ['secret', 'configMap', 'projected', 'downwardAPI', 'image'];

/** The names of the volumes that kubelet mounts read-only, whatever a mount says; looked for at the first call, which few pods need. */
export const readOnlyVolumesIn = (volumes: unknown): (() => ReadonlySet<unknown>) => {
  let names: ReadonlySet<unknown> | undefined;
  return () =>
    (names ??= new Set(
      listOf(volumes)
        .map(objectOf)
        .filter((volume) => readOnlyKinds.some((kind) => !isAbsent(volume[kind])))
        .map(volumeName),
    ));
};
