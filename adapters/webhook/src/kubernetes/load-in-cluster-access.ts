import { readFile } from 'node:fs/promises';
import { ClusterError } from 'irsa/errors';
import type { ClusterAccess } from './types.js';

/** Where kubelet puts a pod's own token and the cluster's authorities. */
const defaultFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** What {@link loadInClusterAccess} reads. */
export interface InClusterOptions {
  /** Has KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Default `/var/run/secrets/kubernetes.io/serviceaccount`. */
  readonly folder?: string;
}

/**
 * The access of a pod: its own token, read anew each time because kubelet replaces it.
 *
 * @throws {@link ClusterError} `ERR_CLUSTER` outside of a pod
 * @see {@link https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ | Kubernetes: access from a pod}
 */
export async function loadInClusterAccess(options: InClusterOptions): Promise<ClusterAccess> {
  const { environment, folder = defaultFolder } = options;
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = Number(environment['KUBERNETES_SERVICE_PORT'] ?? 443);
  if (host === undefined || host === '' || !Number.isInteger(port)) {
    throw new ClusterError(
      'in-cluster access: expected KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, got none; outside of a pod pass --kubeconfig',
    );
  }
  try {
    const [token, caPem] = await Promise.all([
      readFile(`${folder}/token`, 'utf8'),
      readFile(`${folder}/ca.crt`, 'utf8'),
    ]);
    return { host, port, caPem, headers: { authorization: `Bearer ${token.trim()}` } };
  } catch (cause) {
    throw new ClusterError(
      `in-cluster access: expected ${folder}/token and ca.crt; let the pod mount its ServiceAccount token (automountServiceAccountToken)`,
      { cause, path: folder },
    );
  }
}
