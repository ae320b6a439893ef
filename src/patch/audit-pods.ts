import type { Finding } from '../names/finding.js';
import { otherExpiration } from './other-expiration.js';
import { computePodPatch } from './compute-pod-patch.js';
import { fieldOf, isAbsent, isJsonObject, listOf, nonEmpty, textOf } from './read-json.js';
import { resolveMutationSettings } from './resolve-mutation-settings.js';
import { serviceAccountNameOf } from './service-account-name-of.js';
import type {
  Injection,
  MutationOutcome,
  MutationSettings,
  PartialMutationSettings,
  Pod,
  PodIdentityAssociations,
  RoleMappings,
  ServiceAccount,
} from './types.js';

/** What {@link auditPods} needs. */
export interface PodAudit {
  /** Pods as the API server lists them. */
  readonly pods: Iterable<Pod>;
  readonly serviceAccounts: Iterable<ServiceAccount>;
  readonly roleMappings?: RoleMappings | undefined;
  readonly podIdentityAssociations?: PodIdentityAssociations | undefined;
  /** Those of the webhook; default {@link defaultMutationSettings}. */
  readonly settings?: PartialMutationSettings | undefined;
}

/** A pod that does not carry what its ServiceAccount says now, and what to roll. */
export interface PodAuditFinding extends Finding {
  readonly id:
    | 'pod-not-mutated'
    | 'pod-partly-mutated'
    | 'pod-role-differs'
    | 'pod-role-removed'
    | 'pod-audience-differs'
    | 'pod-expiration-differs'
    | 'pod-region-differs';
  readonly pod: { readonly namespace: string; readonly name: string };
  /** Whose roll-out makes the pod anew; absent for a pod on its own. */
  readonly owner?: { readonly kind: string; readonly name: string };
}

/** One pod with what belongs to it. */
interface AuditedPod {
  readonly pod: Pod;
  readonly namespace: string;
  readonly serviceAccount: ServiceAccount | undefined;
  readonly sources: PodAudit;
  readonly settings: MutationSettings;
}

type Fault = Pick<PodAuditFinding, 'id' | 'severity' | 'title' | 'evidence'>;

const lists = ['initContainers', 'containers'] as const;

/** The controller of a pod; of a ReplicaSet that belongs to a Deployment, the Deployment. */
const ownerOf = (pod: unknown): PodAuditFinding['owner'] => {
  const metadata = fieldOf(pod, 'metadata');
  const owner = listOf(fieldOf(metadata, 'ownerReferences')).find(
    (reference) => fieldOf(reference, 'controller') === true,
  );
  const kind = textOf(owner, 'kind');
  const name = textOf(owner, 'name');
  if (kind === undefined || name === undefined) return undefined;
  const hash = textOf(fieldOf(metadata, 'labels'), 'pod-template-hash');
  return kind === 'ReplicaSet' && hash !== undefined && name.endsWith(`-${hash}`)
    ? { kind: 'Deployment', name: name.slice(0, -hash.length - 1) }
    : { kind, name };
};

/** Whether a variable in an `env` is one to look at. */
type Choice = (env: readonly unknown[], index: number) => boolean;

const nameAt = (env: readonly unknown[], index: number): unknown => fieldOf(env[index], 'name');

/**
 * Whether a role stands where both webhooks put theirs: right before the token's file. One that a container sets itself does not,
 * and no roll-out would change it.
 */
const isInjectedRole: Choice = (env, index) =>
  nameAt(env, index + 1) === 'AWS_WEB_IDENTITY_TOKEN_FILE';

const afterRegion: readonly unknown[] = [
  'AWS_ROLE_ARN',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
];

/** The same for a region: between its older name and the identity. */
const isInjectedRegion: Choice = (env, index) =>
  nameAt(env, index - 1) === 'AWS_DEFAULT_REGION' && afterRegion.includes(nameAt(env, index + 1));

/** The literal values that containers give a variable. */
const valuesOf = (pod: unknown, variable: string, isChosen: Choice = () => true): Set<string> => {
  const values = new Set<string>();
  for (const list of lists) {
    for (const container of listOf(fieldOf(fieldOf(pod, 'spec'), list))) {
      const env = listOf(fieldOf(container, 'env'));
      env.forEach((entry, index) => {
        const isMeant = fieldOf(entry, 'name') === variable && isChosen(env, index);
        const value = isMeant ? textOf(entry, 'value') : undefined;
        if (value !== undefined) values.add(value);
      });
    }
  }
  return values;
};

/** The tokens in the volumes that carry the injected volume's name, or that name with a number where it was taken. */
const tokensOf = (pod: unknown, volumeName: string): unknown[] => {
  const tokens: unknown[] = [];
  for (const volume of listOf(fieldOf(fieldOf(pod, 'spec'), 'volumes'))) {
    const name = textOf(volume, 'name') ?? '';
    if (name !== volumeName && !name.startsWith(`${volumeName}-`)) continue;
    for (const source of listOf(fieldOf(fieldOf(volume, 'projected'), 'sources'))) {
      const token = fieldOf(source, 'serviceAccountToken');
      if (isJsonObject(token)) tokens.push(token);
    }
  }
  return tokens;
};

const decide = (
  { namespace, serviceAccount, sources, settings }: AuditedPod,
  pod: Pod,
): MutationOutcome =>
  computePodPatch({
    pod,
    namespace,
    serviceAccount,
    roleMappings: sources.roleMappings,
    podIdentityAssociations: sources.podIdentityAssociations,
    settings,
  });

/** The pod as it was before any mutation, as far as that matters for what it should get. */
const bare = (pod: Pod): Pod => {
  const namesOnly = (containers: unknown): { name: string }[] =>
    listOf(containers).map((container) => ({ name: textOf(container, 'name') ?? '' }));
  const initContainers = namesOnly(pod.spec?.initContainers);
  const containers = namesOnly(pod.spec?.containers);
  return { ...pod, spec: { ...pod.spec, volumes: [], initContainers, containers } };
};

const list = (values: ReadonlySet<string>): string =>
  [...values]
    .map((value) => JSON.stringify(value))
    .join(', ')
    .slice(0, 300);

/** A value of the pod's that none of its containers has from its ServiceAccount as it is now. */
const drift = (
  found: ReadonlySet<string>,
  expected: string | undefined,
  fault: Pick<Fault, 'id' | 'title'>,
): Fault[] =>
  expected === undefined || found.size === 0 || found.has(expected)
    ? []
    : [
        {
          ...fault,
          severity: 'warning',
          evidence: `${list(found)} instead of ${JSON.stringify(expected)}`,
        },
      ];

/** Tokens of another lifetime than the ServiceAccount asks for by annotation. */
const expirationDrift = (
  { pod, serviceAccount, settings }: AuditedPod,
  tokens: readonly unknown[],
): Fault[] => {
  const found = tokens.map((token) => fieldOf(token, 'expirationSeconds'));
  const asked = otherExpiration({ pod, serviceAccount }, settings.annotationDomain, found);
  if (asked === undefined) return [];
  return [
    {
      id: 'pod-expiration-differs',
      severity: 'warning',
      title: 'The pod’s token has another lifetime than its service account asks for now.',
      evidence: `${JSON.stringify(found).slice(1, -1).slice(0, 300)} s instead of ${asked} s`,
    },
  ];
};

const faultsOfInjected = (audited: AuditedPod, expected: Injection): Fault[] => {
  const { pod } = audited;
  const outcome = decide(audited, pod);
  const isWeb = expected.method === 'web-identity';
  const tokenFiles = valuesOf(
    pod,
    isWeb ? 'AWS_WEB_IDENTITY_TOKEN_FILE' : 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE',
  );
  const who = expected.roleArn ?? 'a pod identity association';
  if (outcome.kind === 'mutated' && tokenFiles.size === 0) {
    const title = 'The pod was not mutated: its containers run without their identity.';
    return [
      {
        id: 'pod-not-mutated',
        severity: 'error',
        title,
        evidence: `its service account has ${who}`,
      },
    ];
  }
  const tokens = tokensOf(pod, expected.tokenVolumeName);
  const drifts = [
    ...drift(valuesOf(pod, 'AWS_ROLE_ARN', isInjectedRole), expected.roleArn, {
      id: 'pod-role-differs',
      title: 'The pod carries another role than its service account names now.',
    }),
    ...drift(new Set(tokens.map((token) => textOf(token, 'audience') ?? '')), expected.audience, {
      id: 'pod-audience-differs',
      title: 'The pod’s token is for another audience than its service account names now.',
    }),
    ...drift(valuesOf(pod, 'AWS_REGION', isInjectedRegion), expected.region, {
      id: 'pod-region-differs',
      title: 'The pod carries another region than is set now.',
    }),
    // Container credentials draw their lifetime.
    ...(isWeb ? expirationDrift(audited, tokens) : []),
  ];
  if (outcome.kind === 'mutated' && drifts.length === 0) {
    const missing = outcome.patch
      .map(({ path }) => path)
      .slice(0, 5)
      .join(', ');
    const title =
      'Something of the injected identity is missing, e.g. in a sidecar that came later.';
    return [
      { id: 'pod-partly-mutated', severity: 'error', title, evidence: `missing: ${missing}` },
    ];
  }
  return drifts;
};

const faultsOf = (audited: AuditedPod): Fault[] => {
  const expected = decide(audited, bare(audited.pod));
  if (expected.kind === 'mutated') return faultsOfInjected(audited, expected.injection);
  const roles = valuesOf(audited.pod, 'AWS_ROLE_ARN');
  const isRemoved =
    expected.kind === 'skipped' &&
    (expected.reason === 'no-role-arn' || expected.reason === 'no-service-account') &&
    roles.size > 0 &&
    tokensOf(audited.pod, 'aws-iam-token').length > 0;
  if (!isRemoved) return [];
  const title = 'The pod carries a role, its service account names none any more.';
  return [{ id: 'pod-role-removed', severity: 'warning', title, evidence: list(roles) }];
};

const isOver = (pod: unknown): boolean => {
  if (!isAbsent(fieldOf(fieldOf(pod, 'metadata'), 'deletionTimestamp'))) return true;
  const phase = textOf(fieldOf(pod, 'status'), 'phase');
  return phase === 'Succeeded' || phase === 'Failed';
};

const rolled: readonly string[] = ['Deployment', 'StatefulSet', 'DaemonSet'];

const fixFor = (owner: PodAuditFinding['owner']): string => {
  if (owner === undefined) return 'delete the pod and create it again';
  const who = `${owner.kind} ${owner.name}`;
  return rolled.includes(owner.kind)
    ? `roll ${who}, e.g. kubectl rollout restart`
    : `delete the pod: ${who} makes it anew`;
};

/**
 * Finds the pods that do not carry what their ServiceAccounts say now: created while no webhook answered, or before an annotation
 * or a setting changed. A pod is never changed in place, so each finding names the owner to roll.
 *
 * @throws {@link SettingsError} `ERR_SETTINGS` for settings that cannot work
 * @example
 * ```ts
 * import { auditPods } from 'irsa/patch';
 * const annotations = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/reader' };
 * const findings = auditPods({
 *   pods: [{ metadata: { name: 'a', namespace: 'team' }, spec: { serviceAccountName: 'reader', containers: [{ name: 'app' }] } }],
 *   serviceAccounts: [{ metadata: { name: 'reader', namespace: 'team', annotations } }],
 * });
 * console.log(findings[0]?.id); // pod-not-mutated
 * ```
 */
export function auditPods(audit: PodAudit): PodAuditFinding[] {
  const settings = resolveMutationSettings(audit.settings);
  const accounts = new Map<string, ServiceAccount>();
  for (const account of audit.serviceAccounts) {
    const metadata = fieldOf(account, 'metadata');
    accounts.set(
      `${textOf(metadata, 'namespace') ?? 'default'}/${textOf(metadata, 'name') ?? ''}`,
      account,
    );
  }
  const findings: PodAuditFinding[] = [];
  for (const pod of audit.pods) {
    if (!isJsonObject(fieldOf(pod, 'spec')) || isOver(pod)) continue;
    const metadata = fieldOf(pod, 'metadata');
    const namespace = nonEmpty(textOf(metadata, 'namespace')) ?? 'default';
    const name = textOf(metadata, 'name') ?? '';
    const serviceAccount = accounts.get(`${namespace}/${serviceAccountNameOf(pod, settings)}`);
    const owner = ownerOf(pod);
    const fix = fixFor(owner);
    for (const fault of faultsOf({ pod, namespace, serviceAccount, sources: audit, settings })) {
      findings.push({ ...fault, fix, pod: { namespace, name }, ...(owner && { owner }) });
    }
  }
  return findings;
}
