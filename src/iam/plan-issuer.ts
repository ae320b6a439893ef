import { assertKeysKept } from './assert-keys-kept.js';
import {
  planBucketBase,
  planBucketPolicy,
  planBucketTeardown,
  planObjects,
  planPublicAccessBlock,
} from './plan-bucket.js';
import {
  planDistribution,
  planDistributionTeardown,
  planInvalidation,
} from './plan-distribution.js';
import { planProvider, planRoles, planTrustTeardown } from './plan-trust.js';
import type { IssuerChange, IssuerSpec, ObservedIssuer } from './plan-types.js';
import { isDiscovery, resolveIssuerSpec, type ResolvedSpec } from './resolve-issuer-spec.js';

/** Storage, documents, access, and last the discovery document: what it points to can be read by then. */
const planTarget = (spec: ResolvedSpec, observed: ObservedIssuer): IssuerChange[] => {
  const { target } = spec;
  if (target.kind === 'elsewhere') return [];
  const { bucket } = observed;
  assertKeysKept(spec, observed);
  const changes = planBucketBase(spec, target, bucket);
  const access = planPublicAccessBlock(`s3://${target.bucket}`, target.via, bucket);
  const objects = planObjects(spec, target, bucket);
  const discovery = objects.filter(({ resource }) => isDiscovery(resource));
  const others = objects.filter(({ resource }) => !isDiscovery(resource));
  if (target.via === 'public') {
    const policy = planBucketPolicy(spec, target, { bucket });
    return [...changes, ...others, ...access, ...policy, ...discovery];
  }
  const { changes: edge, distributionArn } = planDistribution(spec, target, observed.cloudFront);
  const changed = new Set(
    objects.flatMap((change) => (change.kind === 'put-object' ? [change.after?.path ?? ''] : [])),
  );
  return [
    ...changes,
    ...edge,
    ...others,
    ...planBucketPolicy(spec, target, { bucket, distributionArn }),
    ...access,
    ...discovery,
    ...planInvalidation(spec, observed, changed),
  ];
};

const planTeardown = (spec: ResolvedSpec, observed: ObservedIssuer): IssuerChange[] => {
  const { target } = spec;
  const trust = planTrustTeardown(spec, observed);
  if (target.kind === 'elsewhere') return trust;
  const edge =
    target.via === 'cloudfront' ? planDistributionTeardown(spec, target, observed.cloudFront) : [];
  return [...trust, ...edge, ...planBucketTeardown(spec, target, observed.bucket)];
};

/**
 * The changes that lead from what is there to what should be, in the order in which they must be made: storage before
 * documents, documents before the IAM provider (IAM reads them), the provider before roles. Nothing drifted: no changes.
 * A run that stopped half-way is finished by planning again. What does not carry our tags is refused, not overwritten,
 * and no key that is in use, or published and not retired, leaves the JWKS.
 *
 * With `state: 'absent'` trust goes first, then the provider, then the documents; the emptied, closed bucket is kept
 * unless `releaseBucketName` says otherwise. What a teardown passes over because it may not be ours, `checkTeardown` says.
 *
 * @throws {@link PlanError} `ERR_PLAN` where no safe plan exists: foreign resources, keys that would be lost, a discovery document of another issuer
 * @throws {@link TrustPolicyError} `ERR_TRUST_POLICY`, {@link IamLimitError} `ERR_IAM_LIMIT` as `bindServiceAccounts`
 * @example
 * ```ts
 * import { planIssuer } from 'irsa/iam';
 * const changes = planIssuer({
 *   desired: {
 *     name: 'cluster-1',
 *     accountId: '111122223333',
 *     issuer: 'https://oidc.example.com',
 *     target: { kind: 'elsewhere' },
 *     documents: [],
 *     roles: [{ roleName: 's3-echoer', subjects: [{ namespace: 'default', name: 's3-echoer' }] }],
 *   },
 *   observed: {},
 * });
 * console.log(changes.map(({ kind }) => kind)); // [ 'create-provider', 'create-role' ]
 * ```
 * @see {@link https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html | IAM: create an OIDC identity provider}
 */
export function planIssuer(options: {
  readonly desired: IssuerSpec;
  readonly observed: ObservedIssuer;
}): IssuerChange[] {
  const { desired, observed } = options;
  const spec = resolveIssuerSpec(desired);
  if (desired.state === 'absent') return planTeardown(spec, observed);
  return [
    ...planTarget(spec, observed),
    ...planProvider(spec, observed.provider),
    ...planRoles(spec, observed.roles),
  ];
}
