import { PlanError } from 'irsa/errors';
import type { IssuerChange } from 'irsa/iam';

/**
 * A plan that stopped: which change failed, and what was made before it. Nothing after it was touched; observing,
 * planning and applying again finishes the run. Its code is `ERR_PLAN`.
 *
 * @example
 * ```ts
 * import { IssuerChangeError } from 'irsa-aws';
 * const report = (error: unknown): string =>
 *   error instanceof IssuerChangeError ? `${error.change.id} failed after ${error.applied.length} changes` : String(error);
 * console.log(report(new Error('other'))); // Error: other
 * ```
 */
export class IssuerChangeError extends PlanError {
  /** The change that failed. */
  readonly change: IssuerChange;
  /** IDs of the changes that were made before it. */
  readonly applied: readonly string[];

  constructor(change: IssuerChange, applied: readonly string[], cause: unknown) {
    const why = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    super(
      `${change.kind} ${change.resource} failed (${why}) after ${String(applied.length)} changes; nothing after it was touched: mend the cause, then observe, plan and apply again`,
      { cause, path: change.resource },
    );
    this.change = change;
    this.applied = applied;
  }
}

/** Something changed between observing and applying: another run, or a person. */
export const staleError = (what: string): PlanError =>
  new PlanError(
    `${what} has changed since it was observed; somebody else is at work: observe and plan again`,
    { path: what },
  );
