import {
  isJsonObject,
  listMember,
  memberOf,
  readJson,
  textMember,
  type JsonObject,
} from './read-json.js';
import { makeFault } from './make-finding.js';
import type { PodFacts } from './read-pod.js';
import type { Fault } from './types.js';

/** What the API server and the webhook know of one another. */
export interface WebhookFacts {
  /** One MutatingWebhookConfiguration, or several; null where the cluster has none. */
  readonly webhookConfiguration?: unknown;
  /** The pod's namespace's labels. */
  readonly namespaceLabels?: JsonObject | undefined;
  /** The authority of the certificate that the webhook serves with, PEM. */
  readonly webhookCaPem?: string | undefined;
  /** Events of the cluster around the pod's creation. */
  readonly events?: readonly unknown[] | undefined;
}

interface Webhook {
  readonly configuration: string;
  readonly entry: JsonObject;
}

const ours = /pod-identity|irsa/i;

/** The webhooks that are meant for IRSA: by name, where several configurations are given. */
function webhooksOf(given: unknown): Webhook[] {
  const configurations = Array.isArray(given)
    ? (given as readonly unknown[])
    : isJsonObject(given) && Array.isArray(given['items'])
      ? (given['items'] as readonly unknown[])
      : [given];
  const all = configurations.flatMap((configuration) => {
    const name = textMember(memberOf(configuration, 'metadata'), 'name') ?? '';
    return listMember(configuration, 'webhooks')
      .filter(isJsonObject)
      .map((entry) => ({ configuration: name, entry }));
  });
  const named = all.filter(({ configuration, entry }) =>
    ours.test(`${configuration} ${String(textMember(entry, 'name'))}`),
  );
  return configurations.length > 1 || named.length > 0 ? named : all;
}

/** Why the API server did not ask the webhook about this pod, or could not. */
export function checkWebhook(facts: WebhookFacts, pod: PodFacts): Fault[] {
  const { webhookConfiguration } = facts;
  if (webhookConfiguration === undefined)
    return [makeFault('unknown-webhook', 'no webhook configuration was given')];
  const webhooks = webhookConfiguration === null ? [] : webhooksOf(readJson(webhookConfiguration));
  if (webhooks.length === 0)
    return [
      makeFault('webhook-missing', 'no MutatingWebhookConfiguration names pod-identity or irsa'),
    ];
  const judged = webhooks.map((webhook) => notAsked(webhook, facts, pod));
  const asked = webhooks.filter((_, index) => judged[index] === undefined);
  if (asked.length === 0) return judged.filter((fault) => fault !== undefined).slice(0, 1);
  return asked.flatMap((webhook) => [
    ...checkWebhookTrust(webhook, facts),
    ...checkFailures(webhook, facts),
  ]);
}

const shownName = ({ configuration, entry }: Webhook): string =>
  `${configuration}/${textMember(entry, 'name') ?? '?'}`;

function notAsked(webhook: Webhook, facts: WebhookFacts, pod: PodFacts): Fault | undefined {
  const { entry } = webhook;
  const name = shownName(webhook);
  if (!listMember(entry, 'rules').some(coversPodCreation)) {
    return makeFault('webhook-rules', `${name}: rules ${JSON.stringify(entry['rules'])}`);
  }
  const namespaceLabels = {
    'kubernetes.io/metadata.name': pod.namespace,
    ...facts.namespaceLabels,
  };
  if (!selects(entry['namespaceSelector'], namespaceLabels)) {
    return makeFault(
      'webhook-namespace-selector',
      `${name}: ${JSON.stringify(entry['namespaceSelector'])}; namespace ${pod.namespace} has ${JSON.stringify(namespaceLabels)}`,
    );
  }
  if (!selects(entry['objectSelector'], pod.labels)) {
    return makeFault(
      'webhook-object-selector',
      `${name}: ${JSON.stringify(entry['objectSelector'])}; the pod has ${JSON.stringify(pod.labels)}`,
    );
  }
  const versions = listMember(entry, 'admissionReviewVersions');
  if (!versions.includes('v1') && !versions.includes('v1beta1')) {
    return makeFault(
      'webhook-review-version',
      `${name}: admissionReviewVersions ${JSON.stringify(versions)}`,
    );
  }
  return undefined;
}

function coversPodCreation(rule: unknown): boolean {
  const has = (name: string, value: string): boolean => {
    const values = listMember(rule, name);
    return values.includes(value) || values.includes('*');
  };
  return (
    has('operations', 'CREATE') &&
    has('apiGroups', '') &&
    has('apiVersions', 'v1') &&
    (has('resources', 'pods') || listMember(rule, 'resources').includes('*/*'))
  );
}

/** A Kubernetes label selector; an absent or empty one selects everything. */
function selects(selector: unknown, labels: JsonObject): boolean {
  const wanted = memberOf(selector, 'matchLabels');
  const byLabels = Object.entries(isJsonObject(wanted) ? wanted : {}).every(
    ([key, value]) => labels[key] === value,
  );
  return (
    byLabels &&
    listMember(selector, 'matchExpressions').every((expression) => {
      const key = textMember(expression, 'key') ?? '';
      const values = listMember(expression, 'values');
      const present = Object.hasOwn(labels, key);
      switch (textMember(expression, 'operator')) {
        case 'In':
          return present && values.includes(labels[key]);
        case 'NotIn':
          return !present || !values.includes(labels[key]);
        case 'Exists':
          return present;
        case 'DoesNotExist':
          return !present;
        default:
          return true;
      }
    })
  );
}

const certificatesOf = (pem: string): string[] =>
  [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)].map((match) =>
    (match[1] ?? '').replace(/\s/g, ''),
  );

/** Whether the API server trusts what the webhook serves. */
export function checkWebhookTrust(webhook: Webhook, { webhookCaPem }: WebhookFacts): Fault[] {
  const name = shownName(webhook);
  const caBundle = textMember(memberOf(webhook.entry, 'clientConfig'), 'caBundle') ?? '';
  let bundle: string;
  try {
    bundle = atob(caBundle);
  } catch {
    bundle = '';
  }
  const trusted = certificatesOf(bundle);
  if (trusted.length === 0)
    return [makeFault('webhook-ca-missing', `${name}: clientConfig.caBundle has no certificate`)];
  if (webhookCaPem === undefined) return [];
  const served = certificatesOf(webhookCaPem);
  return served.some((certificate) => trusted.includes(certificate))
    ? []
    : [
        makeFault(
          'webhook-ca-stale',
          `${name}: the bundle has ${String(trusted.length)} certificates, none of them signs what the webhook serves`,
        ),
      ];
}

/** The trust check for callers that look at a pod which was mutated all the same. */
export function checkWebhookTrustOf(facts: WebhookFacts): Fault[] {
  if (facts.webhookConfiguration === undefined || facts.webhookConfiguration === null) return [];
  return webhooksOf(readJson(facts.webhookConfiguration)).flatMap((webhook) =>
    checkWebhookTrust(webhook, facts),
  );
}

function checkFailures(webhook: Webhook, { events = [] }: WebhookFacts): Fault[] {
  const { entry } = webhook;
  const hookName = textMember(entry, 'name') ?? '';
  const failed = events
    .map((event) => textMember(event, 'message') ?? '')
    .find((message) => message.includes('failed calling webhook') && message.includes(hookName));
  return [
    ...(failed === undefined ? [] : [makeFault('webhook-call-failed', failed)]),
    ...(entry['failurePolicy'] === 'Ignore'
      ? [makeFault('webhook-failure-policy-ignore', `${shownName(webhook)}: failurePolicy Ignore`)]
      : []),
  ];
}
