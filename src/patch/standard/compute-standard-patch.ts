import type { TokenPlace } from '../derive-settings.js';
import type { Draft } from '../draft.js';
import { shown } from '../limit-warnings.js';
import {
  isAbsent,
  isJsonObject,
  isListOrAbsent,
  isTextOrAbsent,
  objectOf,
  type JsonObject,
} from '../read-json.js';
import type { ResolvedMutation } from '../resolved-mutation.js';
import type { Injection, JsonPatchOperation, MutationOutcome, SkipReason } from '../types.js';
import type { ContainerList } from './container-paths.js';
import { isWindowsPod } from './is-windows-pod.js';
import { tokenFileBelow } from './mount-path.js';
import { planEnvironment, type EnvironmentVariable } from './plan-environment.js';
import { planTokenMount } from './plan-token-mount.js';
import {
  findTokenVolume,
  planTokenVolume,
  readOnlyVolumesIn,
  type TokenVolume,
} from './plan-token-volume.js';
import { resolveIdentity, type Identity } from './resolve-identity.js';
import { selectContainers, type SelectedContainer } from './select-containers.js';

const podLists: readonly ContainerList[] = ['initContainers', 'containers'];
const ephemeralList: readonly ContainerList[] = ['ephemeralContainers'];
const optOutLabel = 'eks.amazonaws.com/skip-pod-identity-webhook';
const podIdentityLabel = 'eks.amazonaws.com/pod-identity';
const podIdentityPointer = '/metadata/labels/eks.amazonaws.com~1pod-identity';

const skipped = (reason: SkipReason, warnings: readonly string[]): MutationOutcome => ({
  kind: 'skipped',
  reason,
  warnings,
});

/** What makes an object no pod that operations by index could be applied to. */
const oddFieldOf = (pod: unknown, lists: readonly ContainerList[]): string | undefined => {
  if (!isJsonObject(pod)) return 'the object';
  const { metadata, spec } = pod;
  if (!isJsonObject(spec)) return 'spec';
  if (!isAbsent(metadata) && !isJsonObject(metadata)) return 'metadata';
  if (!isListOrAbsent(spec['volumes'])) return 'spec.volumes';
  for (const list of lists) if (!isListOrAbsent(spec[list])) return `spec.${list}`;
  if (!isTextOrAbsent(spec['serviceAccountName'])) return 'spec.serviceAccountName';
  return isTextOrAbsent(spec['serviceAccount']) ? undefined : 'spec.serviceAccount';
};

/** Why nobody may touch this pod, whoever it is. */
const untouchable = (
  { pod, podAnnotations, subresource, derived, warnings }: ResolvedMutation,
  lists: readonly ContainerList[],
): SkipReason | undefined => {
  if (subresource !== undefined && subresource !== 'ephemeralcontainers') {
    return 'operation-not-handled';
  }
  const { kind, metadata } = objectOf(pod);
  if (!isAbsent(kind) && kind !== 'Pod') {
    warnings.push(`not mutated: the object is a ${shown(kind)}, not a Pod`);
    return 'not-a-pod';
  }
  const odd = oddFieldOf(pod, lists);
  if (odd !== undefined) {
    warnings.push(`not mutated: ${odd} has a type that a Pod cannot have there`);
    return 'not-a-pod';
  }
  const { labels } = objectOf(metadata);
  if (podAnnotations['kubernetes.io/config.mirror'] !== undefined) return 'mirror-pod';
  const isOptedOut =
    objectOf(labels)[optOutLabel] !== undefined ||
    objectOf(labels)[derived.optOutLabel] !== undefined;
  return isOptedOut ? 'opted-out' : undefined;
};

const addVariables = (
  patch: JsonPatchOperation[],
  { paths, container }: SelectedContainer,
  variables: readonly EnvironmentVariable[],
): void => {
  if (variables.length === 0) return;
  if (!Array.isArray(container['env'])) {
    patch.push({ op: 'add', path: paths.env, value: variables });
    return;
  }
  let index = 0;
  for (const path of paths.envAt) {
    if (index === variables.length) return;
    patch.push({ op: 'add', path, value: variables[index] });
    index += 1;
  }
};

const addMount = (
  patch: JsonPatchOperation[],
  { paths, container }: SelectedContainer,
  name: string,
  mountPath: string,
): void => {
  const value = { name, mountPath, readOnly: true };
  if (Array.isArray(container['volumeMounts'])) {
    patch.push({ op: 'add', path: paths.mountsEnd, value });
  } else {
    patch.push({ op: 'add', path: paths.mounts, value: [value] });
  }
};

/** The label by which Pod Identity's pods are found; a value that the user chose stays. */
const addLabel = (patch: JsonPatchOperation[], pod: unknown): void => {
  const { metadata } = objectOf(pod);
  const { labels } = objectOf(metadata);
  if (isJsonObject(labels)) {
    if (objectOf(labels)[podIdentityLabel] !== undefined) return;
    patch.push({ op: 'add', path: podIdentityPointer, value: 'enabled' });
  } else if (isAbsent(labels)) {
    const value = { [podIdentityLabel]: 'enabled' };
    if (isJsonObject(metadata)) patch.push({ op: 'add', path: '/metadata/labels', value });
    else patch.push({ op: 'add', path: '/metadata', value: { labels: value } });
  }
};

/** The volume to mount; undefined where there is none and none can be added. */
const volumeFor = (
  { settings, subresource, warnings }: ResolvedMutation,
  spec: JsonObject,
  { identity, place }: { identity: Identity; place: TokenPlace },
): TokenVolume | undefined => {
  const request = {
    volumes: spec['volumes'],
    name: place.volumeName,
    audience: identity.audience,
    tokenPath: place.tokenPath,
    tokenExpirationSeconds: identity.tokenExpirationSeconds,
    tokenFileMode: settings.tokenFileMode,
    warnings,
  };
  return subresource === undefined ? planTokenVolume(request) : findTokenVolume(request);
};

const injectionOf = (
  identity: Identity,
  token: Pick<Injection, 'tokenVolumeName' | 'tokenMountPath' | 'tokenFile'>,
): Injection => {
  const { roleArn, region } = identity;
  const injection: Draft<Injection> = {
    method: identity.method,
    source: identity.source,
    audience: identity.audience,
    tokenExpirationSeconds: identity.tokenExpirationSeconds,
    regionalSts: identity.regionalSts,
    tokenVolumeName: token.tokenVolumeName,
    tokenMountPath: token.tokenMountPath,
    tokenFile: token.tokenFile,
  };
  if (roleArn !== undefined) injection.roleArn = roleArn;
  if (region !== undefined) injection.region = region;
  return injection;
};

/**
 * The patch of `behavior: 'standard'`: operations by index, each variable decided by itself, no conflict left behind.
 */
export function computeStandardPatch(mutation: ResolvedMutation): MutationOutcome {
  const { pod, settings, derived, warnings } = mutation;
  const isEphemeral = mutation.subresource !== undefined;
  const lists = isEphemeral ? ephemeralList : podLists;
  const reason = untouchable(mutation, lists);
  if (reason !== undefined) return skipped(reason, warnings);
  const identity = resolveIdentity(mutation);
  if ('kind' in identity) return identity;
  const spec = objectOf(objectOf(pod)['spec']);
  const selected = selectContainers(mutation, spec, lists);
  if (selected.length === 0) return skipped('no-container-selected', warnings);

  const isWeb = identity.method === 'web-identity';
  const place = isWeb ? derived.webIdentity : derived.containerCredentials;
  const volume = volumeFor(mutation, spec, { identity, place });
  if (volume === undefined) return skipped('no-token-volume', warnings);

  const isWindows = isWindowsPod(spec);
  const tokenFile = isWindows ? place.windowsTokenFile : place.tokenFile;
  const tokenFileAt = (mountPath: string): string => {
    if (mountPath === place.mountPath) return tokenFile;
    return tokenFileBelow(mountPath, place.tokenPath, isWindows);
  };
  const readOnlyVolumes = readOnlyVolumesIn(spec['volumes']);
  const mountRequest = { volume, readOnlyVolumes, place, warnings };
  const environmentRequest = {
    identity,
    fullUri: settings.containerCredentials.fullUri,
    zoneVariable: settings.zoneVariable,
    warnings,
  };
  const patch: JsonPatchOperation[] = [];
  if (volume.operation !== undefined) patch.push(volume.operation);
  for (const one of selected) {
    const { container } = one;
    const mount = planTokenMount(container, mountRequest);
    const tokenFile = tokenFileAt(mount.mountPath);
    const variables = planEnvironment({ container, tokenFile }, environmentRequest);
    addVariables(patch, one, variables);
    if (mount.isNew) addMount(patch, one, volume.name, mount.mountPath);
  }
  if (!isWeb && !isEphemeral) addLabel(patch, pod);
  if (patch.length === 0) return skipped('already-injected', warnings);
  const injection = injectionOf(identity, {
    tokenVolumeName: volume.name,
    tokenMountPath: place.mountPath,
    tokenFile,
  });
  return { kind: 'mutated', patch, warnings, injection };
}
