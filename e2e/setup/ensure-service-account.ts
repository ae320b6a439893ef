import type { KubernetesClient } from '../clients/kubernetes-client.js';

/** Makes the service account with these annotations, or sets them on the one that is there. */
export async function ensureServiceAccount(
  client: KubernetesClient,
  namespace: string,
  name: string,
  annotations: Readonly<Record<string, string>> = {},
): Promise<void> {
  await client.apply(`/api/v1/namespaces/${namespace}/serviceaccounts/${name}`, {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name, namespace, annotations },
  });
}
