import { joinPath } from '../go/join-path.js';
import { fieldOf, isAbsent, isJsonObject, listOf, textOf } from '../read-json.js';
import type {
  Injection,
  JsonPatchOperation,
  MutationOutcome,
  MutationSettings,
  SkipReason,
} from '../types.js';
import type { ResolvedMutation } from '../resolved-mutation.js';
import { serviceAccountNameOf } from '../service-account-name-of.js';
import { isWindowsPod } from './is-windows-pod.js';
import { planEnvironment, type EnvironmentVariable } from './plan-environment.js';
import { findTokenVolume, planTokenMount, planTokenVolume } from './plan-token-volume.js';
import type { TokenVolume } from './plan-token-volume.js';
import { resolveIdentity, type Identity } from './resolve-identity.js';
import type { ContainerList } from './container-paths.js';
import { selectContainers, type SelectedContainer } from './select-containers.js';

const optOutLabel = 'skip-pod-identity-webhook';
const podLists: readonly ContainerList[] = ['initContainers', 'containers'];
const ephemeralList: readonly ContainerList[] = ['ephemeralContainers'];
const nobody: ReadonlySet<unknown> = new Set();
const podIdentityLabel = 'eks.amazonaws.com/pod-identity';

const skipped = (reason: SkipReason, warnings: readonly string[]): MutationOutcome => ({
  kind: 'skipped',
  reason,
  warnings,
});

/** What makes an object no pod that operations by index could be applied to. */
const oddFieldOf = (pod: unknown, isEphemeral: boolean): string | undefined => {
  if (!isJsonObject(pod)) return 'the object';
  const spec = fieldOf(pod, 'spec');
  if (!isJsonObject(spec)) return 'spec';
  const metadata = fieldOf(pod, 'metadata');
  if (!isAbsent(metadata) && !isJsonObject(metadata)) return 'metadata';
  const lists = ['volumes', ...(isEphemeral ? ephemeralList : podLists)];
  const odd = lists.find((name) => {
    const value = fieldOf(spec, name);
    return !isAbsent(value) && !Array.isArray(value);
  });
  if (odd !== undefined) return `spec.${odd}`;
  return ['serviceAccountName', 'serviceAccount'].find((name) => {
    const value = fieldOf(spec, name);
    return !isAbsent(value) && typeof value !== 'string';
  });
};

/** Why nobody may touch this pod, whoever it is. */
const untouchable = (
  { pod, subresource, settings }: ResolvedMutation,
  warnings: string[],
): SkipReason | undefined => {
  if (subresource !== undefined && subresource !== 'ephemeralcontainers') {
    return 'operation-not-handled';
  }
  const kind = fieldOf(pod, 'kind');
  if (!isAbsent(kind) && kind !== 'Pod') return 'not-a-pod';
  const odd = oddFieldOf(pod, subresource !== undefined);
  if (odd !== undefined) {
    warnings.push(`not mutated: ${odd} has a type that a Pod cannot have there`);
    return 'not-a-pod';
  }
  const metadata = fieldOf(pod, 'metadata');
  if (fieldOf(fieldOf(metadata, 'annotations'), 'kubernetes.io/config.mirror') !== undefined) {
    return 'mirror-pod';
  }
  const labels = fieldOf(metadata, 'labels');
  const isOptedOut =
    fieldOf(labels, `eks.amazonaws.com/${optOutLabel}`) !== undefined ||
    fieldOf(labels, `${settings.annotationDomain}/${optOutLabel}`) !== undefined;
  return isOptedOut ? 'opted-out' : undefined;
};

const injectionOf = (
  identity: Identity,
  settings: MutationSettings,
): { injection: Injection; tokenPath: string } => {
  const isWeb = identity.method === 'web-identity';
  const { tokenMountPath, tokenVolumeName, tokenPath } = isWeb
    ? {
        tokenMountPath: settings.tokenMountPath,
        tokenVolumeName: 'aws-iam-token',
        tokenPath: 'token',
      }
    : settings.containerCredentials;
  const injection: Injection = {
    method: identity.method,
    source: identity.source,
    ...(identity.roleArn === undefined ? {} : { roleArn: identity.roleArn }),
    audience: identity.audience,
    tokenExpirationSeconds: identity.tokenExpirationSeconds,
    regionalSts: identity.regionalSts,
    ...(identity.region === undefined ? {} : { region: identity.region }),
    tokenVolumeName,
    tokenMountPath,
    tokenFile: '',
  };
  return { injection, tokenPath };
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
  paths.envAt.slice(0, variables.length).forEach((path, index) => {
    patch.push({ op: 'add', path, value: variables[index] });
  });
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
  const metadata = fieldOf(pod, 'metadata');
  const labels = fieldOf(metadata, 'labels');
  if (isJsonObject(labels)) {
    if (fieldOf(labels, podIdentityLabel) !== undefined) return;
    const path = `/metadata/labels/${podIdentityLabel.replace('/', '~1')}`;
    patch.push({ op: 'add', path, value: 'enabled' });
  } else if (isAbsent(labels)) {
    const value = { [podIdentityLabel]: 'enabled' };
    if (isJsonObject(metadata)) patch.push({ op: 'add', path: '/metadata/labels', value });
    else patch.push({ op: 'add', path: '/metadata', value: { labels: value } });
  }
};

const ephemeralNames = (oldPod: unknown): ReadonlySet<unknown> =>
  new Set(
    listOf(fieldOf(fieldOf(oldPod, 'spec'), 'ephemeralContainers')).map(
      (container) => textOf(container, 'name') ?? '',
    ),
  );

/**
 * The patch of `behavior: 'standard'`: operations by index, each variable decided by itself, no conflict left behind.
 */
export function computeStandardPatch(mutation: ResolvedMutation): MutationOutcome {
  const { pod, settings, serviceAccount } = mutation;
  const warnings: string[] = [];
  const reason = untouchable(mutation, warnings);
  if (reason !== undefined) return skipped(reason, warnings);

  const spec = fieldOf(pod, 'spec');
  const serviceAccountName = serviceAccountNameOf(pod, settings);
  const identity = resolveIdentity({ ...mutation, serviceAccountName, warnings });
  if ('kind' in identity) return identity;

  const isEphemeral = mutation.subresource !== undefined;
  const selected = selectContainers({
    pod,
    serviceAccount,
    settings,
    lists: isEphemeral ? ephemeralList : podLists,
    settled: isEphemeral ? ephemeralNames(mutation.oldPod) : nobody,
    warnings,
  });
  if (selected.length === 0) return skipped('no-container-selected', warnings);

  const { injection, tokenPath } = injectionOf(identity, settings);
  const volumeRequest = {
    volumes: fieldOf(spec, 'volumes'),
    name: injection.tokenVolumeName,
    audience: injection.audience,
    tokenPath,
    tokenExpirationSeconds: injection.tokenExpirationSeconds,
    tokenFileMode: settings.tokenFileMode,
    warnings,
  };
  let volume: TokenVolume;
  if (isEphemeral) {
    const name = findTokenVolume(volumeRequest);
    if (name === undefined) return skipped('no-token-volume', warnings);
    volume = { name };
  } else {
    volume = planTokenVolume(volumeRequest);
  }

  const isWindows = isWindowsPod(spec);
  const tokenFileAt = (mountPath: string): string => {
    const path = joinPath(mountPath, tokenPath);
    return isWindows ? `C:${path.replaceAll('/', '\\')}` : path;
  };
  const tokenFile = tokenFileAt(injection.tokenMountPath);
  const patch: JsonPatchOperation[] = [];
  if (volume.operation !== undefined) patch.push(volume.operation);
  for (const one of selected) {
    const { container } = one;
    const mount = planTokenMount({
      container,
      volumeName: volume.name,
      mountPath: injection.tokenMountPath,
      warnings,
    });
    const variables = planEnvironment({
      container,
      identity,
      tokenFile:
        mount.mountPath === injection.tokenMountPath ? tokenFile : tokenFileAt(mount.mountPath),
      fullUri: settings.containerCredentials.fullUri,
      zoneVariable: settings.zoneVariable,
      warnings,
    });
    addVariables(patch, one, variables);
    if (mount.isNew) addMount(patch, one, volume.name, mount.mountPath);
  }
  if (identity.method === 'container-credentials' && !isEphemeral) addLabel(patch, pod);
  if (patch.length === 0) return skipped('already-injected', warnings);
  return {
    kind: 'mutated',
    patch,
    warnings,
    injection: {
      ...injection,
      tokenVolumeName: volume.name,
      tokenFile,
    },
  };
}
