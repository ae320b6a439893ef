import { AdmissionReviewError } from '../errors.js';
import { allowed, answerTo, patched, refused } from './admission-response.js';
import type { AdmissionResponse, AdmissionReviewResponse } from './admission-response.js';
import { computePodPatch } from './compute-pod-patch.js';
import { notOurs } from './not-ours.js';
import { parseAdmissionReview, type AdmissionReviewFacts } from './parse-admission-review.js';
import { isAbsent, isJsonObject, isTextOrAbsent, objectOf, textOf } from './read-json.js';
import { resolveMutationSettings } from './resolve-mutation-settings.js';
import { serviceAccountNameOf } from './service-account-name-of.js';
import type {
  MutationOutcome,
  MutationSettings,
  PartialMutationSettings,
  Pod,
  PodIdentityAssociations,
  RoleMappings,
  ServiceAccount,
} from './types.js';

/** What {@link reviewPod} needs beside the review. */
export interface ReviewContext {
  /** The ServiceAccount of this name, or undefined. Synchronous: for a lookup that waits, see {@link serviceAccountOf}. */
  readonly findServiceAccount: (
    namespace: string,
    name: string,
  ) => ServiceAccount | null | undefined;
  readonly roleMappings?: RoleMappings | undefined;
  readonly podIdentityAssociations?: PodIdentityAssociations | undefined;
  /** Default {@link defaultMutationSettings}; pass a result of `resolveMutationSettings` where many reviews come. */
  readonly settings?: PartialMutationSettings | undefined;
  /** See `computePodPatch`. */
  readonly jitter?: number | undefined;
  /** Told what was decided, for logs and metrics. */
  readonly onOutcome?: ((outcome: MutationOutcome) => void) | undefined;
}

const lookUp = (context: ReviewContext, namespace: string, name: string): ServiceAccount | null => {
  // Callers without types forget it; asked only when a pod needs it, the call would fail late and without a word.
  if (typeof (context as { findServiceAccount?: unknown }).findServiceAccount !== 'function') {
    throw new TypeError(
      'findServiceAccount: expected a function (namespace, name) => ServiceAccount or undefined',
    );
  }
  const found: unknown = context.findServiceAccount(namespace, name) ?? null;
  if (isJsonObject(found) && typeof found['then'] === 'function') {
    throw new TypeError(
      'findServiceAccount: expected a ServiceAccount, got a promise; await it before, with the names that serviceAccountOf(review) gives',
    );
  }
  // The interface is this function's own, so what comes is what it says; fields are read with care later.
  return found as ServiceAccount | null;
};

const decide = (
  facts: AdmissionReviewFacts,
  context: ReviewContext,
  settings: MutationSettings,
): MutationOutcome => {
  const isEks = settings.behavior === 'eks';
  const early = isEks ? undefined : notOurs(facts);
  if (early !== undefined) return early;
  const name = serviceAccountNameOf(facts.object, settings);
  return computePodPatch({
    // Whatever the object is: computePodPatch trusts no field of it.
    pod: facts.object as Pod,
    oldPod: facts.oldObject as Pod,
    namespace: facts.namespace,
    serviceAccount: lookUp(context, facts.namespace, name),
    roleMappings: context.roleMappings,
    podIdentityAssociations: context.podIdentityAssociations,
    settings,
    subresource: facts.subresource,
    jitter: context.jitter,
  });
};

/** The audit annotations that say why; without what the audit log's size has no room for. */
const audit = (
  reason: Readonly<Record<string, string>>,
  warnings: readonly string[],
): Readonly<Record<string, string>> =>
  warnings.length === 0
    ? reason
    : { ...reason, warnings: warnings.slice(0, 8).join('; ').slice(0, 1024) };

const respond = (uid: string, outcome: MutationOutcome): AdmissionResponse => {
  switch (outcome.kind) {
    case 'mutated': {
      const { warnings, injection } = outcome;
      const { method, source, roleArn } = injection;
      const reason: Record<string, string> = { outcome: 'mutated', method, source };
      if (roleArn !== undefined) reason['role-arn'] = roleArn;
      return patched(uid, outcome.patch, { warnings, auditAnnotations: audit(reason, warnings) });
    }
    case 'skipped': {
      const { warnings, reason } = outcome;
      const auditAnnotations = audit({ outcome: 'skipped', reason }, warnings);
      return allowed(uid, { warnings, auditAnnotations });
    }
    case 'rejected':
      return refused(
        uid,
        { code: 400, reason: 'BadRequest', message: outcome.message },
        { auditAnnotations: { outcome: 'rejected', reason: outcome.code } },
      );
  }
};

/** The Go webhook's answers: neither warnings nor audit annotations. */
const respondAsEks = (uid: string, outcome: MutationOutcome): AdmissionResponse => {
  if (outcome.kind === 'mutated') return patched(uid, outcome.patch);
  if (outcome.kind === 'skipped') return allowed(uid);
  return refused(uid, { metadata: {}, message: outcome.message });
};

/**
 * The Go webhook answers what it cannot read, too. It looks at kind and version first, and says nothing of a review that has them
 * wrong; the rest it reads as far as it goes, so that a uid beside a wrong field is echoed.
 */
const answerUnreadable = (
  review: unknown,
  fault: AdmissionReviewError,
): AdmissionReviewResponse => {
  const { kind, apiVersion, request } = objectOf(review);
  const isReview = isAbsent(review) || isJsonObject(review);
  if (!isReview || !isTextOrAbsent(kind) || !isTextOrAbsent(apiVersion)) {
    return { response: refused('', { metadata: {}, message: fault.message }) };
  }
  const message = isAbsent(request) ? 'bad content' : fault.message;
  const uid = textOf(request, 'uid') ?? '';
  return answerTo(review, refused(uid, { metadata: {}, message }));
};

/**
 * Answers an AdmissionReview of a pod: the whole review to send back, with the patch where one is needed. Every answer carries
 * the request's uid, and names its reason in warnings and audit annotations.
 *
 * @param review - the parsed body of the API server's request, `admission.k8s.io/v1` or `v1beta1`
 * @throws {@link AdmissionReviewError} `ERR_ADMISSION_REVIEW` for something that is no AdmissionReview; with `behavior: 'eks'` it
 *   is answered as the Go webhook answers it
 * @throws {@link SettingsError} `ERR_SETTINGS` for settings that cannot work
 * @example
 * ```ts
 * import { reviewPod } from 'irsa/patch';
 * const review = {
 *   kind: 'AdmissionReview',
 *   apiVersion: 'admission.k8s.io/v1',
 *   request: {
 *     uid: '1',
 *     namespace: 'default',
 *     operation: 'CREATE',
 *     object: { spec: { serviceAccountName: 's3-echoer', containers: [{ name: 'app' }] } },
 *   },
 * };
 * const annotations = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/s3-echoer' };
 * const answer = reviewPod(review, { findServiceAccount: () => ({ metadata: { annotations } }) });
 * console.log(answer.response.allowed, answer.response.patchType); // true JSONPatch
 * ```
 * @see {@link https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/ | Kubernetes: dynamic admission control}
 */
export function reviewPod(review: unknown, context: ReviewContext): AdmissionReviewResponse {
  const settings = resolveMutationSettings(context.settings);
  const isEks = settings.behavior === 'eks';
  let facts: AdmissionReviewFacts;
  try {
    facts = parseAdmissionReview(review, { anyVersion: isEks });
  } catch (error) {
    if (isEks && error instanceof AdmissionReviewError) return answerUnreadable(review, error);
    throw error;
  }
  const outcome = decide(facts, context, settings);
  context.onOutcome?.(outcome);
  return answerTo(review, isEks ? respondAsEks(facts.uid, outcome) : respond(facts.uid, outcome));
}
