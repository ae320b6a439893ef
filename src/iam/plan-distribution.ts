import { buildIssuerDistribution, type IssuerDistribution } from './build-issuer-distribution.js';
import { describeChange } from './describe-change.js';
import type {
  IssuerChange,
  IssuerTarget,
  ObservedCloudFront,
  ObservedDistribution,
  ObservedIssuer,
} from './plan-types.js';
import { isOwned, ownershipTag, planError, type ResolvedSpec } from './resolve-issuer-spec.js';
import { sameValue } from './same-value.js';

type BucketTarget = Extract<IssuerTarget, { kind: 's3' }>;

/**
 * Stand in a plan for identifiers that an earlier step of the same plan learns; whoever applies the plan replaces them
 * (in bucket policies the distribution's is the end of an ARN).
 *
 * @example
 * ```ts
 * import { pendingReferences } from 'irsa/iam';
 * console.log(pendingReferences.distributionId); // PENDING
 * ```
 */
export const pendingReferences: {
  readonly originAccessControlId: 'pending-origin-access-control';
  readonly cachePolicyId: 'pending-cache-policy';
  readonly distributionId: 'PENDING';
} = Object.freeze({
  originAccessControlId: 'pending-origin-access-control',
  cachePolicyId: 'pending-cache-policy',
  distributionId: 'PENDING',
});

const wantedOf = (target: BucketTarget): IssuerDistribution => {
  const { bucket, region, aliases, certificateArn, maxTtlSeconds } = target;
  return buildIssuerDistribution({
    bucket,
    region,
    ...(aliases === undefined ? {} : { aliases }),
    ...(certificateArn === undefined ? {} : { certificateArn }),
    ...(maxTtlSeconds === undefined ? {} : { maxTtlSeconds }),
  });
};

const assertOurs = (
  wanted: IssuerDistribution,
  present: ObservedCloudFront,
  spec: ResolvedSpec,
): void => {
  const { originAccessControl, cachePolicy, distribution } = present;
  const foreign = (what: string, name: string): never => {
    throw planError('target', `the ${what} ${name} exists and is not ours; rename or remove it`);
  };
  if (
    originAccessControl &&
    originAccessControl.spec.description !== wanted.originAccessControl.description
  ) {
    foreign('origin access control', originAccessControl.spec.name);
  }
  if (cachePolicy && cachePolicy.spec.comment !== wanted.cachePolicy.comment) {
    foreign('cache policy', cachePolicy.spec.name);
  }
  if (distribution && !isOwned(distribution.tags, spec)) {
    foreign('distribution', `${distribution.id} (no tag ${ownershipTag}=${spec.name})`);
  }
};

const distributionDrift = (
  wanted: IssuerDistribution,
  present: ObservedDistribution,
  ids: { readonly originAccessControlId: string; readonly cachePolicyId: string },
): string | undefined => {
  if (!present.enabled) return 'it is disabled';
  if (present.originAccessControlId !== ids.originAccessControlId) {
    return 'it does not use our origin access control';
  }
  if (present.cachePolicyId !== ids.cachePolicyId) return 'it does not use our cache policy';
  const different = Object.entries(wanted.distribution).find(
    ([field, value]) =>
      // A caller reference never changes; it says how the distribution was made.
      field !== 'callerReference' &&
      !sameValue(value, Object.entries(present.spec).find(([name]) => name === field)?.[1]),
  );
  return different === undefined ? undefined : `its ${different[0]} differs`;
};

/** Origin access control, cache policy and distribution as they should be, and the distribution's ARN. */
export function planDistribution(
  spec: ResolvedSpec,
  target: BucketTarget,
  present: ObservedCloudFront = {},
): { readonly changes: IssuerChange[]; readonly distributionArn: string } {
  const wanted = wantedOf(target);
  assertOurs(wanted, present, spec);
  const changes: IssuerChange[] = [];
  if (present.originAccessControl === undefined) {
    changes.push(
      describeChange('create-origin-access-control', wanted.originAccessControl.name, {
        reason: 'CloudFront has no way to sign its requests to the private bucket',
        after: wanted.originAccessControl,
      }),
    );
  }
  if (present.cachePolicy === undefined) {
    changes.push(
      describeChange('create-cache-policy', wanted.cachePolicy.name, {
        reason: 'nothing bounds how long an old document lives at the edge',
        after: wanted.cachePolicy,
      }),
    );
  } else if (!sameValue(present.cachePolicy.spec, wanted.cachePolicy)) {
    changes.push(
      describeChange('update-cache-policy', wanted.cachePolicy.name, {
        reason: 'its times differ',
        before: present.cachePolicy.spec,
        after: { id: present.cachePolicy.id, ...wanted.cachePolicy },
      }),
    );
  }
  const ids = {
    originAccessControlId:
      present.originAccessControl?.id ?? pendingReferences.originAccessControlId,
    cachePolicyId: present.cachePolicy?.id ?? pendingReferences.cachePolicyId,
  };
  const after = { spec: wanted.distribution, ...ids, enabled: true as const, tags: spec.tags };
  const { distribution } = present;
  if (distribution === undefined) {
    changes.push(
      describeChange('create-distribution', wanted.distribution.callerReference, {
        reason: 'no distribution serves the bucket',
        after,
      }),
    );
    const arn = `arn:${spec.partition}:cloudfront::${spec.accountId}:distribution/${pendingReferences.distributionId}`;
    return { changes, distributionArn: arn };
  }
  const drift = distributionDrift(wanted, distribution, ids);
  if (drift !== undefined) {
    const { originAccessControlId, cachePolicyId, tags } = distribution;
    changes.push(
      describeChange('update-distribution', distribution.id, {
        reason: drift,
        before: {
          spec: distribution.spec,
          originAccessControlId,
          cachePolicyId,
          enabled: true,
          tags,
        },
        after: { id: distribution.id, ...after },
      }),
    );
  }
  return { changes, distributionArn: distribution.arn };
}

/** Makes the edges forget documents that differ from what is, or will be, in the bucket. */
export function planInvalidation(
  spec: ResolvedSpec,
  observed: ObservedIssuer,
  changedPaths: ReadonlySet<string>,
): IssuerChange[] {
  const distribution = observed.cloudFront?.distribution;
  if (distribution === undefined) return [];
  const stale = spec.documents.filter(({ path, sha256 }) => {
    const served = observed.served?.[path];
    return changedPaths.has(path) || (typeof served === 'string' && served !== sha256);
  });
  if (stale.length === 0) return [];
  return [
    describeChange('invalidate-distribution', distribution.id, {
      reason: 'the edges may still serve older documents',
      after: { id: distribution.id, paths: stale.map(({ path }) => `/${path}`) },
    }),
  ];
}

/** Takes the distribution and what belongs to it down, outermost first. */
export function planDistributionTeardown(
  spec: ResolvedSpec,
  target: BucketTarget,
  present: ObservedCloudFront = {},
): IssuerChange[] {
  const wanted = wantedOf(target);
  assertOurs(wanted, present, spec);
  const reason = 'the issuer is taken down';
  const { distribution, cachePolicy, originAccessControl } = present;
  const changes: IssuerChange[] = [];
  if (distribution?.enabled === true) {
    changes.push(
      describeChange('disable-distribution', distribution.id, {
        reason,
        after: { id: distribution.id },
      }),
    );
  }
  if (distribution !== undefined) {
    changes.push(
      describeChange('delete-distribution', distribution.id, {
        reason,
        before: { id: distribution.id },
      }),
    );
  }
  if (cachePolicy !== undefined) {
    changes.push(
      describeChange('delete-cache-policy', cachePolicy.spec.name, {
        reason,
        before: { id: cachePolicy.id },
      }),
    );
  }
  if (originAccessControl !== undefined) {
    changes.push(
      describeChange('delete-origin-access-control', originAccessControl.spec.name, {
        reason,
        before: { id: originAccessControl.id },
      }),
    );
  }
  return changes;
}
