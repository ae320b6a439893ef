import {
  assertPolicyFits,
  assumeRoleWithWebIdentity,
  resolveBinding,
  trustStatement,
  type ResolvedBinding,
  type TrustPolicyOptions,
} from './build-trust-policy.js';
import { listOf } from './check-trust-statement.js';
import { closedStatement } from './closed-statement.js';
import { parseTrustPolicy } from './parse-trust-policy.js';
import { sameValue } from './same-value.js';
import type { ConditionValue, OneOrMany, TrustPolicy, TrustStatement } from './types.js';

/** What a statement of our own shape says; anything else in a statement makes it foreign. */
interface OwnStatement {
  readonly operator: 'StringEquals' | 'StringLike';
  readonly audience: string | null;
  readonly subjects: readonly string[];
}

const onlyText = (value: OneOrMany<ConditionValue> | undefined): string | undefined => {
  const [first, ...rest] = listOf(value);
  return rest.length === 0 && typeof first === 'string' ? first : undefined;
};

const readOwnStatement = (
  statement: TrustStatement,
  { providerArn, audienceKey, subjectKey }: ResolvedBinding,
): OwnStatement | undefined => {
  const { Effect, Principal, Action, Condition = {}, NotAction } = statement;
  if (Effect !== 'Allow' || Principal === undefined || Principal === '*') return undefined;
  if (Object.keys(Principal).join() !== 'Federated' || NotAction !== undefined) return undefined;
  if (onlyText(Principal['Federated']) !== providerArn) return undefined;
  if (onlyText(Action) !== assumeRoleWithWebIdentity) return undefined;
  const { StringEquals = {}, StringLike = {}, ...rest } = Condition;
  if (Object.keys(rest).length > 0) return undefined;
  const { [audienceKey]: audiences, [subjectKey]: exact, ...others } = StringEquals;
  const { [subjectKey]: wild, ...strangers } = StringLike;
  if (Object.keys({ ...others, ...strangers }).length > 0) return undefined;
  if ((exact === undefined) === (wild === undefined)) return undefined;
  const audience = audiences === undefined ? null : onlyText(audiences);
  if (audience === undefined) return undefined;
  return {
    operator: exact === undefined ? 'StringLike' : 'StringEquals',
    audience,
    subjects: listOf(exact ?? wild).map(String),
  };
};

/** The same statement with other subjects; all its other bytes stay. */
const withSubjects = (
  statement: TrustStatement,
  { operator }: OwnStatement,
  subjectKey: string,
  subjects: readonly string[],
): TrustStatement => ({
  ...statement,
  Condition: {
    ...statement.Condition,
    [operator]: {
      ...statement.Condition?.[operator],
      [subjectKey]: subjects.length === 1 ? (subjects[0] ?? '') : subjects,
    },
  },
});

/**
 * Adds service accounts to a trust policy. Subjects join the statement of the same issuer and audience, or a new one;
 * statements of any other shape are left alone. What is bound already changes nothing.
 *
 * @throws the errors of `buildTrustPolicy` and `parseTrustPolicy`
 * @example
 * ```ts
 * import { bindServiceAccounts, buildTrustPolicy } from 'irsa/iam';
 * const blue = { issuer: 'https://blue.example.com', accountId: '111122223333' };
 * const green = { issuer: 'https://green.example.com', accountId: '111122223333' };
 * const subjects = [{ namespace: 'default', name: 's3-echoer' }];
 * const both = bindServiceAccounts(buildTrustPolicy({ ...blue, subjects }), { ...green, subjects });
 * console.log(both.Statement.length); // 2
 * ```
 */
export function bindServiceAccounts(
  policy: TrustPolicy | string,
  options: TrustPolicyOptions,
): TrustPolicy {
  const binding = resolveBinding(options);
  const parsed = parseTrustPolicy(policy);
  const closed = closedStatement(binding.providerArn);
  const statements = parsed.Statement.filter((statement) => !sameValue(statement, closed));
  const own = statements.map((statement) => readOwnStatement(statement, binding));
  for (const kind of ['exact', 'wild'] as const) {
    // A name matches itself under either operator; under StringEquals a pattern matches only its own letters.
    const bound = new Set(
      own.flatMap((read) =>
        read?.audience === binding.audience && (kind === 'exact' || read.operator === 'StringLike')
          ? read.subjects
          : [],
      ),
    );
    const missing = binding[kind].filter((subject) => !bound.has(subject));
    if (missing.length === 0) continue;
    const operator = kind === 'exact' ? 'StringEquals' : 'StringLike';
    const index = own.findIndex(
      (read) => read?.operator === operator && read.audience === binding.audience,
    );
    const [statement, read] = [statements[index], own[index]];
    if (statement === undefined || read === undefined) {
      statements.push(trustStatement(binding, kind, missing));
    } else {
      const subjects = [...read.subjects, ...missing];
      statements[index] = withSubjects(statement, read, binding.subjectKey, subjects);
    }
  }
  return assertPolicyFits({ ...parsed, Statement: statements });
}

/** What {@link unbindServiceAccounts} needs. */
export interface UnbindOptions extends Omit<TrustPolicyOptions, 'audience'> {
  /** Unbind from statements with this audience only; `null` for those without one. Default: whatever the audience. */
  readonly audience?: string | null;
}

/**
 * Takes service accounts out of a trust policy, the opposite of `bindServiceAccounts`. A statement that loses its last
 * subject goes; a policy that loses its last statement gets one that denies, because a role's trust policy cannot be empty.
 * Statements of any other shape are left alone even when they let the subject in: ask `evaluateTrustPolicy`.
 *
 * @throws the errors of `buildTrustPolicy` and `parseTrustPolicy`
 * @example
 * ```ts
 * import { buildTrustPolicy, unbindServiceAccounts } from 'irsa/iam';
 * const binding = {
 *   issuer: 'https://oidc.example.com',
 *   accountId: '111122223333',
 *   subjects: [{ namespace: 'default', name: 's3-echoer' }],
 * };
 * console.log(unbindServiceAccounts(buildTrustPolicy(binding), binding).Statement[0]?.Effect); // Deny
 * ```
 */
export function unbindServiceAccounts(
  policy: TrustPolicy | string,
  options: UnbindOptions,
): TrustPolicy {
  const { audience, ...rest } = options;
  const binding = resolveBinding(rest);
  const gone = new Set([...binding.exact, ...binding.wild]);
  const parsed = parseTrustPolicy(policy);
  const statements = parsed.Statement.flatMap((statement): TrustStatement[] => {
    const read = readOwnStatement(statement, binding);
    if (read === undefined || (audience !== undefined && read.audience !== audience)) {
      return [statement];
    }
    const kept = read.subjects.filter((subject) => !gone.has(subject));
    if (kept.length === read.subjects.length) return [statement];
    return kept.length === 0 ? [] : [withSubjects(statement, read, binding.subjectKey, kept)];
  });
  if (statements.length === 0 && parsed.Statement.length > 0) {
    statements.push(closedStatement(binding.providerArn));
  }
  return { ...parsed, Statement: statements };
}
