import { assumeRoleWithWebIdentity } from './build-trust-policy.js';
import { federatedPrincipals } from './check-trust-statement.js';
import type { TrustPolicy, TrustStatement } from './types.js';

/** Stands in a trust policy that would otherwise have no statement: it keeps the provider's tokens out. */
export const closedStatement = (providerArn: string): TrustStatement => ({
  Effect: 'Deny',
  Principal: { Federated: providerArn },
  Action: assumeRoleWithWebIdentity,
});

/** Takes an OIDC provider out of every Allow statement; what names other principals stays as it is. */
export function revokeProvider(policy: TrustPolicy, providerArn: string): TrustPolicy {
  const statements = policy.Statement.flatMap((statement): TrustStatement[] => {
    const { Effect, Principal } = statement;
    if (Effect !== 'Allow' || Principal === undefined || Principal === '*') return [statement];
    const federated = federatedPrincipals(Principal);
    if (!federated.includes(providerArn)) return [statement];
    const rest = federated.filter((arn) => arn !== providerArn);
    const kept = Object.entries({ ...Principal, Federated: rest }).filter(
      ([, names]) => names.length > 0,
    );
    return kept.length === 0 ? [] : [{ ...statement, Principal: Object.fromEntries(kept) }];
  });
  if (statements.length === 0) statements.push(closedStatement(providerArn));
  return { ...policy, Statement: statements };
}

/** Whether some Allow statement names the provider. */
export function trustsProvider(policy: TrustPolicy, providerArn: string): boolean {
  return policy.Statement.some(
    ({ Effect, Principal }) =>
      Effect === 'Allow' && federatedPrincipals(Principal).includes(providerArn),
  );
}
