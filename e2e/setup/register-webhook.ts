import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesClient } from '../clients/kubernetes-client.js';

const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

/** Registers a webhook by URL for new pods and their ephemeral containers. */
export async function registerWebhook(
  client: KubernetesClient,
  options: {
    readonly name: string;
    readonly url: string;
    readonly ca: string;
    readonly failurePolicy?: 'Fail' | 'Ignore';
    readonly timeoutSeconds?: number;
    readonly reviewVersions?: readonly ('v1' | 'v1beta1')[];
    /** Default all of them. */
    readonly namespace?: string;
  },
): Promise<void> {
  await client.apply(`${path}/${options.name}`, {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name: options.name },
    webhooks: [
      {
        name: `${options.name}.e2e.example`,
        clientConfig: { url: options.url, caBundle: Buffer.from(options.ca).toString('base64') },
        failurePolicy: options.failurePolicy ?? 'Fail',
        timeoutSeconds: options.timeoutSeconds ?? 10,
        sideEffects: 'None',
        admissionReviewVersions: options.reviewVersions ?? ['v1', 'v1beta1'],
        reinvocationPolicy: 'IfNeeded',
        ...(options.namespace !== undefined && {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': options.namespace } },
        }),
        rules: [
          { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] },
          {
            apiGroups: [''],
            apiVersions: ['v1'],
            operations: ['UPDATE'],
            resources: ['pods/ephemeralcontainers'],
          },
        ],
      },
    ],
  });
}

/** Takes the registration away. */
export async function unregisterWebhook(client: KubernetesClient, name: string): Promise<void> {
  await client.remove(`${path}/${name}`);
}

/** Waits until `holds` says yes; the API server takes a moment to see a change of its webhooks. */
export async function until(
  what: string,
  holds: () => Promise<boolean>,
  withinMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${withinMs / 1000} s`);
    await sleep(100);
  }
}
