import type { JsonValue, KubernetesObject } from './types.js';
import type { WebhookSettings } from './webhook-settings.js';

const group = 'rbac.authorization.k8s.io';

/** What the webhook may do, and no more: it reads ServiceAccounts, never their tokens, and touches only objects of its own. */
export function webhookRbac(settings: WebhookSettings): KubernetesObject[] {
  const { name, namespace, labels } = settings;
  const subjects = [{ kind: 'ServiceAccount', name, namespace }];
  const bind = (kind: 'Role' | 'ClusterRole', rules: JsonValue[]): KubernetesObject[] => {
    if (rules.length === 0) return [];
    const metadata = { name, labels, ...(kind === 'Role' ? { namespace } : {}) };
    return [
      { apiVersion: `${group}/v1`, kind, metadata, rules },
      {
        apiVersion: `${group}/v1`,
        kind: `${kind}Binding`,
        metadata,
        roleRef: { apiGroup: group, kind, name },
        subjects,
      },
    ];
  };
  return [...bind('ClusterRole', clusterRules(settings)), ...bind('Role', ownRules(settings))];
}

const rule = (
  apiGroup: string,
  resource: string,
  verbs: readonly string[],
  resourceNames?: readonly string[],
): JsonValue => ({
  apiGroups: [apiGroup],
  resources: [resource],
  ...(resourceNames === undefined ? {} : { resourceNames }),
  verbs,
});

const clusterRules = ({ certificates, name }: WebhookSettings): JsonValue[] => [
  rule('', 'serviceaccounts', ['get', 'list', 'watch']),
  ...(certificates === 'self-managed'
    ? [
        rule(
          'admissionregistration.k8s.io',
          'mutatingwebhookconfigurations',
          ['get', 'patch'],
          [name],
        ),
      ]
    : []),
];

const ownRules = ({ certificates, roleMappings, secretName }: WebhookSettings): JsonValue[] => [
  ...(roleMappings === null ? [] : [rule('', 'configmaps', ['list', 'watch'], [roleMappings])]),
  ...(certificates === 'self-managed'
    ? [
        rule('', 'secrets', ['get', 'update'], [secretName]),
        // RBAC cannot name an object that does not exist yet.
        rule('', 'secrets', ['create']),
      ]
    : []),
];
