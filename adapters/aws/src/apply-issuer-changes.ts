import { setTimeout as sleep } from 'node:timers/promises';
import type { IssuerChange } from 'irsa/iam';
import { applyBucketChange, type BucketChange } from './apply-bucket-change.js';
import { applyCloudFrontChange, type CloudFrontChange } from './apply-cloud-front-change.js';
import { applyDirectoryChange } from './apply-directory-change.js';
import { applyTrustChange } from './apply-trust-change.js';
import { isNotImplemented } from './aws-error.js';
import { createAwsClients } from './create-aws-clients.js';
import { IssuerChangeError } from './issuer-change-error.js';
import { bucketAddress } from './observe-issuer.js';
import { resolvePending, type PendingIds } from './resolve-pending.js';
import type { ApplyOptions, ApplyResult, AwsClients } from './types.js';

const isBucketChange = (change: IssuerChange): change is BucketChange =>
  /-(?:bucket|object)(?:-|$)|^set-public-access-block$/.test(change.kind);

const isCloudFrontChange = (change: IssuerChange): change is CloudFrontChange =>
  /-(?:distribution|cache-policy|origin-access-control)$/.test(change.kind);

/** Makes one change; answers what later ones need, or why it was left out. */
const applyOne = async (
  change: IssuerChange,
  options: ApplyOptions,
  clients: AwsClients,
): Promise<{ readonly ids?: PendingIds; readonly leftOut?: string }> => {
  const { spec, directory, wait = async (): Promise<void> => sleep(20_000) } = options;
  if (isCloudFrontChange(change)) {
    if (clients.cloudFront === undefined)
      throw new TypeError('clients.cloudFront: needed for a target via CloudFront');
    return { ids: await applyCloudFrontChange(change, clients.cloudFront, wait) };
  }
  if (!isBucketChange(change)) {
    await applyTrustChange(change, clients.iam);
    return {};
  }
  if (directory !== undefined) {
    const leftOut = await applyDirectoryChange(change, directory, spec.name);
    return leftOut === undefined ? {} : { leftOut };
  }
  try {
    await applyBucketChange(change, {
      s3: clients.s3,
      address: bucketAddress(options),
      name: spec.name,
    });
    return {};
  } catch (error) {
    if (!isNotImplemented(error)) throw error;
    return { leftOut: 'the server answered NotImplemented' };
  }
};

/**
 * Carries a plan of `planIssuer` out, one change after the other, in its order. It stops at the first failure; what was
 * made stays, and observing, planning and applying again finishes the run from wherever it stopped (also after a kill).
 * Documents are written under conditions, policies only over what was observed: a plan that is no longer true is refused.
 *
 * @param changes - the whole plan, in its order; an empty plan does nothing
 * @param options - the same `spec`, `clients` and `directory` that `observeIssuer` got
 * @returns what was made, and what the server does not know (NotImplemented) and was left out
 * @throws {@link IssuerChangeError} `ERR_PLAN` with the failed change, the changes made before it and the cause
 * @throws the signal's reason when it was aborted between two changes
 * @example
 * ```ts
 * import { applyIssuerChanges } from 'irsa-aws';
 * const spec = { name: 'c1', accountId: '111122223333', target: { kind: 'elsewhere' }, documents: [] } as const;
 * console.log(await applyIssuerChanges([], { spec })); // { applied: [], leftOut: [] }
 * ```
 */
export async function applyIssuerChanges(
  changes: readonly IssuerChange[],
  options: ApplyOptions,
): Promise<ApplyResult> {
  const { onProgress, signal, spec } = options;
  const applied: string[] = [];
  const leftOut: { id: string; why: string }[] = [];
  if (changes.length === 0) return { applied, leftOut };
  const clients = options.clients ?? (await createAwsClients({ spec }));
  const total = changes.length;
  let ids: PendingIds = {};
  for (const [index, change] of changes.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ change, index, total, status: 'started' });
    let outcome;
    try {
      outcome = await applyOne(resolvePending(change, ids), options, clients);
    } catch (cause) {
      throw new IssuerChangeError(change, applied, cause);
    }
    ids = { ...ids, ...outcome.ids };
    if (outcome.leftOut === undefined) {
      applied.push(change.id);
      onProgress?.({ change, index, total, status: 'done' });
    } else {
      leftOut.push({ id: change.id, why: outcome.leftOut });
      onProgress?.({ change, index, total, status: 'left-out', why: outcome.leftOut });
    }
  }
  return { applied, leftOut };
}
