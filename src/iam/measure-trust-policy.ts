import { iamLimits } from './limits.js';
import { parseTrustPolicy } from './parse-trust-policy.js';
import type { TrustPolicy } from './types.js';

/** How much of its length quota a trust policy uses, in characters. */
export interface TrustPolicyMeasure {
  /** White space between the parts of the document is not counted, as IAM does not. */
  readonly length: number;
  readonly limit: number;
  /** `limit - length`; negative when it does not fit. */
  readonly headroom: number;
}

/**
 * Measures a trust policy against the quota of the account.
 *
 * @param options - `limit`: the account's quota (L-C07B4B0D), default 2,048, at most 8,192
 * @throws {@link TrustPolicyError} `ERR_TRUST_POLICY`
 * @throws {@link IamLimitError} `ERR_IAM_LIMIT` when it is longer than the highest quota there is
 * @example
 * ```ts
 * import { buildTrustPolicy, measureTrustPolicy } from 'irsa/iam';
 * const policy = buildTrustPolicy({
 *   issuer: 'https://oidc.example.com',
 *   accountId: '111122223333',
 *   subjects: [{ namespace: 'default', name: 's3-echoer' }],
 * });
 * console.log(measureTrustPolicy(policy).headroom > 1700); // true
 * ```
 * @see {@link https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html#reference_iam-quotas-entity-length | IAM: character limits}
 */
export function measureTrustPolicy(
  policy: TrustPolicy | string,
  options: { readonly limit?: number } = {},
): TrustPolicyMeasure {
  const { limit = iamLimits.trustPolicyLength } = options;
  if (!Number.isInteger(limit) || limit < 1 || limit > iamLimits.trustPolicyLengthMax) {
    throw new TypeError(
      `limit: expected an integer from 1 to ${String(iamLimits.trustPolicyLengthMax)}, got ${String(limit)}`,
    );
  }
  const { length } = JSON.stringify(parseTrustPolicy(policy));
  return { length, limit, headroom: limit - length };
}
