import { AdmissionReviewError } from '../errors.js';
import { isAbsent, isJsonObject, objectOf } from './read-json.js';

/** What is read of an AdmissionReview: the rest of the request stays where it is. */
export interface AdmissionReviewFacts {
  readonly uid: string;
  readonly namespace: string;
  /** `CREATE` where the review does not say. */
  readonly operation: unknown;
  /** Empty for the pod itself. */
  readonly subresource: string;
  /** The kind that the request is about, as far as it says. */
  readonly requestedKind: unknown;
  /** The group of that kind; a Pod's is empty. */
  readonly requestedGroup: unknown;
  readonly object: unknown;
  readonly oldObject: unknown;
}

const apiVersions: readonly string[] = ['admission.k8s.io/v1', 'admission.k8s.io/v1beta1'];

const described = (value: unknown): string => {
  if (typeof value === 'string') return value.slice(0, 80);
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value;
};

const fail = (path: string, expected: string, actual: unknown): AdmissionReviewError => {
  const shown = described(actual);
  return new AdmissionReviewError(
    `${path}: expected ${expected}, got ${shown}; send the AdmissionReview as the API server makes it`,
    { path, expected, actual: shown },
  );
};

const optionalText = (value: unknown, path: string): string => {
  if (isAbsent(value)) return '';
  if (typeof value === 'string') return value;
  throw fail(path, 'a string', value);
};

/**
 * Reads what matters of an AdmissionReview, `admission.k8s.io/v1` or `v1beta1`.
 *
 * @param options - `anyVersion` takes any kind and version, as the Go webhook does
 * @throws {@link AdmissionReviewError} `ERR_ADMISSION_REVIEW` where it cannot even be answered
 */
export function parseAdmissionReview(
  review: unknown,
  options: { readonly anyVersion?: boolean } = {},
): AdmissionReviewFacts {
  if (!isJsonObject(review)) throw fail('review', 'an AdmissionReview object', review);
  const { request } = review;
  if (!isJsonObject(request)) throw fail('request', 'an object', request);
  const kind = optionalText(review['kind'], 'kind');
  const apiVersion = optionalText(review['apiVersion'], 'apiVersion');
  if (options.anyVersion !== true) {
    if (kind !== '' && kind !== 'AdmissionReview') throw fail('kind', 'AdmissionReview', kind);
    if (apiVersion !== '' && !apiVersions.includes(apiVersion)) {
      throw fail('apiVersion', apiVersions.join(' or '), apiVersion);
    }
  }
  const { subResource } = request;
  const { kind: requestedKind, group: requestedGroup } = objectOf(request['kind']);
  return {
    uid: optionalText(request['uid'], 'request.uid'),
    namespace: optionalText(request['namespace'], 'request.namespace'),
    operation: request['operation'] ?? 'CREATE',
    subresource: typeof subResource === 'string' ? subResource : '',
    requestedKind,
    requestedGroup,
    object: request['object'],
    oldObject: request['oldObject'],
  };
}
