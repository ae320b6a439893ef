import { fieldOf, isAbsent, isJsonObject, listOf } from '../read-json.js';

type Check = (value: unknown, path: string) => string | undefined;

const mismatch = (path: string, expected: string, value: unknown): string => {
  const found = Array.isArray(value) ? 'list' : typeof value;
  return `cannot decode the object as a Pod: ${path} is a ${found}, expected ${expected}`;
};

const text: Check = (value, path) =>
  isAbsent(value) || typeof value === 'string' ? undefined : mismatch(path, 'a string', value);

/** An object whose named fields pass their checks; null stands for an empty one, as in Go. */
const object =
  (fields: Readonly<Record<string, Check>>): Check =>
  (value, path) => {
    if (isAbsent(value)) return undefined;
    if (!isJsonObject(value)) return mismatch(path, 'an object', value);
    for (const name of Object.keys(fields)) {
      const fault = fields[name]?.(fieldOf(value, name), `${path}.${name}`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };

const list =
  (item: Check): Check =>
  (value, path) => {
    if (isAbsent(value)) return undefined;
    if (!Array.isArray(value)) return mismatch(path, 'a list', value);
    const items = listOf(value);
    for (let index = 0; index < items.length; index += 1) {
      const fault = item(items[index], `${path}[${index}]`);
      if (fault !== undefined) return fault;
    }
    return undefined;
  };

const textMap: Check = (value, path) => {
  if (isAbsent(value)) return undefined;
  if (!isJsonObject(value)) return mismatch(path, 'an object', value);
  for (const name of Object.keys(value)) {
    const fault = text(value[name], `${path}[${JSON.stringify(name).slice(0, 80)}]`);
    if (fault !== undefined) return fault;
  }
  return undefined;
};

const containers = list(
  object({
    name: text,
    env: list(object({ name: text, value: text })),
    volumeMounts: list(object({ name: text, mountPath: text })),
  }),
);

const pod = object({
  metadata: object({ annotations: textMap, labels: textMap }),
  spec: object({
    serviceAccountName: text,
    serviceAccount: text,
    nodeSelector: textMap,
    volumes: list(object({ name: text })),
    initContainers: containers,
    containers,
  }),
});

/** Why the Go webhook could not decode an object as a Pod, looked for in the fields that mutation reads; undefined if it could. */
export function findPodDecodeFault(value: unknown): string | undefined {
  return isAbsent(value) ? 'unexpected end of JSON input' : pod(value, 'pod');
}

/** Whether the Go webhook could decode a ServiceAccount's names and annotations. */
export function isDecodableServiceAccount(value: unknown): boolean {
  const metadata = object({ name: text, namespace: text, annotations: textMap });
  return isJsonObject(value) && object({ metadata })(value, 'serviceAccount') === undefined;
}
