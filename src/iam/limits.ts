import { IamLimitError } from '../errors.js';

/**
 * The limits of IAM that concern an OIDC provider and a role's trust policy. Lengths are characters.
 *
 * @example
 * ```ts
 * import { iamLimits } from 'irsa/iam';
 * console.log(iamLimits.trustPolicyLength, iamLimits.trustPolicyLengthMax); // 2048 8192
 * ```
 * @see {@link https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html | IAM and AWS STS quotas}
 */
export const iamLimits: {
  readonly providersPerAccount: 100;
  readonly clientIdsPerProvider: 100;
  readonly clientIdLength: 255;
  readonly thumbprintsPerProvider: 5;
  readonly thumbprintLength: 40;
  readonly tagsPerResource: 50;
  readonly tagKeyLength: 128;
  readonly tagValueLength: 256;
  /** The default quota of a role's trust policy (L-C07B4B0D); white space is not counted. */
  readonly trustPolicyLength: 2048;
  /** What that quota can be raised to. */
  readonly trustPolicyLengthMax: 8192;
} = Object.freeze({
  providersPerAccount: 100,
  clientIdsPerProvider: 100,
  clientIdLength: 255,
  thumbprintsPerProvider: 5,
  thumbprintLength: 40,
  tagsPerResource: 50,
  tagKeyLength: 128,
  tagValueLength: 256,
  trustPolicyLength: 2048,
  trustPolicyLengthMax: 8192,
});

/** Throws ERR_IAM_LIMIT, naming the limit, when `actual` is more than it allows. */
export function assertWithinLimit(what: string, actual: number, limit: number, fix: string): void {
  if (actual <= limit) return;
  throw new IamLimitError(`${what}: IAM takes at most ${limit}, got ${actual}; ${fix}`, {
    path: what,
    actual: String(actual),
    expected: `at most ${String(limit)}`,
  });
}
