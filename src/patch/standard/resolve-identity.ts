import { parseBool } from '../go/parse-bool.js';
import { parseInt64 } from '../go/parse-int64.js';
import { annotationKeysOf, type AnnotationName } from '../annotation-keys.js';
import { shown } from '../limit-warnings.js';
import { fieldOf, isJsonObject, nonEmpty, textOf } from '../read-json.js';
import { clampTokenExpiration, jitterTokenExpiration } from '../token-expiration.js';
import { findNearMiss } from './find-near-miss.js';
import type {
  Injection,
  MutationOutcome,
  MutationSettings,
  PodIdentityAssociations,
  RoleMapping,
  RoleMappings,
} from '../types.js';

/** Everything that says who a pod is. */
export interface IdentitySources {
  readonly pod: unknown;
  readonly namespace: string;
  readonly serviceAccountName: string;
  readonly serviceAccount: unknown;
  readonly roleMappings: RoleMappings | undefined;
  readonly podIdentityAssociations: PodIdentityAssociations | undefined;
  readonly settings: MutationSettings;
  /** 0 to below 1. */
  readonly jitter: number;
  /** Messages for the people who made the pod. */
  readonly warnings: string[];
}

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

const annotationsOf = (object: unknown): unknown =>
  fieldOf(fieldOf(object, 'metadata'), 'annotations');

/** The annotations of pod and ServiceAccount, by short name. */
class Annotations {
  readonly #pod: unknown;
  readonly #account: unknown;
  readonly #keys: Readonly<Record<AnnotationName, string>>;

  constructor(sources: IdentitySources) {
    this.#pod = annotationsOf(sources.pod);
    this.#account = annotationsOf(sources.serviceAccount);
    this.#keys = annotationKeysOf(sources.settings);
  }

  ofAccount(name: AnnotationName): string | undefined {
    return textOf(this.#account, this.#keys[name])?.trim();
  }

  ofPod(name: AnnotationName): string | undefined {
    return textOf(this.#pod, this.#keys[name])?.trim();
  }
}

const completeRoleArn = (value: string, settings: MutationSettings): string => {
  const { composeRoleArn: compose } = settings;
  if (compose === undefined || value.startsWith('arn:')) return value;
  return `arn:${compose.partition}:iam::${compose.accountId}:role/${value.replace(/^\/+/, '')}`;
};

/** The seconds that an annotation asks for; undefined, with a warning, where it is no whole number. */
const secondsIn = (
  text: string | undefined,
  where: string,
  warnings: string[],
): number | undefined => {
  const value = text === undefined ? undefined : parseInt64(text);
  if (value === undefined && text !== undefined) {
    warnings.push(`token-expiration ${shown(text)} of the ${where} is no whole number: ignored`);
  }
  return value;
};

const expirationOf = (
  annotations: Annotations,
  mapping: RoleMapping | undefined,
  { settings, warnings }: IdentitySources,
): number => {
  const wanted =
    secondsIn(annotations.ofPod('token-expiration'), 'pod', warnings) ??
    secondsIn(annotations.ofAccount('token-expiration'), 'service account', warnings) ??
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

const audienceOf = (
  annotations: Annotations,
  mapping: RoleMapping | undefined,
  { settings, warnings }: IdentitySources,
): string => {
  const annotated = annotations.ofAccount('audience');
  if (annotated === '') {
    warnings.push('the audience annotation is empty: STS would refuse such a token; default used');
  }
  return nonEmpty(annotated) ?? nonEmpty(mapping?.audience) ?? settings.audience;
};

const regionalStsOf = (
  annotations: Annotations,
  mapping: RoleMapping | undefined,
  { settings, warnings }: IdentitySources,
): boolean => {
  const fallback = mapping?.regionalSts ?? settings.regionalSts;
  const text = annotations.ofAccount('sts-regional-endpoints');
  if (text === undefined) return fallback;
  const value = parseBool(text.toLowerCase());
  if (value === undefined) {
    warnings.push(`sts-regional-endpoints ${shown(text)} is neither true nor false: ignored`);
  }
  return value ?? fallback;
};

const regionOf = (
  annotations: Annotations,
  { settings, warnings }: IdentitySources,
): { readonly value: string | undefined; readonly isAnnotated: boolean } => {
  const annotated = annotations.ofPod('region') ?? annotations.ofAccount('region');
  if (annotated !== undefined) {
    if (/^[a-z0-9-]{1,64}$/.test(annotated)) return { value: annotated, isAnnotated: true };
    warnings.push(`region ${shown(annotated)} is no AWS region: ignored`);
  }
  return { value: settings.region, isAnnotated: false };
};

const sessionNameOf = (
  annotations: Annotations,
  { namespace, serviceAccountName, settings }: IdentitySources,
): string | undefined => {
  const asked =
    annotations.ofPod('role-session-name') ?? annotations.ofAccount('role-session-name');
  const wish = asked === undefined ? settings.roleSessionName : (parseBool(asked) ?? asked);
  if (wish === false || wish === '') return undefined;
  const name = wish === true ? `${namespace}.${serviceAccountName}` : wish;
  // STS takes 2 to 64 of these characters.
  return name
    .replace(/[^\w+=,.@-]/g, '-')
    .slice(0, 64)
    .padEnd(2, '-');
};

const skipped = (
  reason: 'no-service-account' | 'no-role-arn' | 'invalid-role-arn',
  warnings: readonly string[],
): MutationOutcome => ({ kind: 'skipped', reason, warnings });

/**
 * Settles who a pod is: a pod-identity association before the ServiceAccount's role annotation before the role mappings;
 * every other value pod annotation, ServiceAccount annotation, mapping, settings.
 */
export function resolveIdentity(sources: IdentitySources): Identity | MutationOutcome {
  const { namespace, serviceAccountName, serviceAccount, settings, warnings } = sources;
  const annotations = new Annotations(sources);
  const roleAnnotation = annotations.ofAccount('role-arn');
  const annotatedRole = nonEmpty(roleAnnotation);
  const mapping = sources.roleMappings?.find(namespace, serviceAccountName);

  if (sources.podIdentityAssociations?.has(namespace, serviceAccountName) === true) {
    if (annotatedRole !== undefined || mapping !== undefined) {
      warnings.push(
        `${shown(serviceAccountName)} has a role and a pod identity association: the association is used`,
      );
    }
    const region = regionOf(annotations, sources);
    return {
      method: 'container-credentials',
      source: 'pod-identity-association',
      roleArn: undefined,
      audience: settings.containerCredentials.audience,
      tokenExpirationSeconds: jitterTokenExpiration(
        expirationOf(annotations, mapping, sources),
        sources.jitter,
      ),
      regionalSts: regionalStsOf(annotations, mapping, sources),
      region: region.value,
      regionIsAnnotated: region.isAnnotated,
      roleSessionName: undefined,
    };
  }

  const wantedRole = annotatedRole ?? mapping?.roleArn.trim();
  if (wantedRole === undefined) {
    if (!isJsonObject(serviceAccount)) return skipped('no-service-account', warnings);
    if (roleAnnotation === '') warnings.push('the role-arn annotation is empty: pod not mutated');
    const near = findNearMiss(annotationsOf(serviceAccount), settings.annotationDomain);
    if (near !== undefined) {
      warnings.push(
        `annotation ${shown(near)} is not read: did you mean ${settings.annotationDomain}/role-arn?`,
      );
    }
    return skipped('no-role-arn', warnings);
  }

  const roleArn = completeRoleArn(wantedRole, settings);
  if (!roleArnPattern.test(roleArn)) {
    const message = `role ARN ${shown(roleArn, 46)} is not arn:PARTITION:iam::ACCOUNT:role/NAME`;
    if (settings.invalidIdentity === 'reject') {
      return { kind: 'rejected', code: 'ERR_ARN', message };
    }
    warnings.push(`${message}: pod not mutated`);
    return skipped('invalid-role-arn', warnings);
  }
  const region = regionOf(annotations, sources);
  return {
    method: 'web-identity',
    source: annotatedRole !== undefined ? 'service-account' : 'role-mapping',
    roleArn,
    audience: audienceOf(annotations, mapping, sources),
    tokenExpirationSeconds: expirationOf(annotations, mapping, sources),
    regionalSts: regionalStsOf(annotations, mapping, sources),
    region: region.value,
    regionIsAnnotated: region.isAnnotated,
    roleSessionName: sessionNameOf(annotations, sources),
  };
}
