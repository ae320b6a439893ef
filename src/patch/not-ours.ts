import type { AdmissionReviewFacts } from './parse-admission-review.js';
import { isAbsent, isJsonObject } from './read-json.js';
import type { MutationOutcome } from './types.js';

const skip = (
  reason: 'not-a-pod' | 'operation-not-handled',
  warning?: string,
): MutationOutcome => ({
  kind: 'skipped',
  reason,
  warnings: warning === undefined ? [] : [warning],
});

/** Why a request is not for us at all. */
export const notOurs = (facts: AdmissionReviewFacts): MutationOutcome | undefined => {
  const { requestedKind, requestedGroup, object, operation, subresource } = facts;
  const isEphemeral = subresource === 'ephemeralcontainers';
  if (operation !== (isEphemeral ? 'UPDATE' : 'CREATE') || (subresource !== '' && !isEphemeral)) {
    return skip('operation-not-handled');
  }
  if ((requestedKind ?? 'Pod') !== 'Pod' || (requestedGroup ?? '') !== '') {
    return skip('not-a-pod', 'not mutated: the request is not about a Pod');
  }
  if (isJsonObject(object)) return undefined;
  const what = isAbsent(object) ? 'the review has no object' : 'the object is no Pod';
  return skip('not-a-pod', `not mutated: ${what}`);
};
