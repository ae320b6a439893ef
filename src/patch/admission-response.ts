import type { Draft } from './draft.js';
import { limitWarnings } from './limit-warnings.js';
import { objectOf } from './read-json.js';
import type { JsonPatchOperation } from './types.js';

/** The answer inside an AdmissionReview. */
export interface AdmissionResponse {
  /** The request's uid. */
  readonly uid: string;
  readonly allowed: boolean;
  /** Why a request is refused. */
  readonly status?: {
    readonly code?: number;
    readonly reason?: string;
    readonly message: string;
    readonly metadata?: Readonly<Record<string, never>>;
  };
  /** The JSON Patch, in base64. */
  readonly patch?: string;
  readonly patchType?: 'JSONPatch';
  /** Shown to whoever made the request, e.g. by kubectl. */
  readonly warnings?: readonly string[];
  /** Kept in the audit log under the webhook's name. */
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

/** The AdmissionReview to send back; `kind` and `apiVersion` are those of the review that came. */
export interface AdmissionReviewResponse {
  readonly kind?: string;
  readonly apiVersion?: string;
  readonly response: AdmissionResponse;
}

/** What people and the audit log are told. */
export interface Remarks {
  readonly warnings?: readonly string[];
  readonly auditAnnotations?: Readonly<Record<string, string>>;
}

const withRemarks = (
  response: Draft<AdmissionResponse>,
  { warnings = [], auditAnnotations }: Remarks,
): AdmissionResponse => {
  if (warnings.length > 0) response.warnings = limitWarnings(warnings);
  if (auditAnnotations !== undefined) response.auditAnnotations = auditAnnotations;
  return response;
};

/** The patch as the API server reads it. Escaping what is not ASCII keeps bytes and characters the same thing. */
const encodePatch = (patch: readonly JsonPatchOperation[]): string => {
  const text = JSON.stringify(patch);
  const ascii = !/[^\0-\x7f]/.test(text)
    ? text
    : text.replace(
        /[^\0-\x7f]/g,
        (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
      );
  return btoa(ascii);
};

/** The pod may come as it is. */
export const allowed = (uid: string, remarks: Remarks = {}): AdmissionResponse =>
  withRemarks({ uid, allowed: true }, remarks);

/** The pod may come, changed so. */
export const patched = (
  uid: string,
  patch: readonly JsonPatchOperation[],
  remarks: Remarks = {},
): AdmissionResponse =>
  withRemarks({ uid, allowed: true, patch: encodePatch(patch), patchType: 'JSONPatch' }, remarks);

/** The pod may not come. */
export const refused = (
  uid: string,
  status: NonNullable<AdmissionResponse['status']>,
  remarks: Remarks = {},
): AdmissionResponse => withRemarks({ uid, allowed: false, status }, remarks);

/** The whole review to send back, with the kind and version of the one that came. */
export const answerTo = (review: unknown, response: AdmissionResponse): AdmissionReviewResponse => {
  const { kind, apiVersion } = objectOf(review);
  const answer: Draft<Partial<AdmissionReviewResponse>> = {};
  // The order of the fields is the one in which people know them.
  if (typeof kind === 'string' && kind !== '') answer.kind = kind;
  if (typeof apiVersion === 'string' && apiVersion !== '') answer.apiVersion = apiVersion;
  return Object.assign(answer, { response });
};
