import { joinPath } from '../go/join-path.js';
import { parseBool } from '../go/parse-bool.js';
import { parseInt64 } from '../go/parse-int64.js';
import { fieldOf, isAbsent, isJsonObject, textOf } from '../read-json.js';
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

/** An injection, and the token's path inside the volume. */
export interface EksInjection {
  readonly injection: Injection;
  readonly tokenPath: string;
}

/** An annotation; one that is null is there and empty, as Go decodes it. */
const annotationOf = (object: unknown, domain: string, name: string): string | undefined => {
  const annotations = fieldOf(fieldOf(object, 'metadata'), 'annotations');
  const key = `${domain}/${name}`;
  if (!isJsonObject(annotations) || !Object.hasOwn(annotations, key)) return undefined;
  return textOf(annotations, key) ?? '';
};

const roleOf = (serviceAccount: unknown, settings: MutationSettings): string => {
  const annotated = annotationOf(serviceAccount, settings.annotationDomain, 'role-arn');
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

const entryOfAccount = (serviceAccount: unknown, settings: MutationSettings): CacheEntry => {
  const { annotationDomain: domain } = settings;
  const expiration = annotationOf(serviceAccount, domain, 'token-expiration');
  const seconds = expiration === undefined ? undefined : parseInt64(expiration);
  const regional = annotationOf(serviceAccount, domain, 'sts-regional-endpoints');
  return {
    roleArn: roleOf(serviceAccount, settings),
    audience: annotationOf(serviceAccount, domain, 'audience') ?? settings.audience,
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

const podExpiration = (pod: unknown, domain: string): number | undefined => {
  const annotated = annotationOf(pod, domain, 'token-expiration');
  const seconds = annotated === undefined ? undefined : parseInt64(annotated);
  return seconds === undefined ? undefined : raiseTokenExpiration(seconds);
};

/** Whether the pod's node selector names Windows, under either key. */
const isWindows = (pod: unknown): boolean => {
  const selector = fieldOf(fieldOf(pod, 'spec'), 'nodeSelector');
  return (
    fieldOf(selector, 'kubernetes.io/os') === 'windows' ||
    fieldOf(selector, 'beta.kubernetes.io/os') === 'windows'
  );
};

const tokenFileOf = (pod: unknown, mountPath: string, tokenPath: string): string => {
  const path = joinPath(mountPath, tokenPath);
  return isWindows(pod) ? `C:${path.replaceAll('/', '\\')}` : path;
};

const injectionOfAssociation = (
  mutation: ResolvedMutation,
  entry: CacheEntry | undefined,
): EksInjection => {
  const { pod, settings, jitter } = mutation;
  const { audience, tokenMountPath, tokenVolumeName, tokenPath } = settings.containerCredentials;
  // Without an entry the Go webhook falls back to constants here, not to its flags.
  const seconds =
    podExpiration(pod, settings.annotationDomain) ??
    entry?.tokenExpirationSeconds ??
    defaultTokenExpiration;
  return {
    tokenPath,
    injection: {
      method: 'container-credentials',
      source: 'pod-identity-association',
      audience,
      tokenExpirationSeconds: jitterTokenExpiration(seconds, jitter),
      regionalSts: entry?.regionalSts ?? false,
      ...(settings.region === undefined ? {} : { region: settings.region }),
      tokenVolumeName,
      tokenMountPath,
      tokenFile: tokenFileOf(pod, tokenMountPath, tokenPath),
    },
  };
};

const injectionOfRole = (
  { pod, settings }: ResolvedMutation,
  entry: CacheEntry,
  source: Injection['source'],
): EksInjection => {
  const { tokenMountPath } = settings;
  return {
    tokenPath: 'token',
    injection: {
      method: 'web-identity',
      source,
      roleArn: entry.roleArn,
      audience: entry.audience,
      tokenExpirationSeconds:
        podExpiration(pod, settings.annotationDomain) ?? entry.tokenExpirationSeconds,
      regionalSts: entry.regionalSts,
      ...(settings.region === undefined ? {} : { region: settings.region }),
      tokenVolumeName: 'aws-iam-token',
      tokenMountPath,
      tokenFile: tokenFileOf(pod, tokenMountPath, 'token'),
    },
  };
};

/**
 * What the Go webhook would inject: container credentials first, then the ServiceAccount's role, then the ConfigMap's entry for
 * `NAMESPACE/NAME` or `*` + `/NAME`, taken wholly from the one that is found.
 */
export function resolveEksInjection(
  mutation: ResolvedMutation,
): EksInjection | 'no-service-account' | 'no-role-arn' {
  const { pod, namespace, settings, roleMappings } = mutation;
  const name = textOf(fieldOf(pod, 'spec'), 'serviceAccountName') ?? '';
  const isCached =
    !isAbsent(mutation.serviceAccount) &&
    isDecodableServiceAccount(mutation.serviceAccount) &&
    isNamed(mutation.serviceAccount, namespace, name);
  const account = isCached ? entryOfAccount(mutation.serviceAccount, settings) : undefined;
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
