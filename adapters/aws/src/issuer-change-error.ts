import { PlanError } from 'irsa/errors';
import type { IssuerChange, IssuerChangeKind } from 'irsa/iam';
import { readAwsError } from './aws-error.js';

/** What an AWS error of a kind of change usually means; AWS itself does not say. */
const hints: readonly (readonly [IssuerChangeKind, RegExp, string])[] = [
  [
    'put-bucket-policy',
    /^AccessDenied/,
    'Block Public Access of the whole account may forbid the public policy: publish via CloudFront, or ask who owns that setting',
  ],
  [
    'create-bucket',
    /^BucketAlreadyExists$/,
    'the name is taken in another account: choose another',
  ],
  [
    'create-provider',
    /^OpenIdIdpCommunication/,
    'IAM could not reach the issuer: read the discovery document as an anonymous client, or pass a thumbprint',
  ],
  [
    'create-provider',
    /^LimitExceeded/,
    'an account has at most 100 OIDC providers unless the quota was raised',
  ],
  [
    'set-trust-policy',
    /^LimitExceeded/,
    'the trust policy is longer than the account’s quota (L-C07B4B0D): see measureTrustPolicy',
  ],
  [
    'create-role',
    /^LimitExceeded/,
    'the trust policy is longer than the account’s quota (L-C07B4B0D), or the account has too many roles',
  ],
];

const hintFor = (change: IssuerChange, cause: unknown): string => {
  const { name } = readAwsError(cause);
  const hint = hints.find(([kind, pattern]) => kind === change.kind && pattern.test(name));
  return hint === undefined ? 'mend the cause' : hint[2];
};

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
      `${change.kind} ${change.resource} failed (${why}) after ${String(applied.length)} changes; nothing after it was touched: ${hintFor(change, cause)}, then observe, plan and apply again`,
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
