import { notOurs } from './not-ours.js';
import { parseAdmissionReview, type AdmissionReviewFacts } from './parse-admission-review.js';
import { resolveMutationSettings } from './resolve-mutation-settings.js';
import { serviceAccountNameOf } from './service-account-name-of.js';
import type { PartialMutationSettings } from './types.js';

/**
 * Names the ServiceAccount that {@link reviewPod} will ask for, so that a caller can await a lookup of its own first.
 * Undefined where it will not ask: the review is not about a new pod or new ephemeral containers, or is none at all.
 *
 * @param settings - those that `reviewPod` gets: with `behavior: 'eks'` a pod that names no ServiceAccount has an empty name
 * @throws {@link SettingsError} `ERR_SETTINGS` for settings that cannot work
 * @example
 * ```ts
 * import { serviceAccountOf } from 'irsa/patch';
 * const review = { request: { uid: '1', namespace: 'default', object: { spec: { serviceAccountName: 's3-echoer' } } } };
 * console.log(serviceAccountOf(review)); // { namespace: 'default', name: 's3-echoer' }
 * ```
 */
export function serviceAccountOf(
  review: unknown,
  settings?: PartialMutationSettings,
): { readonly namespace: string; readonly name: string } | undefined {
  const resolved = resolveMutationSettings(settings);
  const isEks = resolved.behavior === 'eks';
  let facts: AdmissionReviewFacts;
  try {
    facts = parseAdmissionReview(review, { anyVersion: isEks });
  } catch {
    // Only ERR_ADMISSION_REVIEW comes from there, and reviewPod will say it.
    return undefined;
  }
  if (!isEks && notOurs(facts) !== undefined) return undefined;
  return { namespace: facts.namespace, name: serviceAccountNameOf(facts.object, resolved) };
}
