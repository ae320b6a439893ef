import type { JsonValue, KubernetesObject } from './types.js';

/**
 * One or more Kubernetes objects as YAML for `kubectl apply -f`, separated by `---`.
 *
 * @example
 * ```ts
 * import { serviceAccountManifest, manifestsToYaml } from 'irsa/cluster';
 * const account = serviceAccountManifest({ namespace: 'default', name: 's3-echoer', roleArn: 'arn:aws:iam::111122223333:role/s3-echoer' });
 * console.log(manifestsToYaml([account]));
 * ```
 */
export function manifestsToYaml(objects: readonly KubernetesObject[]): string {
  return writeYaml(...objects);
}

/** Documents as block-style YAML. Strings that another reader could take for something else are quoted; texts of several lines become literal blocks. */
export function writeYaml(...documents: readonly JsonValue[]): string {
  return documents.map((document) => `${lines(document).join('\n')}\n`).join('---\n');
}

function lines(value: JsonValue): string[] {
  if (isScalar(value)) return [scalar(value)];
  if (isList(value)) {
    return value.flatMap((item) => {
      if (isText(item)) return ['- |', ...textLines(item)];
      const [first = '', ...rest] = lines(item);
      return [`- ${first}`, ...indented(rest)];
    });
  }
  return Object.entries(value).flatMap(([key, item]) => {
    const name = `${scalar(key)}:`;
    if (isText(item)) return [`${name} |`, ...textLines(item)];
    return isScalar(item) ? [`${name} ${scalar(item)}`] : [name, ...indented(lines(item))];
  });
}

const indented = (inner: readonly string[]): string[] =>
  inner.map((line) => (line === '' ? line : `  ${line}`));

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);

/** Everything that is written on the line of its key: empty lists and objects too. */
const isScalar = (value: JsonValue): value is string | number | boolean | null =>
  value === null || typeof value !== 'object' || Object.keys(value).length === 0;

/** A text that a literal block keeps byte for byte: it ends in exactly one line feed and has nothing that YAML would fold or refuse. */
const isText = (value: JsonValue): value is string =>
  typeof value === 'string' &&
  /^[\x21-\x7e][\x20-\x7e]*\n(?:[\x20-\x7e]*\n)*$/.test(value) &&
  value.indexOf('\n') < value.length - 1 &&
  !value.endsWith('\n\n');

const textLines = (value: string): string[] => indented(value.slice(0, -1).split('\n'));

/** Words and numbers that some YAML reader (1.1 or 1.2) takes for a boolean, null or number. */
const ambiguous =
  /^(?:true|false|yes|no|on|off|y|n|null|~|[-+]?[.\d][\d_.eE+-]*|0[xo][\da-fA-F]+|[-+]?\.(?:inf|nan)|\d+(?::\d+)+)$/i;

function scalar(value: JsonValue): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  // JSON strings are YAML strings.
  const plain = /^[A-Za-z0-9_/.$][A-Za-z0-9_/.$@%+=,*() :-]*$/.test(value);
  const safe = plain && !/: |:$| #| $/.test(value) && !ambiguous.test(value);
  return safe ? value : JSON.stringify(value).replace(/[\x7f-\uffff]/g, escape);
}

const escape = (character: string): string =>
  `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
