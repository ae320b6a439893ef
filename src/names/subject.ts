import { SubjectError } from '../errors.js';

const prefix = 'system:serviceaccount:';

/** RFC 1123 label: what Kubernetes takes as a namespace. */
const namespacePattern = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** RFC 1123 subdomain: what Kubernetes takes as a ServiceAccount name. */
const namePattern = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/;
const maxNameLength = 253;

const assertNames = (namespace: string, name: string): void => {
  if (typeof namespace !== 'string' || !namespacePattern.test(namespace)) {
    throw new SubjectError(
      `namespace: expected a DNS label (lower case letters, digits, "-", at most 63), got ${JSON.stringify(namespace)}; use the namespace's exact name`,
      { path: 'namespace', actual: namespace, expected: 'a DNS label' },
    );
  }
  if (typeof name !== 'string' || name.length > maxNameLength || !namePattern.test(name)) {
    throw new SubjectError(
      `service account name: expected a DNS subdomain (lower case letters, digits, "-", ".", at most 253), got ${JSON.stringify(name)}; use the ServiceAccount's exact name`,
      { path: 'name', actual: name, expected: 'a DNS subdomain' },
    );
  }
};

/**
 * The `sub` claim of a service account's tokens.
 *
 * @throws {@link SubjectError} `ERR_SUBJECT` for names that Kubernetes would not accept
 * @example
 * ```ts
 * import { serviceAccountSubject } from 'irsa/oidc';
 * serviceAccountSubject('default', 's3-echoer'); // system:serviceaccount:default:s3-echoer
 * ```
 * @see {@link https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/ | Kubernetes: managing service accounts}
 */
export function serviceAccountSubject(namespace: string, name: string): string {
  assertNames(namespace, name);
  return `${prefix}${namespace}:${name}`;
}

/**
 * Reads a `sub` claim back into namespace and name.
 *
 * @throws {@link SubjectError} `ERR_SUBJECT` for anything but a service account's subject
 * @example
 * ```ts
 * import { parseServiceAccountSubject } from 'irsa/oidc';
 * parseServiceAccountSubject('system:serviceaccount:default:s3-echoer').name; // s3-echoer
 * ```
 */
export function parseServiceAccountSubject(subject: string): { namespace: string; name: string } {
  const parts = typeof subject === 'string' ? subject.split(':') : [];
  const [first, second, namespace, name] = parts;
  if (
    parts.length !== 4 ||
    `${String(first)}:${String(second)}:` !== prefix ||
    namespace === undefined ||
    name === undefined
  ) {
    throw new SubjectError(
      `subject: expected system:serviceaccount:NAMESPACE:NAME, got ${JSON.stringify(subject)}; use the sub claim of a service account token`,
      { actual: subject, expected: 'system:serviceaccount:NAMESPACE:NAME' },
    );
  }
  assertNames(namespace, name);
  return { namespace, name };
}
