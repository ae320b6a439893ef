import { ArnError } from '../errors.js';
import { parseArn } from '../names/arn.js';
import { assumeRoleWithWebIdentity } from './build-trust-policy.js';
import {
  checkTrustStatement,
  conditionsOf,
  federatedPrincipals,
  isEverybody,
  listOf,
} from './check-trust-statement.js';
import { parseConditionOperator } from './condition-operator.js';
import { matchCondition, type PolicyValue } from './match-condition.js';
import { matchWildcard, patternOf } from './match-wildcard.js';
import { parseTrustPolicy } from './parse-trust-policy.js';
import { replacePolicyVariables } from './policy-variables.js';
import { createContextLookup, type ContextLookup } from './request-context.js';
import type { TrustDecision, TrustPolicy, TrustReason, TrustStatement } from './types.js';

/** Who asks: what {@link evaluateTrustPolicy} needs besides the policy. */
export interface TrustRequest {
  /** ARN of the IAM OIDC provider that vouches for the token. */
  readonly providerArn: string;
  /** The token's claims, already verified; `sub`, `aud`, `azp` and `amr` are read. */
  readonly claims: Readonly<Record<string, unknown>>;
  /**
   * Values of further condition keys, such as `sts:RoleSessionName` or `aws:SourceIp`; `null` says that the key is absent.
   * A key that is not named here is not known, and a condition on it leaves the answer undecided.
   */
  readonly context?: Readonly<Record<string, string | readonly string[] | null>>;
  /** The time of the request, for `aws:CurrentTime` and `aws:EpochTime`. */
  readonly now?: Date;
}

type Verdict = Omit<TrustReason, 'statement' | 'sid' | 'effect'>;

const judgeCondition = (
  condition: {
    readonly operator: string;
    readonly key: string;
    readonly values: readonly string[];
  },
  version: string | undefined,
  lookup: ContextLookup,
): { readonly verdict: Verdict; readonly undecided?: string } => {
  const { operator, key, values } = condition;
  const base = { element: 'Condition', operator, key, expected: values } as const;
  const undecided = (unknown: string, why: string): ReturnType<typeof judgeCondition> => ({
    undecided: unknown,
    verdict: { ...base, outcome: 'undecided', message: `${operator} ${key}: ${why}` },
  });
  const actual = lookup(key);
  if (actual === 'unknown') return undecided(key, 'the key’s value is not known offline');
  const parsed = parseConditionOperator(operator);
  const wanted: PolicyValue[] = [];
  for (const value of values) {
    const replaced = replacePolicyVariables(value, version, lookup);
    if ('undecided' in replaced) {
      return undecided(
        replaced.undecided,
        `the variable \${${replaced.undecided}} is not known offline`,
      );
    }
    wanted.push(replaced);
  }
  if (actual.length > 1 && parsed?.set === undefined && parsed?.base !== 'Null') {
    return undecided(
      key,
      'the key has several values, and AWS does not say what an operator without ForAnyValue or ForAllValues makes of them',
    );
  }
  const holds = parsed !== undefined && matchCondition(parsed, wanted, actual);
  const found = actual.length === 0 ? 'the key is absent' : `the request has ${actual.join(', ')}`;
  return {
    verdict: {
      ...base,
      actual,
      outcome: holds ? 'applies' : 'does-not-apply',
      message: `${operator} ${key}: ${holds ? 'satisfied' : 'not satisfied'}, the policy asks for ${values.join(' or ')}, ${found}`,
    },
  };
};

/** Whether the statement is about this provider and this action; undefined when it is. */
const judgeScope = (statement: TrustStatement, providerArn: string): Verdict | undefined => {
  const { Effect, Principal, NotPrincipal, Action, NotAction } = statement;
  const actions = listOf(Action);
  const wanted = assumeRoleWithWebIdentity.toLowerCase();
  if (
    NotAction === undefined &&
    !actions.some((action) => matchWildcard(patternOf(action.toLowerCase()), wanted))
  ) {
    return {
      outcome: 'does-not-apply',
      element: 'Action',
      expected: actions,
      actual: [assumeRoleWithWebIdentity],
      message: `Action ${actions.join(', ')} does not cover ${assumeRoleWithWebIdentity}`,
    };
  }
  const principals = federatedPrincipals(Principal);
  // A Deny on everybody surely denies. Whether an Allow on everybody covers web identities, AWS's documents do not say.
  const everybody = isEverybody(Principal);
  if (NotPrincipal === undefined && !everybody && !principals.includes(providerArn)) {
    return {
      outcome: 'does-not-apply',
      element: 'Principal',
      expected: principals,
      actual: [providerArn],
      message: `Principal.Federated ${principals.length === 0 ? 'is not set' : `is ${principals.join(', ')}`}, the token’s provider is ${providerArn}`,
    };
  }
  const notEvaluated = (element: Verdict['element'], what: string): Verdict => ({
    outcome: 'not-evaluated',
    element,
    message: `${what} is not evaluated`,
  });
  if (NotPrincipal !== undefined) return notEvaluated('NotPrincipal', 'NotPrincipal');
  if (NotAction !== undefined) return notEvaluated('NotAction', 'NotAction');
  if (everybody && Effect === 'Allow' && !principals.includes(providerArn)) {
    return notEvaluated('Principal', 'an Allow for Principal *');
  }
  return undefined;
};

const judgeStatement = (
  statement: TrustStatement,
  version: string | undefined,
  request: { readonly providerArn: string; readonly lookup: ContextLookup },
): { readonly verdict: Verdict; readonly undecided: readonly string[] } => {
  const scope = judgeScope(statement, request.providerArn);
  if (scope?.outcome === 'does-not-apply') return { verdict: scope, undecided: [] };
  const judged = conditionsOf(statement).map((condition) =>
    judgeCondition(condition, version, request.lookup),
  );
  // One condition that surely fails settles the statement, whatever the others are.
  const failed = judged.find(({ verdict }) => verdict.outcome === 'does-not-apply');
  if (failed !== undefined) return { verdict: failed.verdict, undecided: [] };
  if (scope !== undefined) {
    const name = scope.element === 'Principal' ? 'Principal *' : scope.element;
    return {
      verdict: scope,
      undecided: [name, ...judged.flatMap(({ undecided }) => undecided ?? [])],
    };
  }
  const open = judged.find(({ undecided }) => undecided !== undefined);
  if (open !== undefined) {
    return { verdict: open.verdict, undecided: judged.flatMap(({ undecided }) => undecided ?? []) };
  }
  return {
    verdict: {
      outcome: 'applies',
      element: 'Statement',
      message: `every condition holds: ${statement.Effect === 'Allow' ? 'allowed' : 'denied'}`,
    },
    undecided: [],
  };
};

const hostPathOf = (providerArn: string): string => {
  const { service, resource } = parseArn(providerArn);
  const prefix = 'oidc-provider/';
  if (service === 'iam' && resource.startsWith(prefix)) return resource.slice(prefix.length);
  throw new ArnError(
    `providerArn: expected arn:PARTITION:iam::ACCOUNT:oidc-provider/HOST, got ${JSON.stringify(providerArn.slice(0, 300))}; use oidcProviderArn()`,
    {
      path: 'providerArn',
      expected: 'the ARN of an IAM OIDC provider',
      actual: providerArn.slice(0, 300),
    },
  );
};

const decide = (
  judged: readonly {
    readonly effect: 'Allow' | 'Deny';
    readonly outcome: TrustReason['outcome'];
    readonly undecided: readonly string[];
  }[],
): { readonly allowed: boolean; readonly undecided: readonly string[] } => {
  const having = (effect: string): typeof judged =>
    judged.filter((entry) => entry.effect === effect);
  const applies = (entries: typeof judged): boolean =>
    entries.some(({ outcome }) => outcome === 'applies');
  const open = (entries: typeof judged): string[] => entries.flatMap(({ undecided }) => undecided);
  const [denies, allows] = [having('Deny'), having('Allow')];
  if (applies(denies)) return { allowed: false, undecided: [] };
  if (applies(allows)) {
    const undecided = [...new Set(open(denies))];
    return { allowed: undecided.length === 0, undecided };
  }
  const undecided = open(allows);
  // No Allow can apply: a Deny that is open changes nothing.
  if (undecided.length === 0) return { allowed: false, undecided: [] };
  return { allowed: false, undecided: [...new Set([...undecided, ...open(denies)])] };
};

/**
 * What STS would answer from a role's trust policy to a web identity whose token it has verified: Deny beats Allow, all
 * conditions of a statement must hold, keys are compared without case. What cannot be known offline is said, not guessed.
 *
 * @param policy - an object, its JSON text, or the URL-encoded text of `GetRole`
 * @throws {@link TrustPolicyError} `ERR_TRUST_POLICY` when IAM would call the policy malformed
 * @throws {@link IamLimitError} `ERR_IAM_LIMIT` when it is longer than any trust policy can be
 * @throws {@link ArnError} `ERR_ARN` when `providerArn` is not that of an OIDC provider
 * @example
 * ```ts
 * import { buildTrustPolicy, evaluateTrustPolicy, oidcProviderArn } from 'irsa/iam';
 * const cluster = { issuer: 'https://oidc.example.com', accountId: '111122223333' };
 * const policy = buildTrustPolicy({ ...cluster, subjects: [{ namespace: 'default', name: 's3-echoer' }] });
 * const decision = evaluateTrustPolicy(policy, {
 *   providerArn: oidcProviderArn(cluster),
 *   claims: { sub: 'system:serviceaccount:default:other', aud: ['sts.amazonaws.com'] },
 * });
 * console.log(decision.allowed, decision.reasons[0]?.message);
 * ```
 * @see {@link https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html | IAM: policy evaluation logic}
 */
export function evaluateTrustPolicy(
  policy: TrustPolicy | string,
  request: TrustRequest,
): TrustDecision {
  const { providerArn, claims, context, now } = request;
  const hostPath = hostPathOf(providerArn);
  const { Version, Statement } = parseTrustPolicy(policy);
  const lookup = createContextLookup({ hostPath, claims, context, now });
  const judged = Statement.map((statement) =>
    judgeStatement(statement, Version, { providerArn, lookup }),
  );
  const reasons = judged.map(({ verdict }, index): TrustReason => ({
    statement: index,
    ...(Statement[index]?.Sid === undefined ? {} : { sid: Statement[index].Sid }),
    effect: Statement[index]?.Effect ?? 'Deny',
    ...verdict,
  }));
  const decision = decide(
    judged.map(({ verdict, undecided }, index) => ({
      effect: Statement[index]?.Effect ?? 'Deny',
      outcome: verdict.outcome,
      undecided,
    })),
  );
  if (!decision.allowed && !reasons.some(({ outcome }) => outcome !== 'does-not-apply')) {
    reasons.push({
      statement: -1,
      effect: 'Deny',
      outcome: 'applies',
      element: 'Statement',
      message: 'no statement allows the request, and what is not allowed is refused',
    });
  }
  return {
    ...decision,
    reasons,
    findings: Statement.flatMap((statement, index) =>
      checkTrustStatement(statement, index, { arn: providerArn, hostPath }),
    ),
  };
}
