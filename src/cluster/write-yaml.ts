import { stringify } from 'yaml';
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

/** Objects and lists as block-style YAML that readers of YAML 1.1 (Go's, for one) and 1.2 take for the same. */
export function writeYaml(...documents: readonly JsonValue[]): string {
  return documents
    .map((document) =>
      stringify(document, {
        compat: 'yaml-1.1',
        // A long key or annotation stays on its line, and no object is written as a reference to its twin.
        lineWidth: 0,
        aliasDuplicateObjects: false,
        defaultStringType: 'PLAIN',
        doubleQuotedAsJSON: true,
      }),
    )
    .join('---\n');
}
