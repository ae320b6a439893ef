import { fieldOf, isJsonObject, textOf } from './read-json.js';
import { standardServiceAccountName } from './standard/compute-standard-patch.js';

/**
 * Names the ServiceAccount that {@link reviewPod} will ask for, so that a caller can await a lookup of its own first.
 * Undefined where the review holds no pod.
 *
 * @example
 * ```ts
 * import { serviceAccountOf } from 'irsa/patch';
 * const review = { request: { uid: '1', namespace: 'default', object: { spec: { serviceAccountName: 's3-echoer' } } } };
 * console.log(serviceAccountOf(review)); // { namespace: 'default', name: 's3-echoer' }
 * ```
 */
export function serviceAccountOf(
  review: unknown,
): { readonly namespace: string; readonly name: string } | undefined {
  const request = fieldOf(review, 'request');
  const spec = fieldOf(fieldOf(request, 'object'), 'spec');
  if (!isJsonObject(spec)) return undefined;
  return {
    namespace: textOf(request, 'namespace') ?? '',
    name: standardServiceAccountName(spec),
  };
}
