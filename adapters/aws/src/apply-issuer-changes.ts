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
import type { ApplyOptions, ApplyResult, AwsClients, ChangeProgress } from './types.js';

const isBucketChange = (change: IssuerChange): change is BucketChange =>
  /-(?:bucket|object)(?:-|$)|^set-public-access-block$/.test(change.kind);

const isCloudFrontChange = (change: IssuerChange): change is CloudFrontChange =>
  /-(?:distribution|cache-policy|origin-access-control)$/.test(change.kind);

/** Settings that a bucket may not know; documents are never left out. */
const isSetting = ({ kind }: IssuerChange): boolean =>
  /^(?:tag-bucket|set-bucket-ownership|set-public-access-block|(?:put|delete)-bucket-policy)$/.test(
    kind,
  );

interface Outcome {
  /** What later changes need. */
  readonly ids?: PendingIds;
  /** What was left out of it, and why. */
  readonly leftOut?: string | undefined;
  /** Whether nothing is left of the change then. */
  readonly skipped?: true;
}

const applyToBucket = async (
  change: BucketChange,
  options: ApplyOptions,
  clients: AwsClients,
): Promise<Outcome> => {
  const { directory, spec } = options;
  if (directory !== undefined) {
    const leftOut = await applyDirectoryChange(change, directory, spec.name);
    return leftOut === undefined ? {} : { leftOut, skipped: true };
  }
  try {
    const place = { s3: clients.s3, address: bucketAddress(options), name: spec.name };
    return { leftOut: await applyBucketChange(change, place) };
  } catch (error) {
    if (!isNotImplemented(error) || !isSetting(change)) throw error;
    return { leftOut: 'the server answered NotImplemented', skipped: true };
  }
};

const applyOne = async (
  change: IssuerChange,
  options: ApplyOptions,
  clients: AwsClients,
  onWaiting: (why: string) => void,
): Promise<Outcome> => {
  const {
    signal,
    wait = async (): Promise<void> =>
      sleep(20_000, undefined, { ...(signal === undefined ? {} : { signal }) }),
  } = options;
  if (isCloudFrontChange(change)) {
    if (clients.cloudFront === undefined)
      throw new TypeError('clients.cloudFront: needed for a target via CloudFront');
    const pause = async (): Promise<void> => {
      onWaiting('CloudFront is still deploying the change before; this takes minutes');
      await wait();
      signal?.throwIfAborted();
    };
    return { ids: await applyCloudFrontChange(change, clients.cloudFront, pause) };
  }
  if (isBucketChange(change)) return applyToBucket(change, options, clients);
  await applyTrustChange(change, clients.iam);
  return {};
};

/**
 * Carries a plan of `planIssuer` out, one change after the other, in its order. It stops at the first failure; what was
 * made stays, and observing, planning and applying again finishes the run from wherever it stopped (also after a kill).
 * Documents are written under conditions, policies only over what was observed: a plan that is no longer true is refused.
 *
 * @param changes - the whole plan, in its order; an empty plan does nothing
 * @param options - the same `spec`, `clients` and `directory` that `observeIssuer` got
 * @returns what was made, and what the server does not know (NotImplemented): settings of the bucket that were left out,
 *   documents that were written without a condition
 * @throws {@link IssuerChangeError} `ERR_PLAN` with the failed change, the changes made before it and the cause
 * @throws the signal's reason when it was aborted: between two changes, or while waiting for CloudFront
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
    const tell = (status: ChangeProgress['status'], why?: string): void => {
      onProgress?.({ change, index, total, status, ...(why === undefined ? {} : { why }) });
    };
    tell('started');
    let outcome;
    try {
      outcome = await applyOne(resolvePending(change, ids), options, clients, (why) => {
        tell('waiting', why);
      });
    } catch (cause) {
      signal?.throwIfAborted();
      throw new IssuerChangeError(change, applied, cause);
    }
    ids = { ...ids, ...outcome.ids };
    const { leftOut: why, skipped } = outcome;
    if (why !== undefined) leftOut.push({ id: change.id, why });
    if (skipped !== true) applied.push(change.id);
    tell(skipped === true ? 'left-out' : 'done', why);
  }
  return { applied, leftOut };
}
