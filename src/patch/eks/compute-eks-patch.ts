import { readCsvRecord } from '../go/read-csv-record.js';
import { fieldOf, isAbsent, isJsonObject, listOf, objectOf, textOf } from '../read-json.js';
import type { ResolvedMutation } from '../resolved-mutation.js';
import type { Injection, JsonPatchOperation, MutationOutcome } from '../types.js';
import { findPodDecodeFault } from './decode-eks-pod.js';
import { resolveEksInjection } from './resolve-eks-injection.js';

interface Variable {
  readonly name: string;
  readonly value?: string;
}

const lists = ['initContainers', 'containers'] as const;
const podIdentityLabel = 'eks.amazonaws.com/pod-identity';

const noNames: ReadonlySet<string> = new Set();

const skippedNames = ({ pod, derived }: ResolvedMutation): ReadonlySet<string> => {
  const annotations = objectOf(objectOf(pod)['metadata'])['annotations'];
  const text = textOf(annotations, derived.annotationKeys['skip-containers']);
  return text === undefined ? noNames : new Set(readCsvRecord(text));
};

/** The name of a container, variable, mount or volume; none is an empty one, as in Go. */
const nameIn = (item: unknown): string => {
  const { name } = objectOf(item);
  return typeof name === 'string' ? name : '';
};

const hasName = (list: unknown, name: string): boolean => {
  for (const item of listOf(list)) if (nameIn(item) === name) return true;
  return false;
};

const variable = (name: string, value: string): Variable =>
  value === '' ? { name } : { name, value };

/** The identity variables of the injection's method; the Go webhook sets both or, if one is there, neither. */
const identityVariables = (injection: Injection, fullUri: string): Variable[] =>
  injection.roleArn === undefined
    ? [
        variable('AWS_CONTAINER_CREDENTIALS_FULL_URI', fullUri),
        variable('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', injection.tokenFile),
      ]
    : [
        variable('AWS_ROLE_ARN', injection.roleArn),
        variable('AWS_WEB_IDENTITY_TOKEN_FILE', injection.tokenFile),
      ];

/** What the Go webhook appends to a container's `env`; undefined where it returns early and leaves the mount out as well. */
const variablesToAppend = (
  container: unknown,
  injection: Injection,
  identity: readonly Variable[],
): Variable[] | undefined => {
  let hasIdentity = false;
  let hasRegion = false;
  let hasSts = false;
  for (const item of listOf(objectOf(container)['env'])) {
    const own = nameIn(item);
    // Most names do not even begin with an A.
    if (own.charCodeAt(0) !== 65) continue;
    hasIdentity ||= identity.some(({ name }) => name === own);
    hasRegion ||= own === 'AWS_REGION' || own === 'AWS_DEFAULT_REGION';
    hasSts ||= own === 'AWS_STS_REGIONAL_ENDPOINTS';
  }
  if (hasIdentity && hasRegion && hasSts) return undefined;
  const { region } = injection;
  return [
    ...(injection.regionalSts && !hasSts
      ? [variable('AWS_STS_REGIONAL_ENDPOINTS', 'regional')]
      : []),
    ...(region !== undefined && !hasRegion
      ? [variable('AWS_DEFAULT_REGION', region), variable('AWS_REGION', region)]
      : []),
    ...(hasIdentity ? [] : identity),
  ];
};

const append = (
  patch: JsonPatchOperation[],
  pointer: string,
  list: unknown,
  items: readonly unknown[],
): void => {
  if (items.length === 0) return;
  if (!Array.isArray(list)) patch.push({ op: 'add', path: pointer, value: items });
  else for (const value of items) patch.push({ op: 'add', path: `${pointer}/-`, value });
};

const patchContainer = (
  patch: JsonPatchOperation[],
  pointer: string,
  container: unknown,
  additions: { readonly injection: Injection; readonly identity: readonly Variable[] },
): void => {
  const { injection, identity } = additions;
  const variables = variablesToAppend(container, injection, identity);
  if (variables === undefined) return;
  const mounts = fieldOf(container, 'volumeMounts');
  const { tokenVolumeName: name, tokenMountPath: mountPath } = injection;
  const mount = hasName(mounts, name) ? [] : [{ name, readOnly: true, mountPath }];
  if (isJsonObject(container)) {
    append(patch, `${pointer}/env`, fieldOf(container, 'env'), variables);
    append(patch, `${pointer}/volumeMounts`, mounts, mount);
  } else {
    // Go decodes null into a container without a name, and completes that.
    const value = { name: '', env: variables, volumeMounts: mount };
    patch.push({ op: 'replace', path: pointer, value });
  }
};

const volumeOf = (injection: Injection, path: string): object => {
  const { audience, tokenExpirationSeconds: expirationSeconds } = injection;
  const serviceAccountToken =
    audience === '' ? { expirationSeconds, path } : { audience, expirationSeconds, path };
  return { name: injection.tokenVolumeName, projected: { sources: [{ serviceAccountToken }] } };
};

const addLabel = (patch: JsonPatchOperation[], pod: unknown): void => {
  const metadata = fieldOf(pod, 'metadata');
  const labels = fieldOf(metadata, 'labels');
  const value = { [podIdentityLabel]: 'enabled' };
  if (isJsonObject(labels)) {
    const path = `/metadata/labels/${podIdentityLabel.replace('/', '~1')}`;
    if (fieldOf(labels, podIdentityLabel) === 'enabled') return;
    patch.push({ op: 'add', path, value: 'enabled' });
  } else if (isJsonObject(metadata)) {
    patch.push({ op: 'add', path: '/metadata/labels', value });
  } else {
    patch.push({ op: 'add', path: '/metadata', value: { labels: value } });
  }
};

/**
 * The patch of `behavior: 'eks'`: the pod comes out as amazon-eks-pod-identity-webhook would make it, quirks included, but what
 * does not change is not written again.
 */
export function computeEksPatch(mutation: ResolvedMutation): MutationOutcome {
  const { pod, settings, derived } = mutation;
  const fault = findPodDecodeFault(pod);
  if (fault !== undefined) return { kind: 'rejected', code: 'ERR_POD', message: fault };
  const injection = resolveEksInjection(mutation);
  if (typeof injection === 'string') return { kind: 'skipped', reason: injection, warnings: [] };

  const isWeb = injection.method === 'web-identity';
  const { tokenPath } = isWeb ? derived.webIdentity : derived.containerCredentials;
  const patch: JsonPatchOperation[] = [];
  const spec = fieldOf(pod, 'spec');
  if (!isWeb) addLabel(patch, pod);
  if (isAbsent(spec)) patch.push({ op: 'add', path: '/spec', value: {} });
  const volumes = fieldOf(spec, 'volumes');
  if (!hasName(volumes, injection.tokenVolumeName)) {
    const value = volumeOf(injection, tokenPath);
    patch.push(
      Array.isArray(volumes)
        ? { op: 'add', path: '/spec/volumes/0', value }
        : { op: 'add', path: '/spec/volumes', value: [value] },
    );
  }
  if (isAbsent(fieldOf(spec, 'containers'))) {
    patch.push({ op: 'add', path: '/spec/containers', value: [] });
  }
  const identity = identityVariables(injection, settings.containerCredentials.fullUri);
  const skip = skippedNames(mutation);
  for (const list of lists) {
    const containers = listOf(fieldOf(spec, list));
    for (let index = 0; index < containers.length; index += 1) {
      const container = containers[index];
      if (skip.has(nameIn(container))) continue;
      patchContainer(patch, `/spec/${list}/${index}`, container, { injection, identity });
    }
  }
  if (patch.length === 0) return { kind: 'skipped', reason: 'already-injected', warnings: [] };
  return { kind: 'mutated', patch, warnings: [], injection };
}
