import { fieldOf, nonEmpty, textOf } from './read-json.js';
import type { MutationSettings } from './types.js';

/**
 * The name of the ServiceAccount that a pod runs as. The Go webhook reads `spec.serviceAccountName` alone; the API server also
 * knows the older `spec.serviceAccount`, and `default`.
 */
export const serviceAccountNameOf = (
  pod: unknown,
  { behavior }: Pick<MutationSettings, 'behavior'>,
): string => {
  const spec = fieldOf(pod, 'spec');
  const name = nonEmpty(textOf(spec, 'serviceAccountName'));
  if (behavior === 'eks') return name ?? '';
  return name ?? nonEmpty(textOf(spec, 'serviceAccount')) ?? 'default';
};
