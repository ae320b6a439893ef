import type { AnnotationName, DerivedSettings, TokenPlace } from '../derive-settings.js';
import { parseBool } from '../go/parse-bool.js';
import { parseInt64 } from '../go/parse-int64.js';
import { fieldOf, isAbsent, isJsonObject, objectOf, textOf } from '../read-json.js';
import type { Draft } from '../draft.js';
import type { ResolvedMutation } from '../resolved-mutation.js';
import {
  defaultTokenExpiration,
  jitterTokenExpiration,
  raiseTokenExpiration,
} from '../token-expiration.js';
import type { Injection, MutationSettings, RoleMapping } from '../types.js';
import { isDecodableServiceAccount } from './decode-eks-pod.js';

/** What the Go webhook's cache holds of a ServiceAccount or of a ConfigMap entry. */
interface CacheEntry {
  readonly roleArn: string;
  readonly audience: string;
  readonly regionalSts: boolean;
  readonly tokenExpirationSeconds: number;
}

/** An annotation; one that is null is there and empty, as Go decodes it. */
const annotationOf = (
  object: unknown,
  name: AnnotationName,
  { annotationKeys }: DerivedSettings,
): string | undefined => {
  const annotations = objectOf(objectOf(object)['metadata'])['annotations'];
  const key = annotationKeys[name];
  if (!isJsonObject(annotations) || !Object.hasOwn(annotations, key)) return undefined;
  const value = annotations[key];
  return typeof value === 'string' ? value : '';
};

const roleOf = ({ serviceAccount, settings, derived }: ResolvedMutation): string => {
  const annotated = annotationOf(serviceAccount, 'role-arn', derived);
  if (annotated === undefined) return '';
  const { composeRoleArn: compose } = settings;
  if (compose === undefined || annotated.includes('arn:')) return annotated;
  return `arn:${compose.partition}:iam::${compose.accountId}:role/${annotated}`;
};

/** Whether a ServiceAccount is the one that the pod names; what it does not say about itself is believed. */
const isNamed = (serviceAccount: unknown, namespace: string, name: string): boolean => {
  const metadata = fieldOf(serviceAccount, 'metadata');
  return (
    (textOf(metadata, 'name') ?? name) === name &&
    (textOf(metadata, 'namespace') ?? namespace) === namespace
  );
};

const entryOfAccount = (mutation: ResolvedMutation): CacheEntry => {
  const { serviceAccount, settings, derived } = mutation;
  const expiration = annotationOf(serviceAccount, 'token-expiration', derived);
  const seconds = expiration === undefined ? undefined : parseInt64(expiration);
  const regional = annotationOf(serviceAccount, 'sts-regional-endpoints', derived);
  return {
    roleArn: roleOf(mutation),
    audience: annotationOf(serviceAccount, 'audience', derived) ?? settings.audience,
    regionalSts: (regional === undefined ? undefined : parseBool(regional)) ?? settings.regionalSts,
    tokenExpirationSeconds: raiseTokenExpiration(seconds ?? settings.tokenExpirationSeconds),
  };
};

const entryOfMapping = (mapping: RoleMapping, settings: MutationSettings): CacheEntry => ({
  roleArn: mapping.roleArn,
  audience: mapping.audience ?? '',
  regionalSts: mapping.regionalSts ?? false,
  tokenExpirationSeconds:
    mapping.tokenExpirationSeconds ?? raiseTokenExpiration(settings.tokenExpirationSeconds),
});

const podExpiration = ({ pod, derived }: ResolvedMutation): number | undefined => {
  const annotated = annotationOf(pod, 'token-expiration', derived);
  const seconds = annotated === undefined ? undefined : parseInt64(annotated);
  return seconds === undefined ? undefined : raiseTokenExpiration(seconds);
};

/** Whether the pod's node selector names Windows, under either key. */
const isWindows = (pod: unknown): boolean => {
  const selector = objectOf(objectOf(objectOf(pod)['spec'])['nodeSelector']);
  return (
    selector['kubernetes.io/os'] === 'windows' || selector['beta.kubernetes.io/os'] === 'windows'
  );
};

/** What both methods have in common. */
const injectionAt = (
  { pod, settings: { region } }: ResolvedMutation,
  place: TokenPlace,
  decided: Pick<
    Injection,
    'method' | 'source' | 'audience' | 'tokenExpirationSeconds' | 'regionalSts'
  >,
): Draft<Injection> => {
  const injection: Draft<Injection> = {
    method: decided.method,
    source: decided.source,
    audience: decided.audience,
    tokenExpirationSeconds: decided.tokenExpirationSeconds,
    regionalSts: decided.regionalSts,
    tokenVolumeName: place.volumeName,
    tokenMountPath: place.mountPath,
    tokenFile: isWindows(pod) ? place.windowsTokenFile : place.tokenFile,
  };
  if (region !== undefined) injection.region = region;
  return injection;
};

const injectionOfAssociation = (
  mutation: ResolvedMutation,
  entry: CacheEntry | undefined,
): Injection => {
  // Without an entry the Go webhook falls back to constants here, not to its flags.
  const seconds =
    podExpiration(mutation) ?? entry?.tokenExpirationSeconds ?? defaultTokenExpiration;
  return injectionAt(mutation, mutation.derived.containerCredentials, {
    method: 'container-credentials',
    source: 'pod-identity-association',
    audience: mutation.settings.containerCredentials.audience,
    tokenExpirationSeconds: jitterTokenExpiration(seconds, mutation.jitter),
    regionalSts: entry?.regionalSts ?? false,
  });
};

const injectionOfRole = (
  mutation: ResolvedMutation,
  entry: CacheEntry,
  source: Injection['source'],
): Injection => {
  const injection = injectionAt(mutation, mutation.derived.webIdentity, {
    method: 'web-identity',
    source,
    audience: entry.audience,
    tokenExpirationSeconds: podExpiration(mutation) ?? entry.tokenExpirationSeconds,
    regionalSts: entry.regionalSts,
  });
  injection.roleArn = entry.roleArn;
  return injection;
};

/**
 * What the Go webhook would inject: container credentials first, then the ServiceAccount's role, then the ConfigMap's entry for
 * `NAMESPACE/NAME` or `*` + `/NAME`, taken wholly from the one that is found.
 */
export function resolveEksInjection(
  mutation: ResolvedMutation,
): Injection | 'no-service-account' | 'no-role-arn' {
  const { namespace, serviceAccountName: name, settings, roleMappings } = mutation;
  const isCached =
    !isAbsent(mutation.serviceAccount) &&
    isDecodableServiceAccount(mutation.serviceAccount) &&
    isNamed(mutation.serviceAccount, namespace, name);
  const account = isCached ? entryOfAccount(mutation) : undefined;
  const exact = roleMappings?.findExact(namespace, name);

  if (mutation.podIdentityAssociations?.has(namespace, name) === true) {
    const mapped = exact === undefined ? undefined : entryOfMapping(exact, settings);
    return injectionOfAssociation(mutation, account ?? mapped);
  }
  if (account !== undefined && account.roleArn !== '') {
    return injectionOfRole(mutation, account, 'service-account');
  }
  const mapping = exact ?? roleMappings?.findExact('*', name);
  if (mapping !== undefined && mapping.roleArn !== '') {
    return injectionOfRole(mutation, entryOfMapping(mapping, settings), 'role-mapping');
  }
  return account === undefined && mapping === undefined ? 'no-service-account' : 'no-role-arn';
}
