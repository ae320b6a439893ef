import type { KubernetesClient } from '../clients/kubernetes-client.js';

/** Asks the API server for a token, as the kubelet does for a projected volume. */
export async function requestToken(
  client: KubernetesClient,
  options: {
    readonly namespace: string;
    readonly serviceAccount: string;
    readonly audiences?: readonly string[];
    readonly expirationSeconds?: number;
    /** Binds the token to a pod. */
    readonly pod?: { readonly name: string; readonly uid: string };
  },
): Promise<string> {
  const { namespace, serviceAccount, pod } = options;
  const review = await client.create(
    `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}/token`,
    {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: options.audiences ?? ['sts.amazonaws.com'],
        expirationSeconds: options.expirationSeconds ?? 3600,
        ...(pod === undefined ? {} : { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', ...pod } }),
      },
    },
  );
  return review.status.token as string;
}
