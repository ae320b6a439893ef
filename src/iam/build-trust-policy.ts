import { SubjectError, TrustPolicyError } from '../errors.js';
import { oidcProviderArn } from '../names/arn.js';
import { issuerHostPath } from '../names/issuer.js';
import { serviceAccountSubject } from '../names/subject.js';
import { assertWithinLimit, iamLimits } from './limits.js';
import type {
  OneOrMany,
  ServiceAccountPattern,
  TrustBinding,
  TrustPolicy,
  TrustStatement,
} from './types.js';

/** The action that a web identity performs on a role. */
export const assumeRoleWithWebIdentity = 'sts:AssumeRoleWithWebIdentity';

const defaultAudience = 'sts.amazonaws.com';

/** What {@link buildTrustPolicy} needs. */
export interface TrustPolicyOptions extends TrustBinding {
  /** The audience that tokens must have; default `sts.amazonaws.com`. `null` says aloud that any audience of the provider will do. */
  readonly audience?: string | null;
}

const hasWildcard = (pattern: ServiceAccountPattern): boolean =>
  /[*?]/.test(pattern.namespace) || /[*?]/.test(pattern.name);

const assertPattern = (value: unknown, what: 'namespace' | 'name'): void => {
  if (typeof value === 'string' && value.length <= 253 && /^[a-z0-9.*?-]+$/.test(value)) return;
  throw new SubjectError(
    `service account ${what}: expected lower case letters, digits, "-", "." and the wildcards * and ?, got ${JSON.stringify(value)}; write the name as kubectl shows it`,
    { path: what, expected: 'a Kubernetes name, wildcards allowed' },
  );
};

/** The `sub` values of service accounts: exact ones and patterns apart, each sorted and without duplicates. */
export const subjectsOf = (
  patterns: readonly ServiceAccountPattern[],
): { readonly exact: string[]; readonly wild: string[] } => {
  const exact = new Set<string>();
  const wild = new Set<string>();
  for (const pattern of patterns) {
    const { namespace, name } = pattern;
    if (typeof namespace === 'string' && typeof name === 'string' && hasWildcard(pattern)) {
      assertPattern(namespace, 'namespace');
      assertPattern(name, 'name');
      wild.add(`system:serviceaccount:${namespace}:${name}`);
    } else {
      exact.add(serviceAccountSubject(namespace, name));
    }
  }
  return { exact: [...exact].sort(), wild: [...wild].sort() };
};

const oneOrMany = (values: readonly string[]): OneOrMany<string> =>
  values.length === 1 ? (values[0] ?? []) : values;

/** Everything about a binding that its statements are made of. */
export interface ResolvedBinding {
  readonly providerArn: string;
  readonly audienceKey: string;
  readonly subjectKey: string;
  readonly audience: string | null;
  readonly exact: readonly string[];
  readonly wild: readonly string[];
}

/** Reads the options of building and binding once. */
export const resolveBinding = (options: TrustPolicyOptions): ResolvedBinding => {
  const { issuer, accountId, partition = 'aws', subjects, audience = defaultAudience } = options;
  if (!Array.isArray(subjects) || subjects.length === 0) {
    throw new TrustPolicyError(
      'subjects: expected at least one service account, got none; a statement without a subject would trust every service account of the cluster',
      { path: 'subjects' },
    );
  }
  if (audience !== null && (typeof audience !== 'string' || audience === '')) {
    throw new TrustPolicyError(
      'audience: expected a non-empty string, or null to accept every audience of the provider; the usual audience is sts.amazonaws.com',
      { path: 'audience' },
    );
  }
  const hostPath = issuerHostPath(issuer);
  return {
    providerArn: oidcProviderArn({ issuer, accountId, partition }),
    audienceKey: `${hostPath}:aud`,
    subjectKey: `${hostPath}:sub`,
    audience,
    ...subjectsOf(subjects),
  };
};

/** One statement for one kind of subjects: exact names by StringEquals, patterns by StringLike. */
export const trustStatement = (
  binding: ResolvedBinding,
  kind: 'exact' | 'wild',
  subjects: readonly string[],
): TrustStatement => {
  const audience = binding.audience === null ? {} : { [binding.audienceKey]: binding.audience };
  const subject = { [binding.subjectKey]: oneOrMany(subjects) };
  return {
    Effect: 'Allow',
    Principal: { Federated: binding.providerArn },
    Action: assumeRoleWithWebIdentity,
    Condition:
      kind === 'exact'
        ? { StringEquals: { ...audience, ...subject } }
        : binding.audience === null
          ? { StringLike: subject }
          : { StringEquals: audience, StringLike: subject },
  };
};

/** Throws ERR_IAM_LIMIT when no quota lets the policy in. */
export const assertPolicyFits = (policy: TrustPolicy): TrustPolicy => {
  assertWithinLimit(
    'length of a role trust policy (characters, white space not counted)',
    JSON.stringify(policy).length,
    iamLimits.trustPolicyLengthMax,
    'use a wildcard for many service accounts, or share the role’s duties among several roles',
  );
  return policy;
};

/**
 * The trust policy that lets service accounts of one issuer assume a role. Both the audience and the subject are checked;
 * StringLike is used only for patterns. More issuers join through `bindServiceAccounts`.
 *
 * @throws {@link IssuerError} `ERR_ISSUER`
 * @throws {@link ArnError} `ERR_ARN` for a malformed account or partition
 * @throws {@link SubjectError} `ERR_SUBJECT` for a name that Kubernetes cannot have
 * @throws {@link TrustPolicyError} `ERR_TRUST_POLICY` without subjects
 * @throws {@link IamLimitError} `ERR_IAM_LIMIT` when no quota would let the policy in (see `measureTrustPolicy` for the default quota)
 * @example
 * ```ts
 * import { buildTrustPolicy } from 'irsa/iam';
 * const policy = buildTrustPolicy({
 *   issuer: 'https://oidc.example.com',
 *   accountId: '111122223333',
 *   subjects: [{ namespace: 'default', name: 's3-echoer' }],
 * });
 * console.log(JSON.stringify(policy, null, 2));
 * ```
 * @see {@link https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create_for-idp_oidc.html | IAM: create a role for OpenID Connect federation}
 */
export function buildTrustPolicy(options: TrustPolicyOptions): TrustPolicy {
  const binding = resolveBinding(options);
  const kinds = (['exact', 'wild'] as const).filter((kind) => binding[kind].length > 0);
  return assertPolicyFits({
    Version: '2012-10-17',
    Statement: kinds.map((kind) => trustStatement(binding, kind, binding[kind])),
  });
}
