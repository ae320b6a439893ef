import { isWindowsPod } from '../patch/standard/is-windows-pod.js';
import { isJsonObject, listMember, memberOf, textMember, type JsonObject } from './read-json.js';

/** What a container has of an injected identity. */
export interface ContainerIdentity {
  readonly name: string;
  readonly roleArn?: string;
  readonly tokenFile?: string;
  /** Whether the variables are set at all; their values may come from elsewhere. */
  readonly hasRole: boolean;
  readonly hasTokenFile: boolean;
  /** The mount that holds the token file. */
  readonly mount?: JsonObject;
  /** The volume of that mount. */
  readonly volume?: JsonObject;
  /** The volume's projected token at the token file's path. */
  readonly source?: JsonObject;
  /** The paths of the tokens that the volume has, where none is at the token file's. */
  readonly otherPaths: readonly string[];
  /** Names of the AWS variables that it sets. */
  readonly variables: ReadonlySet<string>;
  readonly hasEnvFrom: boolean;
}

/** A pod, as far as its identity goes. */
export interface PodFacts {
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccountName: string;
  readonly isWindows: boolean;
  readonly hostNetwork: boolean;
  readonly createdAt?: Date;
  readonly labels: JsonObject;
  readonly containers: readonly ContainerIdentity[];
}

/** Reads a pod; undefined where the object is none. */
export function readPod(pod: unknown): PodFacts | undefined {
  const spec = memberOf(pod, 'spec');
  const kind = memberOf(pod, 'kind');
  if (!isJsonObject(spec) || (kind !== undefined && kind !== 'Pod')) return undefined;
  const metadata = memberOf(pod, 'metadata');
  const created = Date.parse(timeText(memberOf(metadata, 'creationTimestamp')));
  const labels = memberOf(metadata, 'labels');
  const containers = [...listMember(spec, 'initContainers'), ...listMember(spec, 'containers')];
  return {
    name: textMember(metadata, 'name') ?? textMember(metadata, 'generateName') ?? '(no name)',
    namespace: textMember(metadata, 'namespace') ?? 'default',
    serviceAccountName:
      nonEmpty(textMember(spec, 'serviceAccountName')) ??
      nonEmpty(textMember(spec, 'serviceAccount')) ??
      'default',
    isWindows: isWindowsPod(spec),
    hostNetwork: spec['hostNetwork'] === true,
    ...(Number.isNaN(created) ? {} : { createdAt: new Date(created) }),
    labels: isJsonObject(labels) ? labels : {},
    containers: containers.map((container) => readContainer(container, spec)),
  };
}

/** Times are text in JSON, and Dates in the objects of Kubernetes clients. */
export const timeText = (value: unknown): string =>
  value instanceof Date && !Number.isNaN(value.getTime())
    ? value.toISOString()
    : typeof value === 'string'
      ? value
      : '';

const nonEmpty = (text: string | undefined): string | undefined => (text === '' ? undefined : text);

function readContainer(container: unknown, spec: JsonObject): ContainerIdentity {
  const env = new Map(
    listMember(container, 'env').map(
      (one) => [textMember(one, 'name') ?? '', textMember(one, 'value')] as const,
    ),
  );
  const roleArn = env.get('AWS_ROLE_ARN');
  const tokenFile = env.get('AWS_WEB_IDENTITY_TOKEN_FILE');
  const mount = tokenFile === undefined ? undefined : mountOf(container, tokenFile);
  const volumeName = textMember(mount, 'name');
  const volume = listMember(spec, 'volumes').find(
    (one) => volumeName !== undefined && textMember(one, 'name') === volumeName,
  );
  const sources = tokenSourcesOf(volume);
  const path = tokenFile === undefined || mount === undefined ? '' : pathInMount(tokenFile, mount);
  const pathOf = (source: JsonObject): string => textMember(source, 'path') ?? path;
  const source = sources.find((one) => pathOf(one) === path);
  return {
    name: textMember(container, 'name') ?? '(no name)',
    otherPaths: source === undefined ? sources.map(pathOf) : [],
    hasRole: env.has('AWS_ROLE_ARN'),
    hasTokenFile: env.has('AWS_WEB_IDENTITY_TOKEN_FILE'),
    variables: new Set(env.keys()),
    hasEnvFrom: listMember(container, 'envFrom').length > 0,
    ...(roleArn === undefined ? {} : { roleArn }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(mount === undefined ? {} : { mount }),
    ...(isJsonObject(volume) ? { volume } : {}),
    ...(source === undefined ? {} : { source }),
  };
}

/** The longest mount path above the file, as the kernel resolves it; Windows paths are compared in Kubernetes' form. */
function mountOf(container: unknown, tokenFile: string): JsonObject | undefined {
  const file = kubernetesPath(tokenFile);
  const mounts = listMember(container, 'volumeMounts').filter(isJsonObject);
  return mounts
    .filter((mount) => {
      const path = mountPathOf(mount);
      return path !== '' && (file === path || file.startsWith(`${path}/`));
    })
    .sort(
      (a, b) =>
        (textMember(b, 'mountPath') ?? '').length - (textMember(a, 'mountPath') ?? '').length,
    )[0];
}

const kubernetesPath = (path: string): string =>
  path.replace(/^[A-Za-z]:/, '').replaceAll('\\', '/');
const mountPathOf = (mount: JsonObject): string =>
  kubernetesPath(textMember(mount, 'mountPath') ?? '').replace(/\/+$/, '');

/** Where in the volume the file is; `..data` is where the kubelet keeps the present version. */
const pathInMount = (tokenFile: string, mount: JsonObject): string =>
  kubernetesPath(tokenFile)
    .slice(mountPathOf(mount).length)
    .replace(/^\/+(?:\.\.data\/+)?/, '');

/** The tokens of a projected volume; none where the volume is of another kind. */
const tokenSourcesOf = (volume: unknown): readonly JsonObject[] =>
  listMember(memberOf(volume, 'projected'), 'sources')
    .map((source) => memberOf(source, 'serviceAccountToken'))
    .filter(isJsonObject);
