import type { KubernetesObject } from './types.js';
import { webhookCertificates } from './webhook-certificates.js';
import { webhookConfiguration } from './webhook-configuration.js';
import { webhookDeployment } from './webhook-deployment.js';
import { webhookRbac } from './webhook-rbac.js';
import {
  resolveWebhookSettings,
  type WebhookManifestsOptions,
  type WebhookSettings,
} from './webhook-settings.js';

/**
 * Everything that the webhook needs in a cluster, in the order in which to apply it.
 *
 * @throws {@link ClusterError} `ERR_CLUSTER`, {@link SubjectError} `ERR_SUBJECT`
 * @example
 * ```ts
 * import { manifestsToYaml, webhookManifests } from 'irsa/cluster';
 * const objects = webhookManifests({
 *   namespace: 'irsa-system',
 *   image: 'registry.example.com/irsa-webhook:0.1.0',
 *   certificates: 'self-managed',
 *   region: 'eu-west-1',
 * });
 * const yaml = manifestsToYaml(objects); // for kubectl apply -f -
 * console.log(yaml.startsWith('apiVersion: v1')); // true
 * ```
 * @see {@link https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/ | Kubernetes: dynamic admission control}
 */
export function webhookManifests(options: WebhookManifestsOptions): KubernetesObject[] {
  const settings = resolveWebhookSettings(options);
  const { name, namespace, labels } = settings;
  return [
    ...(settings.systemNamespaces.includes(namespace) ? [] : [namespaceOf(settings)]),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace, labels } },
    ...webhookRbac(settings),
    ...webhookCertificates(settings),
    ...webhookDeployment(settings),
    webhookConfiguration(settings),
  ];
}

const namespaceOf = ({ namespace, labels }: WebhookSettings): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: namespace,
    labels: { ...labels, 'pod-security.kubernetes.io/enforce': 'restricted' },
  },
});
