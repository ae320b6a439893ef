import { parseBool } from '../go/parse-bool.js';
import { parseInt64 } from '../go/parse-int64.js';
import { shown } from '../limit-warnings.js';
import { isJsonObject, nonEmpty } from '../read-json.js';
import type { ResolvedMutation } from '../resolved-mutation.js';
import { clampTokenExpiration, jitterTokenExpiration } from '../token-expiration.js';
import type {
  Injection,
  MutationOutcome,
  MutationSettings,
  RejectionCode,
  RoleMapping,
} from '../types.js';
import { findNearMiss } from './find-near-miss.js';

/** Who a pod is, and what its annotations ask for. */
export interface Identity {
  readonly method: Injection['method'];
  readonly source: Injection['source'];
  readonly roleArn: string | undefined;
  readonly audience: string;
  readonly tokenExpirationSeconds: number;
  readonly regionalSts: boolean;
  readonly region: string | undefined;
  /** Whether an annotation names the region, not the settings. */
  readonly regionIsAnnotated: boolean;
  readonly roleSessionName: string | undefined;
}

const roleArnPattern = /^arn:aws[a-z0-9-]*:iam::\d{12}:role\/[\w\-/.@+=,]+$/;

/** An annotation's text. Each is read at a place of its own, `annotations[keys.region]`, whose shapes the engine learns by themselves. */
const trimmed = (value: unknown): string | undefined =>
  typeof value === 'string' ? value.trim() : undefined;

const completeRoleArn = (value: string, settings: MutationSettings): string => {
  const { composeRoleArn: compose } = settings;
  if (compose === undefined || value.startsWith('arn:')) return value;
  return `arn:${compose.partition}:iam::${compose.accountId}:role/${value.replace(/^\/+/, '')}`;
};

/** Notes a value that cannot be, and what becomes of it where the pod is not refused. */
const doubt = (
  { faults, warnings }: ResolvedMutation,
  code: RejectionCode,
  [message, otherwise]: readonly [message: string, otherwise: string],
): void => {
  faults.push({ code, message });
  warnings.push(`${message}${otherwise}`);
};

/** The seconds that an annotation asks for; undefined where it is no whole number. */
const secondsIn = (
  mutation: ResolvedMutation,
  text: string | undefined,
  where: string,
): number | undefined => {
  const value = text === undefined ? undefined : parseInt64(text);
  if (value === undefined && text !== undefined) {
    const message = `token-expiration ${shown(text)} of the ${where} is no whole number`;
    doubt(mutation, 'ERR_SETTINGS', [message, ': ignored']);
  }
  return value;
};

const expirationOf = (mutation: ResolvedMutation, mapping: RoleMapping | undefined): number => {
  const { podAnnotations, accountAnnotations, derived, settings, warnings } = mutation;
  const key = derived.annotationKeys['token-expiration'];
  const wanted =
    secondsIn(mutation, trimmed(podAnnotations[key]), 'pod') ??
    secondsIn(mutation, trimmed(accountAnnotations[key]), 'service account') ??
    mapping?.tokenExpirationSeconds ??
    settings.tokenExpirationSeconds;
  const clamped = clampTokenExpiration(wanted);
  if (clamped !== wanted) {
    warnings.push(
      `token expiration ${wanted} s is out of bounds (600 to 86400): ${clamped} s used`,
    );
  }
  return clamped;
};

const audienceOf = (mutation: ResolvedMutation, mapping: RoleMapping | undefined): string => {
  const { accountAnnotations, derived } = mutation;
  const annotated = trimmed(accountAnnotations[derived.annotationKeys.audience]);
  if (annotated === '') {
    const message = 'the audience annotation is empty: STS would refuse such a token';
    doubt(mutation, 'ERR_SETTINGS', [message, '; default used']);
  }
  return nonEmpty(annotated) ?? nonEmpty(mapping?.audience) ?? mutation.settings.audience;
};

const regionalStsOf = (mutation: ResolvedMutation, mapping: RoleMapping | undefined): boolean => {
  const { accountAnnotations, derived, settings } = mutation;
  const fallback = mapping?.regionalSts ?? settings.regionalSts;
  const text = trimmed(accountAnnotations[derived.annotationKeys['sts-regional-endpoints']]);
  if (text === undefined) return fallback;
  const value = parseBool(text.toLowerCase());
  if (value === undefined) {
    const message = `sts-regional-endpoints ${shown(text)} is neither true nor false`;
    doubt(mutation, 'ERR_SETTINGS', [message, ': ignored']);
  }
  return value ?? fallback;
};

const regionOf = (
  mutation: ResolvedMutation,
): { readonly value: string | undefined; readonly isAnnotated: boolean } => {
  const { podAnnotations, accountAnnotations, derived } = mutation;
  const key = derived.annotationKeys.region;
  for (const annotated of [trimmed(podAnnotations[key]), trimmed(accountAnnotations[key])]) {
    if (annotated === undefined) continue;
    if (/^[a-z0-9-]{1,64}$/.test(annotated)) return { value: annotated, isAnnotated: true };
    doubt(mutation, 'ERR_SETTINGS', [`region ${shown(annotated)} is no AWS region`, ': ignored']);
  }
  return { value: mutation.settings.region, isAnnotated: false };
};

const sessionNameOf = (mutation: ResolvedMutation): string | undefined => {
  const { podAnnotations, accountAnnotations, derived } = mutation;
  const key = derived.annotationKeys['role-session-name'];
  const asked = trimmed(podAnnotations[key]) ?? trimmed(accountAnnotations[key]);
  const wish =
    asked === undefined ? mutation.settings.roleSessionName : (parseBool(asked) ?? asked);
  if (wish === false || wish === '') return undefined;
  const name = wish === true ? `${mutation.namespace}.${mutation.serviceAccountName}` : wish;
  const fitting = name
    .replace(/[^\w+=,.@-]/g, '-')
    .slice(0, 64)
    .padEnd(2, '-');
  if (wish !== true && fitting !== name) {
    const message = `role-session-name ${shown(name)} is not 2 to 64 of A-Z a-z 0-9 _+=,.@-`;
    doubt(mutation, 'ERR_SETTINGS', [message, ': made to fit']);
  }
  return fitting;
};

const skipped = (
  reason: 'no-service-account' | 'no-role-arn' | 'invalid-role-arn',
  warnings: readonly string[],
): MutationOutcome => ({ kind: 'skipped', reason, warnings });

const settle = (mutation: ResolvedMutation): Identity | MutationOutcome => {
  const { namespace, serviceAccountName, serviceAccount, settings, warnings } = mutation;
  const { podAnnotations, accountAnnotations, derived } = mutation;
  const key = derived.annotationKeys['role-arn'];
  const roleAnnotation = trimmed(accountAnnotations[key]);
  const annotatedRole = nonEmpty(roleAnnotation);
  const mapping = mutation.roleMappings?.find(namespace, serviceAccountName);

  if (mutation.podIdentityAssociations?.has(namespace, serviceAccountName) === true) {
    if (annotatedRole !== undefined || mapping !== undefined) {
      warnings.push(
        `${shown(serviceAccountName)} has a role and a pod identity association: the association is used`,
      );
    }
    const region = regionOf(mutation);
    return {
      method: 'container-credentials',
      source: 'pod-identity-association',
      roleArn: undefined,
      audience: settings.containerCredentials.audience,
      tokenExpirationSeconds: jitterTokenExpiration(
        expirationOf(mutation, mapping),
        mutation.jitter,
      ),
      regionalSts: regionalStsOf(mutation, mapping),
      region: region.value,
      regionIsAnnotated: region.isAnnotated,
      roleSessionName: undefined,
    };
  }

  const wantedRole = annotatedRole ?? mapping?.roleArn.trim();
  if (wantedRole === undefined) {
    if (podAnnotations[key] !== undefined) {
      const message = `annotation ${key} of the pod is not read: annotate its ServiceAccount`;
      doubt(mutation, 'ERR_ARN', [message, '']);
    }
    if (!isJsonObject(serviceAccount)) return skipped('no-service-account', warnings);
    if (roleAnnotation === '') warnings.push('the role-arn annotation is empty: pod not mutated');
    const near = findNearMiss(accountAnnotations, settings.annotationDomain);
    if (near !== undefined) {
      const message = `annotation ${shown(near)} is not read: did you mean ${settings.annotationDomain}/role-arn?`;
      doubt(mutation, 'ERR_ARN', [message, '']);
    }
    return skipped('no-role-arn', warnings);
  }

  const roleArn = completeRoleArn(wantedRole, settings);
  if (!roleArnPattern.test(roleArn)) {
    const message = `role ARN ${shown(roleArn, 46)} is not arn:PARTITION:iam::ACCOUNT:role/NAME`;
    doubt(mutation, 'ERR_ARN', [message, ': pod not mutated']);
    return skipped('invalid-role-arn', warnings);
  }
  const region = regionOf(mutation);
  return {
    method: 'web-identity',
    source: annotatedRole !== undefined ? 'service-account' : 'role-mapping',
    roleArn,
    audience: audienceOf(mutation, mapping),
    tokenExpirationSeconds: expirationOf(mutation, mapping),
    regionalSts: regionalStsOf(mutation, mapping),
    region: region.value,
    regionIsAnnotated: region.isAnnotated,
    roleSessionName: sessionNameOf(mutation),
  };
};

/**
 * Settles who a pod is: a pod-identity association before the ServiceAccount's role annotation before the role mappings;
 * every other value pod annotation, ServiceAccount annotation, mapping, settings.
 */
export function resolveIdentity(mutation: ResolvedMutation): Identity | MutationOutcome {
  const identity = settle(mutation);
  const [fault] = mutation.faults;
  return fault !== undefined && mutation.settings.invalidIdentity === 'reject'
    ? { kind: 'rejected', code: fault.code, message: fault.message }
    : identity;
}
