import { computePodPatch } from '../patch/compute-pod-patch.js';
import { findNearMiss } from '../patch/standard/find-near-miss.js';
import { resolveMutationSettings } from '../patch/resolve-mutation-settings.js';
import type {
  Injection,
  MutationOutcome,
  PartialMutationSettings,
  Pod,
  RoleMappings,
  ServiceAccount,
} from '../patch/types.js';
import { checkContainers } from './check-containers.js';
import { checkWebhook, checkWebhookTrustOf, type WebhookServingFact } from './check-webhook.js';
import type { FindingId } from './finding-catalogue.js';
import { concludeDiagnosis, makeFault } from './make-finding.js';
import { isJsonObject, listMember, memberOf, textMember } from './read-json.js';
import { readPod, timeText, type PodFacts } from './read-pod.js';
import type { Diagnosis, Fault } from './types.js';

/** What {@link explainPod} looks at; what is left out is named as not looked at where it matters. */
export interface ExplainPodOptions {
  /** The Pod as the API server returns it. */
  readonly pod: unknown;
  /** Its ServiceAccount; null where it does not exist. */
  readonly serviceAccount?: unknown;
  /** The MutatingWebhookConfiguration, or a list of them; null where there is none. */
  readonly webhookConfiguration?: unknown;
  /** The webhook's settings; default `defaultMutationSettings`. */
  readonly settings?: PartialMutationSettings;
  readonly roleMappings?: RoleMappings;
  /** The labels of the pod's namespace. */
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  /** The authority of the webhook's serving certificate, PEM. */
  readonly webhookCaPem?: string;
  /** What the webhooks serve with, as the API server would see it. */
  readonly webhookServing?: readonly WebhookServingFact[];
  /** For the dates of the webhook's certificate; they are left out without it. */
  readonly now?: Date;
  /** Events around the pod's creation. */
  readonly events?: readonly unknown[];
}

/**
 * Says why a pod has its AWS identity or has it not: opt-outs, annotations, the webhook's rules, selectors and trust, the pod's age;
 * and whether role, audience, lifetime and mounts are still what its ServiceAccount asks for.
 *
 * @example
 * ```ts
 * import { explainPod } from 'irsa/diagnose';
 * const { findings } = explainPod({
 *   pod: { spec: { serviceAccountName: 's3-echoer', containers: [{ name: 'app' }] } },
 *   serviceAccount: { metadata: { annotations: { 'eks.amazon.com/role-arn': 'arn:aws:iam::111122223333:role/a' } } },
 * });
 * console.log(findings[0]?.id); // service-account-annotation-misspelled
 * ```
 * @see {@link https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/ | Kubernetes: dynamic admission control}
 */
export function explainPod(options: ExplainPodOptions): Diagnosis {
  const pod = readPod(options.pod);
  if (pod === undefined)
    return concludeDiagnosis([makeFault('pod-unreadable', typeof options.pod)]);
  const identity = expectedIdentity(options, pod);
  const injected = pod.containers.some(({ hasRole, hasTokenFile }) => hasRole || hasTokenFile);
  if (injected) {
    const expected = 'method' in identity ? identity : undefined;
    // Not looked at; or gone, and then the kubelet gets no further token for the pod.
    const unseen = 'method' in identity || isJsonObject(options.serviceAccount) ? [] : [identity];
    return concludeDiagnosis([
      ...checkContainers(pod, expected, {
        skipped: skipsOf(options, pod),
        pod: options.pod,
        serviceAccount: options.serviceAccount,
        annotationDomain: resolveMutationSettings(options.settings).annotationDomain,
      }),
      ...checkWebhookTrustOf(options),
      ...unseen,
      ...checkRemoval(options, pod, identity),
    ]);
  }
  const faults = 'method' in identity ? notMutated(options, pod, identity) : [identity];
  return concludeDiagnosis([
    ...faults,
    ...(pod.hostNetwork
      ? [makeFault('pod-host-network', `pod ${pod.namespace}/${pod.name}: hostNetwork true`)]
      : []),
  ]);
}

const namesNoRole: readonly string[] = [
  'service-account-not-annotated',
  'pod-default-service-account',
] satisfies FindingId[];

/** Whether a pod with the webhook's token has a role that its ServiceAccount has given up. */
function checkRemoval(
  { roleMappings }: ExplainPodOptions,
  pod: PodFacts,
  identity: Injection | Fault,
): Fault[] {
  if ('method' in identity || !namesNoRole.includes(identity.finding.id)) return [];
  // A pod may bring a role and a token of its own; only the webhook's volume has this name.
  const roles = pod.containers.flatMap(({ roleArn, source, volume }) =>
    roleArn === undefined || source === undefined || textMember(volume, 'name') !== 'aws-iam-token'
      ? []
      : [roleArn],
  );
  if (roles.length === 0) return [];
  const mappings =
    roleMappings === undefined ? 'role mappings were not looked at' : 'no role mapping does';
  return [
    makeFault(
      'pod-role-removed',
      `pod ${pod.namespace}/${pod.name} has ${[...new Set(roles)].join(', ')}; ServiceAccount ${pod.serviceAccountName} names none, ${mappings}`,
    ),
  ];
}

const mutate = (options: ExplainPodOptions, pod: PodFacts, object: unknown): MutationOutcome =>
  computePodPatch({
    // The function reads unknown objects field by field; its parameter's type only helps callers.
    pod: object as Pod,
    namespace: pod.namespace,
    serviceAccount: options.serviceAccount as ServiceAccount | null | undefined,
    roleMappings: options.roleMappings,
    settings: options.settings,
  });

/** The identity that a new pod of this ServiceAccount gets, or why it gets none. */
function expectedIdentity(options: ExplainPodOptions, pod: PodFacts): Injection | Fault {
  const { serviceAccount } = options;
  const account = `${pod.namespace}/${pod.serviceAccountName}`;
  const probe = {
    spec: { serviceAccountName: pod.serviceAccountName, containers: [{ name: 'probe' }] },
  };
  const outcome = mutate(options, pod, probe);
  if (outcome.kind === 'mutated') {
    const home = textMember(memberOf(serviceAccount, 'metadata'), 'namespace');
    return home === undefined || home === pod.namespace
      ? outcome.injection
      : makeFault(
          'pod-namespace-differs',
          `the pod is in ${pod.namespace}, the ServiceAccount in ${home}`,
        );
  }
  if (serviceAccount === undefined) return makeFault('unknown-service-account', account);
  if (serviceAccount === null)
    return makeFault('service-account-missing', `ServiceAccount ${account}`);
  const { annotationDomain } = resolveMutationSettings(options.settings);
  const annotations = memberOf(memberOf(serviceAccount, 'metadata'), 'annotations');
  if (outcome.kind === 'rejected' || outcome.reason === 'invalid-role-arn') {
    return makeFault(
      'service-account-role-arn-invalid',
      `${account}: ${JSON.stringify(textMember(annotations, `${annotationDomain}/role-arn`))}`,
    );
  }
  const near = findNearMiss(annotations, annotationDomain);
  if (near !== undefined)
    return makeFault(
      'service-account-annotation-misspelled',
      `${account} has ${near}, not ${annotationDomain}/role-arn`,
    );
  const key = `${annotationDomain}/role-arn`;
  const podAnnotations = memberOf(memberOf(options.pod, 'metadata'), 'annotations');
  const misplaced =
    memberOf(podAnnotations, key) === undefined ? '' : '; its pod has it, where nobody reads it';
  return pod.serviceAccountName === 'default'
    ? makeFault(
        'pod-default-service-account',
        `pod ${pod.namespace}/${pod.name} runs as ${account}${misplaced}`,
      )
    : makeFault('service-account-not-annotated', `${account} has no ${key}${misplaced}`);
}

/** Why a pod whose ServiceAccount names a role has nothing of it. */
function notMutated(options: ExplainPodOptions, pod: PodFacts, identity: Injection): Fault[] {
  const outcome = mutate(options, pod, options.pod);
  const name = `pod ${pod.namespace}/${pod.name}`;
  if (outcome.kind === 'skipped') {
    switch (outcome.reason) {
      case 'mirror-pod':
        return [makeFault('pod-mirror', name)];
      case 'opted-out':
        return [
          makeFault(
            'pod-opted-out',
            `${name} has ${Object.keys(pod.labels)
              .filter((key) => key.includes('skip-pod-identity'))
              .join(', ')}`,
          ),
        ];
      case 'no-container-selected':
        return [
          makeFault(
            'pod-no-container-selected',
            `${name}: ${outcome.warnings.join('; ') || 'no container is left'}`,
          ),
        ];
      case 'not-a-pod':
        return [makeFault('pod-unreadable', outcome.warnings.join('; '))];
      default:
        return [makeFault('pod-not-mutated', `${name}: ${outcome.reason}`)];
    }
  }
  const faults = [...checkAge(options, pod), ...checkWebhook(options, pod)];
  const explained = faults.some(({ finding }) => finding.severity === 'error');
  return explained
    ? faults
    : [
        makeFault(
          'pod-not-mutated',
          `${name} should have ${String(identity.roleArn)} and has neither AWS_ROLE_ARN nor a token volume`,
        ),
        ...faults,
      ];
}

/** Whether the role was annotated after the pod was made; the ServiceAccount's managed fields know when. */
function checkAge({ serviceAccount }: ExplainPodOptions, pod: PodFacts): Fault[] {
  const metadata = memberOf(serviceAccount, 'metadata');
  const times = listMember(metadata, 'managedFields')
    .filter((one) => {
      const owned = memberOf(memberOf(memberOf(one, 'fieldsV1'), 'f:metadata'), 'f:annotations');
      return isJsonObject(owned) && Object.keys(owned).some((key) => key.endsWith('/role-arn'));
    })
    .map((one) => Date.parse(timeText(memberOf(one, 'time'))));
  const annotatedAt = Math.max(
    ...times,
    Date.parse(timeText(memberOf(metadata, 'creationTimestamp'))) || 0,
  );
  if (pod.createdAt === undefined || !(annotatedAt > pod.createdAt.getTime())) return [];
  return [
    makeFault(
      'pod-predates-annotation',
      `the pod is of ${pod.createdAt.toISOString()}, the annotation of ${new Date(annotatedAt).toISOString()}`,
    ),
  ];
}

/** Names of containers that an annotation takes out. */
function skipsOf(options: ExplainPodOptions, pod: PodFacts): ReadonlySet<string> {
  const bare = pod.containers.map(({ name }) => ({ name }));
  const metadata = memberOf(options.pod, 'metadata');
  const outcome = mutate(options, pod, {
    metadata,
    spec: { serviceAccountName: pod.serviceAccountName, containers: bare },
  });
  if (outcome.kind !== 'mutated') return new Set();
  const touched = outcome.patch.map(({ path }) => /^\/spec\/containers\/(\d+)\//.exec(path)?.[1]);
  return new Set(
    bare.filter((_, index) => !touched.includes(String(index))).map(({ name }) => name),
  );
}
