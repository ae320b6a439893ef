import type { Finding } from '../names/finding.js';
import { isNegated, parseConditionOperator, takesWildcards } from './condition-operator.js';
import { matchWildcard, patternOf } from './match-wildcard.js';
import type { OneOrMany, PrincipalElement, TrustStatement } from './types.js';

const offeredClaims = ['aud', 'sub', 'amr'];

/** Since 2026 STS offers further claims of these providers, each its own list; a Kubernetes issuer is none of them. */
const providersWithOwnClaims =
  /^(?:token\.actions\.githubusercontent\.com|accounts\.google\.com|oidc\.circleci\.com|[^/]*\.oraclecloud\.com)(?:\/|$)/;

/**
 * Whether STS offers a claim as a condition key of an OIDC provider. A key for a claim that it does not offer is accepted
 * by IAM, and is absent in every request. `unknown`: the provider has a list of its own, which is not repeated here.
 *
 * @see {@link https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#condition-keys-wif | IAM: available keys for OIDC federation}
 */
export const offersClaim = (hostPath: string, claim: string): boolean | 'unknown' =>
  offeredClaims.includes(claim) || (providersWithOwnClaims.test(hostPath) ? 'unknown' : false);

/** A value or a list as a list. */
export const listOf = <T>(value: OneOrMany<T> | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? (value as readonly T[]) : [value as T];

/** The principals that an element names, `*` included. */
export const federatedPrincipals = (principal: PrincipalElement | undefined): readonly string[] =>
  principal === undefined ? [] : principal === '*' ? ['*'] : listOf(principal['Federated']);

/** Whether the element stands for everybody. */
export const isEverybody = (principal: PrincipalElement | undefined): boolean =>
  principal === '*' ||
  (principal !== undefined &&
    (listOf(principal['AWS']).includes('*') || listOf(principal['Federated']).includes('*')));

interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** The conditions of a statement one by one. */
export const conditionsOf = (statement: TrustStatement): Condition[] =>
  Object.entries(statement.Condition ?? {}).flatMap(([operator, keys]) =>
    Object.entries(keys).map(([key, values]) => ({
      operator,
      key,
      values: listOf(values).map(String),
    })),
  );

/** Two subjects that have no letter, no length and no separator in common beyond what every subject has. */
const unlikeSubjects = ['system:serviceaccount:a:a', 'system:serviceaccount:b-9:z.0'];

/** Whether a pattern lets any subject through: only wildcards in the right places match both of two unlike ones. */
const matchesEverySubject = (value: string): boolean =>
  unlikeSubjects.every((subject) => matchWildcard(patternOf(value), subject));

const checkCondition = (
  { operator, key, values }: Condition,
  effect: TrustStatement['Effect'],
  hostPath: string,
): Omit<Finding, 'evidence'> | undefined => {
  const parsed = parseConditionOperator(operator);
  const lower = key.toLowerCase();
  const host = hostPath.toLowerCase();
  const claim = lower.startsWith(`${host}:`) ? lower.slice(host.length + 1) : undefined;
  if (claim === undefined) {
    const strangers = /^(.*[./].*):(aud|sub|amr)$/.exec(lower);
    if (strangers === null) return undefined;
    return {
      id: 'condition-key-of-another-issuer',
      severity: 'error',
      title:
        'The condition key belongs to another issuer than the statement’s provider, so it is absent in every request.',
      fix: `Write ${hostPath}:${String(strangers[2])}: the issuer without https://, byte for byte as in the provider’s ARN.`,
    };
  }
  if (offersClaim(host, claim) === false) {
    return {
      id: 'claim-not-a-condition-key',
      severity: 'error',
      title: 'STS does not offer this claim as a condition key, so it is absent in every request.',
      fix: `Decide by ${hostPath}:sub and ${hostPath}:aud; of a Kubernetes token STS offers no more.`,
    };
  }
  if (parsed === undefined) return undefined;
  if (!takesWildcards(parsed.base) && parsed.base.startsWith('String')) {
    if (values.some((value) => /[*?]/.test(value.replaceAll(/\$\{[^}]*\}/g, '')))) {
      return {
        id: 'wildcard-matches-literally',
        severity: 'error',
        title: `${parsed.base} takes * and ? literally, so no real token matches this value.`,
        fix: isNegated(parsed.base)
          ? 'Use StringNotLike.'
          : 'Use StringLike, or name the service accounts one by one.',
      };
    }
  }
  if (parsed.set === 'ForAllValues') {
    return {
      id: 'for-all-values-passes-when-absent',
      severity: 'warning',
      title: 'ForAllValues is true when the key is absent.',
      fix: `Use ${parsed.base} without the prefix: ${claim === 'amr' ? 'or add a Null condition' : 'the claim has one value'}.`,
    };
  }
  const lets = effect === 'Allow' && takesWildcards(parsed.base) && !isNegated(parsed.base);
  if (claim === 'sub' && lets && values.some(matchesEverySubject)) {
    return {
      id: 'subject-matches-everything',
      severity: 'warning',
      title: 'The subject pattern lets every service account of the cluster assume the role.',
      fix: 'Name the namespace at least: system:serviceaccount:NAMESPACE:*.',
    };
  }
  return undefined;
};

const checkMissing = (statement: TrustStatement, hostPath: string): Omit<Finding, 'evidence'>[] => {
  const demands = (claim: string): boolean =>
    conditionsOf(statement).some(({ operator, key }) => {
      const parsed = parseConditionOperator(operator);
      return (
        key.toLowerCase() === `${hostPath}:${claim}`.toLowerCase() &&
        parsed !== undefined &&
        parsed.base !== 'Null' &&
        !isNegated(parsed.base)
      );
    });
  const findings: Omit<Finding, 'evidence'>[] = [];
  if (!demands('sub')) {
    findings.push({
      id: 'subject-not-checked',
      severity: 'error',
      title: 'Nothing demands a subject: every service account of the cluster can assume the role.',
      fix: `Add StringEquals ${hostPath}:sub with the service accounts’ subjects.`,
    });
  }
  if (!demands('aud')) {
    findings.push({
      id: 'audience-not-checked',
      severity: 'warning',
      title:
        'Nothing demands an audience: a token made for another audience of the provider will do.',
      fix: `Add StringEquals ${hostPath}:aud sts.amazonaws.com.`,
    });
  }
  return findings;
};

const coversAssuming = ({ Action }: TrustStatement): boolean =>
  Action === undefined ||
  listOf(Action).some((action) =>
    matchWildcard(patternOf(action.toLowerCase()), 'sts:assumerolewithwebidentity'),
  );

/** Mistakes of one statement, read for one provider; empty for statements that do not concern it. */
export function checkTrustStatement(
  statement: TrustStatement,
  index: number,
  provider: { readonly arn: string; readonly hostPath: string },
): Finding[] {
  const where = `Statement[${String(index)}]${statement.Sid === undefined ? '' : ` (${statement.Sid})`}`;
  const allow = statement.Effect === 'Allow';
  const findings: Finding[] = [];
  if (allow && isEverybody(statement.Principal)) {
    findings.push({
      id: 'principal-wildcard',
      severity: 'error',
      title: 'The statement trusts everybody whom its conditions let through.',
      evidence: `${where}: Principal ${JSON.stringify(statement.Principal)}`,
      fix: `Write { "Federated": ${JSON.stringify(provider.arn)} }.`,
    });
  }
  if (!federatedPrincipals(statement.Principal).includes(provider.arn)) return findings;
  for (const condition of conditionsOf(statement)) {
    const finding = checkCondition(condition, statement.Effect, provider.hostPath);
    if (finding === undefined) continue;
    const { operator, key, values } = condition;
    findings.push({ ...finding, evidence: `${where}: ${operator} ${key} ${values.join(', ')}` });
  }
  // Who may only tag a session assumes no role by it.
  if (allow && coversAssuming(statement)) {
    for (const finding of checkMissing(statement, provider.hostPath)) {
      findings.push({ ...finding, evidence: where });
    }
  }
  return findings;
}
