import { serviceAccountSubject } from '../names/subject.js';
import type { JsonValue, KubernetesObject } from './types.js';

/** What {@link issuerDiscoveryBinding} takes. */
export interface IssuerDiscoveryBindingOptions {
  /**
   * Who may read the API server's own discovery document and keys: `everyone` (default) without a login, every `authenticated` caller, or one
   * ServiceAccount. Both documents are public by nature; a bucket is the better host, because AWS must reach it.
   */
  readonly to?:
    'everyone' | 'authenticated' | { readonly namespace: string; readonly name: string };
  /** The binding's name; default `irsa-issuer-discovery`. */
  readonly name?: string;
}

/**
 * Lets somebody read `/.well-known/openid-configuration` and `/openid/v1/jwks` of the API server, which only ServiceAccounts may by default.
 *
 * @throws {@link SubjectError} `ERR_SUBJECT`
 * @example
 * ```ts
 * import { issuerDiscoveryBinding } from 'irsa/cluster';
 * issuerDiscoveryBinding({ to: { namespace: 'irsa-system', name: 'publisher' } }).kind; // ClusterRoleBinding
 * ```
 * @see {@link https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#service-account-issuer-discovery | Kubernetes: service account issuer discovery}
 */
export function issuerDiscoveryBinding(
  options: IssuerDiscoveryBindingOptions = {},
): KubernetesObject {
  const { to = 'everyone', name = 'irsa-issuer-discovery' } = options;
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: {
      apiGroup: 'rbac.authorization.k8s.io',
      kind: 'ClusterRole',
      name: 'system:service-account-issuer-discovery',
    },
    subjects: subjectsOf(to),
  };
}

function subjectsOf(to: NonNullable<IssuerDiscoveryBindingOptions['to']>): JsonValue[] {
  const group = (name: string): JsonValue => ({
    apiGroup: 'rbac.authorization.k8s.io',
    kind: 'Group',
    name,
  });
  if (to === 'authenticated') return [group('system:authenticated')];
  if (to === 'everyone') return [group('system:authenticated'), group('system:unauthenticated')];
  const { namespace, name } = to;
  serviceAccountSubject(namespace, name);
  return [{ kind: 'ServiceAccount', namespace, name }];
}
