import { PlanError } from 'irsa/errors';
import { pendingReferences, type IssuerChange } from 'irsa/iam';

/** Identifiers that changes of this run have learnt. */
export interface PendingIds {
  readonly originAccessControlId?: string | undefined;
  readonly cachePolicyId?: string | undefined;
  readonly distributionArn?: string | undefined;
}

/** The change with the identifiers of earlier changes in the place of their stand-ins. */
export function resolvePending(change: IssuerChange, ids: PendingIds): IssuerChange {
  const known = (value: string | undefined): string => {
    if (value !== undefined) return value;
    throw new PlanError(
      `${change.id} refers to something that an earlier change of the plan makes; apply the whole plan, in its order`,
      { path: change.id },
    );
  };
  const resolve = (value: unknown): unknown => {
    if (value === pendingReferences.originAccessControlId) return known(ids.originAccessControlId);
    if (value === pendingReferences.cachePolicyId) return known(ids.cachePolicyId);
    if (
      typeof value === 'string' &&
      value.endsWith(`:distribution/${pendingReferences.distributionId}`)
    ) {
      return known(ids.distributionArn);
    }
    if (Array.isArray(value)) return value.map(resolve);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, resolve(inner)]));
  };
  if (change.after === undefined) return change;
  // Only texts are replaced by texts: the shape stays that of the kind.
  return { ...change, after: resolve(change.after) } as IssuerChange;
}
