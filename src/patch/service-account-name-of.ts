import { objectOf } from './read-json.js';
import type { MutationSettings } from './types.js';

/**
 * The name of the ServiceAccount that a pod runs as. The Go webhook reads `spec.serviceAccountName` alone; the API server also
 * knows the older `spec.serviceAccount`, and `default`.
 */
export const serviceAccountNameOf = (
  pod: unknown,
  { behavior }: Pick<MutationSettings, 'behavior'>,
): string => {
  const { serviceAccountName: name, serviceAccount: olderName } = objectOf(objectOf(pod)['spec']);
  if (typeof name === 'string' && name !== '') return name;
  if (behavior === 'eks') return '';
  return typeof olderName === 'string' && olderName !== '' ? olderName : 'default';
};
