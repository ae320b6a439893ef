/**
 * A Kubernetes `Status` as JSON. The API server decodes the body of a webhook's non-200 answer as one and shows its
 * message to whoever created the pod; any other body is shown as an opaque "the server rejected our request".
 *
 * @see {@link https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/status/ | Kubernetes: Status}
 */
export function buildStatus(code: number, reason: StatusReason, message: string): string {
  return JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message,
    reason,
    code,
  });
}

/** The reasons of Kubernetes that this server answers with. */
export type StatusReason =
  | 'BadRequest'
  | 'NotFound'
  | 'MethodNotAllowed'
  | 'Timeout'
  | 'RequestEntityTooLarge'
  | 'UnsupportedMediaType'
  | 'TooManyRequests'
  | 'InternalError'
  | 'ServiceUnavailable';
