import {
  isJsonObject,
  jsonText,
  listMember,
  memberOf,
  readJson,
  textMember,
  type JsonObject,
} from './read-json.js';
import { makeFault } from './make-finding.js';
import { timeText, type PodFacts } from './read-pod.js';
import type { Fault } from './types.js';

/** One look at what a webhook serves, as the API server would see it. */
export interface WebhookServingFact {
  /** `metadata.name` of the configuration that it belongs to; default every one. */
  readonly configuration?: string;
  /** Where it was seen: at the webhook’s own port, or in the Secret that it serves from. */
  readonly seenIn: 'connection' | 'secret';
  /** The name that the API server asks for: SERVICE.NAMESPACE.svc, or the host of `clientConfig.url`. */
  readonly host: string;
  /** DNS names and IP addresses of the certificate; absent where none was seen. */
  readonly names?: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Whether a certificate of `clientConfig.caBundle` vouches for it. */
  readonly trusted?: boolean;
  /** Why there was no TLS connection, in the network's words. */
  readonly failure?: string;
  /** How many of the Service's endpoints are ready. */
  readonly readyEndpoints?: number;
}

/** What the API server and the webhook know of one another. */
export interface WebhookFacts {
  /** One MutatingWebhookConfiguration, or several; null where the cluster has none. */
  readonly webhookConfiguration?: unknown;
  /** The pod's namespace's labels. */
  readonly namespaceLabels?: JsonObject | undefined;
  /** The authority of the certificate that the webhook serves with, PEM. */
  readonly webhookCaPem?: string | undefined;
  /** What the webhooks serve with. */
  readonly webhookServing?: readonly WebhookServingFact[] | undefined;
  /** For the certificate's dates; they are left out without it. */
  readonly now?: Date | undefined;
  /** Events of the cluster around the pod's creation. */
  readonly events?: readonly unknown[] | undefined;
}

interface Webhook {
  readonly configuration: string;
  readonly entry: JsonObject;
}

const ours = /pod-identity|irsa/i;

/** The webhooks that are meant for IRSA: by name or Service where a list is given; one that is given alone is meant. */
function webhooksOf(given: unknown): Webhook[] {
  const items = isJsonObject(given) ? given['items'] : given;
  const isList = Array.isArray(items);
  const configurations = isList ? (items as readonly unknown[]) : [given];
  const all = configurations.flatMap((configuration) => {
    const name = textMember(memberOf(configuration, 'metadata'), 'name') ?? '';
    return listMember(configuration, 'webhooks')
      .filter(isJsonObject)
      .map((entry) => ({ configuration: name, entry }));
  });
  const named = all.filter(({ configuration, entry }) => {
    const service = textMember(memberOf(memberOf(entry, 'clientConfig'), 'service'), 'name');
    return ours.test(`${configuration} ${String(textMember(entry, 'name'))} ${String(service)}`);
  });
  return isList || named.length > 0 ? named : all;
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
    ...(listMember(webhook.entry, 'matchConditions').length === 0
      ? []
      : [
          makeFault(
            'unknown-match-conditions',
            `${shownName(webhook)}: ${jsonText(webhook.entry['matchConditions'])}`,
          ),
        ]),
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
    memberOf(rule, 'scope') !== 'Cluster' &&
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

/** Whether the API server can reach the webhook, and trusts what it serves. */
function checkWebhookTrust(webhook: Webhook, facts: WebhookFacts): Fault[] {
  const { webhookCaPem, now } = facts;
  const name = shownName(webhook);
  const caBundle = textMember(memberOf(webhook.entry, 'clientConfig'), 'caBundle') ?? '';
  let bundle: string;
  try {
    bundle = atob(caBundle);
  } catch {
    bundle = '';
  }
  const trusted = certificatesOf(bundle);
  const serving = (facts.webhookServing ?? []).filter(
    ({ configuration }) => configuration === undefined || configuration === webhook.configuration,
  );
  const down = serving.flatMap((one) => checkReadiness(one, name));
  if (trusted.length === 0)
    return [
      ...down,
      makeFault('webhook-ca-missing', `${name}: clientConfig.caBundle has no certificate`),
    ];
  const known = webhookCaPem === undefined ? [] : certificatesOf(webhookCaPem);
  const bundled = `the bundle has ${String(trusted.length)} certificate${trusted.length === 1 ? '' : 's'}`;
  if (
    serving.some((one) => one.trusted === false) ||
    (known.length > 0 && !known.some((certificate) => trusted.includes(certificate)))
  )
    return [
      ...down,
      makeFault(
        'webhook-ca-stale',
        `${name}: ${bundled}, and none vouches for what the webhook serves`,
      ),
    ];
  return [...down, ...serving.flatMap((one) => checkCertificate(one, name, now))];
}

function checkReadiness(serving: WebhookServingFact, name: string): Fault[] {
  const { readyEndpoints, failure, host } = serving;
  if (readyEndpoints === 0)
    return [makeFault('webhook-not-ready', `${name}: ${host} has no ready endpoint`)];
  return failure === undefined
    ? []
    : [makeFault('webhook-unreachable', `${name}: ${host}: ${failure}`)];
}

const weekMs = 7 * 86_400_000;

function checkCertificate(
  { names, notBefore, notAfter, host, seenIn }: WebhookServingFact,
  name: string,
  now: Date | undefined,
): Fault[] {
  const where = `${name}: the certificate ${seenIn === 'secret' ? 'in the Secret' : `at ${host}`}`;
  const wrongName =
    names === undefined || names.some((one) => coversHost(one, host))
      ? []
      : [
          makeFault(
            'webhook-certificate-name',
            `${where} is for ${names.join(', ') || 'no name at all'}; the API server asks for ${host}`,
          ),
        ];
  if (now === undefined) return wrongName;
  if ((notAfter !== undefined && notAfter <= now) || (notBefore !== undefined && notBefore > now))
    return [
      makeFault(
        'webhook-certificate-expired',
        `${where} is valid ${timeText(notBefore)} to ${timeText(notAfter)}`,
      ),
      ...wrongName,
    ];
  return notAfter !== undefined && notAfter.getTime() - now.getTime() < weekMs
    ? [
        ...wrongName,
        makeFault('webhook-certificate-ends-soon', `${where} ends ${timeText(notAfter)}`),
      ]
    : wrongName;
}

const coversHost = (pattern: string, host: string): boolean => {
  const [one, two] = [pattern.toLowerCase(), host.toLowerCase()];
  return one === two || (one.startsWith('*.') && one.slice(1) === two.slice(two.indexOf('.')));
};

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
  const messages = events.map((event) => textMember(event, 'message') ?? '');
  const failed = messages.find(
    (message) => message.includes('failed calling webhook') && message.includes(hookName),
  );
  const conflict = messages.find(
    (message) => message.includes('mountPath: Invalid value') && message.includes('must be unique'),
  );
  return [
    ...(conflict === undefined ? [] : [makeFault('pod-mount-path-conflict', conflict)]),
    ...(failed === undefined ? [] : [makeFault('webhook-call-failed', failed)]),
    ...(entry['failurePolicy'] === 'Ignore'
      ? [makeFault('webhook-failure-policy-ignore', `${shownName(webhook)}: failurePolicy Ignore`)]
      : []),
  ];
}
