import type { JsonValue, KubernetesObject } from './types.js';
import type { WebhookSettings } from './webhook-settings.js';

const namespaceLabel = 'kubernetes.io/metadata.name';

/**
 * The MutatingWebhookConfiguration, with two entries so that the cluster can always boot: in the system namespaces a missing answer never holds a pod
 * back, elsewhere `failurePolicy` decides. The webhook's own namespace is in neither.
 */
export function webhookConfiguration(settings: WebhookSettings): KubernetesObject {
  const { name, namespace, labels, systemNamespaces } = settings;
  const system = systemNamespaces.filter((candidate) => candidate !== namespace);
  const injection = { 'cert-manager.io/inject-ca-from': `${namespace}/${name}` };
  const managed = settings.certificates === 'cert-manager';
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name, labels, ...(managed ? { annotations: injection } : {}) },
    webhooks: [
      entry(settings, 'pods', settings.failurePolicy, {
        operator: 'NotIn',
        values: [...system, namespace],
      }),
      ...(system.length === 0
        ? []
        : [entry(settings, 'system-pods', 'Ignore', { operator: 'In', values: system })]),
    ],
  };
}

function entry(
  settings: WebhookSettings,
  prefix: string,
  failurePolicy: string,
  namespaces: { readonly operator: string; readonly values: readonly string[] },
): JsonValue {
  const { name, namespace, caBundle } = settings;
  return {
    name: `${prefix}.${name}.${namespace}.svc`,
    admissionReviewVersions: ['v1'],
    clientConfig: {
      service: { name, namespace, path: '/mutate', port: 443 },
      ...(caBundle === undefined ? {} : { caBundle }),
    },
    rules: [
      rule('CREATE', 'pods'),
      // An ephemeral container joins a running pod; it needs the variables and the mount too.
      rule('UPDATE', 'pods/ephemeralcontainers'),
    ],
    failurePolicy,
    matchPolicy: 'Equivalent',
    // Containers that later webhooks add get their role too; a second call changes nothing else.
    reinvocationPolicy: 'IfNeeded',
    sideEffects: 'None',
    timeoutSeconds: settings.timeoutSeconds,
    namespaceSelector: { matchExpressions: [{ key: namespaceLabel, ...namespaces }] },
    objectSelector: {
      matchExpressions: [
        {
          key: `${settings.annotationDomain}/skip-pod-identity-webhook`,
          operator: 'DoesNotExist',
        },
      ],
    },
  };
}

const rule = (operation: string, resource: string): JsonValue => ({
  operations: [operation],
  apiGroups: [''],
  apiVersions: ['v1'],
  resources: [resource],
  scope: 'Namespaced',
});
