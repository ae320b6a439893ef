import type { Finding } from '../names/finding.js';
import { checkTrustStatement, federatedPrincipals } from './check-trust-statement.js';
import { iamLimits } from './limits.js';
import { parseTrustPolicy } from './parse-trust-policy.js';
import type { TrustPolicy } from './types.js';

const providersOf = (policy: TrustPolicy): { arn: string; hostPath: string }[] => {
  const arns = policy.Statement.flatMap(({ Principal }) => federatedPrincipals(Principal));
  return [...new Set(arns)].flatMap((arn) => {
    // A federated principal may also be a host name (cognito-identity.amazonaws.com) or a SAML provider.
    const hostPath = /^arn:[^:]+:iam::\d{12}:oidc-provider\/(.+)$/.exec(arn)?.[1];
    return hostPath === undefined ? [] : [{ arn, hostPath }];
  });
};

/**
 * The mistakes of a trust policy that can be seen without a token, for every OIDC provider that it names: patterns that
 * match literally, claims that STS does not offer, subjects or audiences that nothing demands, a length beyond the default quota.
 *
 * @returns findings in the order of the statements; empty when there is nothing to say
 * @throws {@link TrustPolicyError} `ERR_TRUST_POLICY`
 * @example
 * ```ts
 * import { buildTrustPolicy, checkTrustPolicy } from 'irsa/iam';
 * const policy = buildTrustPolicy({
 *   issuer: 'https://oidc.example.com',
 *   accountId: '111122223333',
 *   subjects: [{ namespace: 'default', name: 's3-echoer' }],
 *   audience: null,
 * });
 * console.log(checkTrustPolicy(policy)[0]?.id); // audience-not-checked
 * ```
 */
export function checkTrustPolicy(policy: TrustPolicy | string): Finding[] {
  const parsed = parseTrustPolicy(policy);
  const providers = providersOf(parsed);
  const findings = parsed.Statement.flatMap((statement, index) =>
    providers.flatMap((provider) => checkTrustStatement(statement, index, provider)),
  );
  const { length } = JSON.stringify(parsed);
  if (length > iamLimits.trustPolicyLength) {
    findings.push({
      id: 'trust-policy-over-default-quota',
      severity: 'warning',
      title: `The policy is longer than the default quota of ${iamLimits.trustPolicyLength} characters.`,
      evidence: `${String(length)} characters, white space not counted`,
      fix: `Ask for a higher quota (L-C07B4B0D, up to ${iamLimits.trustPolicyLengthMax}), or use a pattern for many service accounts.`,
    });
  }
  // An Allow for everybody is reported once, not once a provider.
  const seen = new Set<string>();
  return findings.filter(({ id, evidence }) => {
    const key = `${id}\n${evidence}`;
    return !seen.has(key) && seen.add(key);
  });
}
