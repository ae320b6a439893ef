import { isAbsent, isJsonObject, isTextOrAbsent, listOf, type JsonObject } from '../read-json.js';

/** What is wrong with a value, after the step that led to it; the path before is put in front on the way out, where it costs no good pod. */
type Fault = string | undefined;
type Check = (value: unknown, step: string) => Fault;

const mismatch = (value: unknown, expected: string): string =>
  ` is a ${Array.isArray(value) ? 'list' : typeof value}, expected ${expected}`;

const behind = (step: string, fault: Fault): Fault =>
  fault === undefined ? undefined : `${step}${fault}`;

const text: Check = (value, step) =>
  isTextOrAbsent(value) ? undefined : behind(step, mismatch(value, 'a string'));

/** An object whose fields pass a check of their own; null stands for an empty one, as in Go. */
const object =
  (fieldsOf: (value: JsonObject) => Fault): Check =>
  (value, step) => {
    if (isAbsent(value)) return undefined;
    return behind(step, isJsonObject(value) ? fieldsOf(value) : mismatch(value, 'an object'));
  };

const list =
  (item: Check): Check =>
  (value, step) => {
    if (isAbsent(value)) return undefined;
    if (!Array.isArray(value)) return behind(step, mismatch(value, 'a list'));
    const items = listOf(value);
    for (let index = 0; index < items.length; index += 1) {
      const fault = item(items[index], '');
      if (fault !== undefined) return `${step}[${index}]${fault}`;
    }
    return undefined;
  };

const textMap = object((value) => {
  for (const name of Object.keys(value)) {
    const fault = text(value[name], '');
    if (fault !== undefined) return `[${JSON.stringify(name).slice(0, 80)}]${fault}`;
  }
  return undefined;
});

const variables = list(object(({ name, value }) => text(name, '.name') ?? text(value, '.value')));
const mounts = list(
  object(({ name, mountPath }) => text(name, '.name') ?? text(mountPath, '.mountPath')),
);
const volumes = list(object(({ name }) => text(name, '.name')));
const containers = list(
  object(
    ({ name, env, volumeMounts }) =>
      text(name, '.name') ?? variables(env, '.env') ?? mounts(volumeMounts, '.volumeMounts'),
  ),
);
const podMetadata = object(
  ({ annotations, labels }) => textMap(annotations, '.annotations') ?? textMap(labels, '.labels'),
);
const podSpec = object(
  (spec) =>
    text(spec['serviceAccountName'], '.serviceAccountName') ??
    text(spec['serviceAccount'], '.serviceAccount') ??
    textMap(spec['nodeSelector'], '.nodeSelector') ??
    volumes(spec['volumes'], '.volumes') ??
    containers(spec['initContainers'], '.initContainers') ??
    containers(spec['containers'], '.containers'),
);
const pod = object(
  ({ metadata, spec }) => podMetadata(metadata, '.metadata') ?? podSpec(spec, '.spec'),
);
const accountMetadata = object(
  ({ name, namespace, annotations }) =>
    text(name, '.name') ?? text(namespace, '.namespace') ?? textMap(annotations, '.annotations'),
);

/** Why the Go webhook could not decode an object as a Pod, looked for in the fields that mutation reads; undefined if it could. */
export function findPodDecodeFault(value: unknown): string | undefined {
  if (isAbsent(value)) return 'unexpected end of JSON input';
  return behind('cannot decode the object as a Pod: ', pod(value, 'pod'));
}

/** Whether the Go webhook could decode a ServiceAccount's names and annotations. */
export function isDecodableServiceAccount(value: unknown): boolean {
  return isJsonObject(value) && accountMetadata(value['metadata'], '') === undefined;
}
