import type { JsonValue, KubernetesObject } from './types.js';
import type { WebhookSettings } from './webhook-settings.js';

const port = 8443;
const metricsPort = 9999;
const certificateFolder = '/etc/webhook/certs';

/** Service, Deployment and PodDisruptionBudget. */
export function webhookDeployment(settings: WebhookSettings): KubernetesObject[] {
  const { name, namespace, labels, replicas } = settings;
  const metadata = { name, namespace, labels };
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: {
        selector: labels,
        ports: [
          { name: 'https', port: 443, targetPort: 'https' },
          { name: 'metrics', port: metricsPort, targetPort: 'metrics' },
        ],
      },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas,
        selector: { matchLabels: labels },
        // A new replica is ready before an old one goes.
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
        template: {
          metadata: {
            // The webhook does not wait for itself.
            labels: {
              ...labels,
              [`${settings.annotationDomain}/skip-pod-identity-webhook`]: 'true',
            },
          },
          spec: podSpec(settings),
        },
      },
    },
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata,
      spec: {
        selector: { matchLabels: labels },
        maxUnavailable: 1,
        unhealthyPodEvictionPolicy: 'AlwaysAllow',
      },
    },
  ];
}

function podSpec(settings: WebhookSettings): JsonValue {
  const { name, labels } = settings;
  const fromFiles = settings.certificates !== 'self-managed';
  return {
    serviceAccountName: name,
    // Variables such as IRSA_WEBHOOK_PORT=tcp://… would look like flags.
    enableServiceLinks: false,
    priorityClassName: 'system-cluster-critical',
    // Longer than the lame duck and the API server's own timeout together.
    terminationGracePeriodSeconds: 45,
    nodeSelector: { 'kubernetes.io/os': 'linux' },
    topologySpreadConstraints: ['topology.kubernetes.io/zone', 'kubernetes.io/hostname'].map(
      (topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable: 'ScheduleAnyway',
        labelSelector: { matchLabels: labels },
      }),
    ),
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65532,
      runAsGroup: 65532,
      fsGroup: 65532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    containers: [
      {
        name: 'webhook',
        image: settings.image,
        args: webhookArgs(settings),
        ports: [
          { name: 'https', containerPort: port },
          { name: 'metrics', containerPort: metricsPort },
        ],
        startupProbe: { ...probe('/healthz'), periodSeconds: 2, failureThreshold: 30 },
        readinessProbe: { ...probe('/readyz'), periodSeconds: 5 },
        livenessProbe: { ...probe('/healthz'), periodSeconds: 10, failureThreshold: 6 },
        resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '384Mi' } },
        securityContext: {
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        },
        ...(fromFiles
          ? { volumeMounts: [{ name: 'tls', mountPath: certificateFolder, readOnly: true }] }
          : {}),
      },
    ],
    ...(fromFiles
      ? { volumes: [{ name: 'tls', secret: { secretName: settings.secretName } }] }
      : {}),
  };
}

const probe = (path: string): Record<string, JsonValue> => ({
  httpGet: { scheme: 'HTTPS', port: 'https', path },
  timeoutSeconds: 3,
});

/** The flags bear the names of amazon-eks-pod-identity-webhook where it has them. */
function webhookArgs(settings: WebhookSettings): string[] {
  const { name, namespace, audience, region, roleMappings } = settings;
  return [
    `--port=${port}`,
    `--metrics-port=${metricsPort}`,
    `--namespace=${namespace}`,
    `--service-name=${name}`,
    ...(settings.certificates === 'self-managed'
      ? [
          '--certificates=self-managed',
          `--tls-secret=${settings.secretName}`,
          `--webhook-configuration=${name}`,
        ]
      : [
          '--certificates=provided',
          `--tls-cert=${certificateFolder}/tls.crt`,
          `--tls-key=${certificateFolder}/tls.key`,
        ]),
    `--annotation-prefix=${settings.annotationDomain}`,
    ...(audience === undefined ? [] : [`--token-audience=${audience}`]),
    ...(region === undefined ? [] : [`--aws-default-region=${region}`]),
    `--sts-regional-endpoint=${String(settings.regionalSts)}`,
    ...(roleMappings === null
      ? []
      : ['--watch-config-map=true', `--config-map-name=${roleMappings}`]),
    ...settings.extraArgs,
  ];
}
