import { TrustPolicyError } from '../errors.js';
import { parseConditionOperator } from './condition-operator.js';
import { assertWithinLimit, iamLimits } from './limits.js';
import type { TrustPolicy } from './types.js';

const describe = (value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 120));
  if (typeof value !== 'object' && typeof value !== 'number' && typeof value !== 'boolean') {
    return `a ${typeof value}`;
  }
  return JSON.stringify(value).slice(0, 120);
};

const fail = (path: string, expected: string, actual: unknown, fix: string): TrustPolicyError =>
  new TrustPolicyError(
    `trust policy, ${path}: expected ${expected}, got ${describe(actual)}; ${fix}`,
    {
      path,
      expected,
      actual: describe(actual),
    },
  );

const grammar = 'compare it with the document that `aws iam get-role` shows';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const onlyFields = (
  value: Readonly<Record<string, unknown>>,
  allowed: readonly string[],
  path: string,
): void => {
  for (const field of Object.keys(value)) {
    if (allowed.includes(field)) continue;
    const fix =
      field === 'Resource' || field === 'NotResource'
        ? 'a trust policy has no Resource: the role itself is meant; remove the field'
        : 'remove the field, or correct its spelling (fields are case-sensitive)';
    throw fail(`${path}${field}`, `only ${allowed.join(', ')}`, field, fix);
  }
};

const assertTexts = (value: unknown, path: string): void => {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (list.length === 0 || !list.every((item) => typeof item === 'string' && item !== '')) {
    throw fail(path, 'a non-empty string or a list of them', value, grammar);
  }
};

const assertPrincipal = (value: unknown, path: string): void => {
  if (value === '*') return;
  if (!isRecord(value) || Object.keys(value).length === 0) {
    throw fail(
      path,
      '"*" or an object such as { "Federated": ARN }',
      value,
      'an IRSA role trusts { "Federated": the OIDC provider’s ARN }',
    );
  }
  onlyFields(value, ['AWS', 'Federated', 'Service', 'CanonicalUser'], `${path}.`);
  for (const [kind, names] of Object.entries(value)) assertTexts(names, `${path}.${kind}`);
};

const assertConditionValues = (values: unknown, path: string): void => {
  const list: readonly unknown[] = Array.isArray(values) ? values : [values];
  if (
    list.length === 0 ||
    !list.every((item) => ['string', 'number', 'boolean'].includes(typeof item))
  ) {
    throw fail(path, 'a string or a list of strings', values, grammar);
  }
};

const assertCondition = (condition: unknown, path: string): void => {
  if (!isRecord(condition)) throw fail(path, 'an object of operators', condition, grammar);
  for (const [operator, keys] of Object.entries(condition)) {
    if (parseConditionOperator(operator) === undefined) {
      throw fail(
        `${path}.${operator}`,
        'a condition operator of IAM',
        operator,
        'see IAM’s list of condition operators; IfExists is a suffix, ForAnyValue: a prefix',
      );
    }
    if (!isRecord(keys)) throw fail(`${path}.${operator}`, 'an object of keys', keys, grammar);
    for (const [key, values] of Object.entries(keys)) {
      assertConditionValues(values, `${path}.${operator}.${key}`);
    }
  }
};

const eitherOr = (
  statement: Readonly<Record<string, unknown>>,
  [plain, negated]: readonly [string, string],
  path: string,
): void => {
  if ((statement[plain] === undefined) !== (statement[negated] === undefined)) return;
  throw fail(path, `either ${plain} or ${negated}`, Object.keys(statement).join(', '), grammar);
};

const assertStatement = (statement: unknown, path: string): void => {
  if (!isRecord(statement)) throw fail(path, 'an object', statement, grammar);
  onlyFields(
    statement,
    ['Sid', 'Effect', 'Principal', 'NotPrincipal', 'Action', 'NotAction', 'Condition'],
    `${path}.`,
  );
  const { Sid, Effect, Principal, NotPrincipal, Action, NotAction, Condition } =
    statement as Record<string, unknown>;
  if (Sid !== undefined && (typeof Sid !== 'string' || !/^[A-Za-z0-9]*$/.test(Sid))) {
    throw fail(`${path}.Sid`, 'letters and digits', Sid, 'IAM takes no other characters in a Sid');
  }
  if (Effect !== 'Allow' && Effect !== 'Deny') {
    throw fail(`${path}.Effect`, '"Allow" or "Deny"', Effect, 'the value is case-sensitive');
  }
  eitherOr(statement, ['Principal', 'NotPrincipal'], path);
  eitherOr(statement, ['Action', 'NotAction'], path);
  if (Principal !== undefined) assertPrincipal(Principal, `${path}.Principal`);
  if (NotPrincipal !== undefined) assertPrincipal(NotPrincipal, `${path}.NotPrincipal`);
  if (Action !== undefined) assertTexts(Action, `${path}.Action`);
  if (NotAction !== undefined) assertTexts(NotAction, `${path}.NotAction`);
  if (Condition !== undefined) assertCondition(Condition, `${path}.Condition`);
};

const parseJson = (text: string): unknown => {
  const bare = text.replace(/^\uFEFF/, '').trim();
  try {
    // GetRole answers the document URL-encoded (RFC 3986).
    return JSON.parse(/^%7b/i.test(bare) ? decodeURIComponent(bare) : bare) as unknown;
  } catch (cause) {
    const error = fail(
      'document',
      'a JSON object',
      bare.slice(0, 40),
      'check for a trailing comma or a cut-off copy',
    );
    throw new TrustPolicyError(error.message, { cause, path: 'document' });
  }
};

/**
 * Reads a trust policy: an object, its JSON text, or the URL-encoded text that IAM's `GetRole` answers.
 * A single statement becomes a list of one; nothing else is changed.
 *
 * @throws {@link TrustPolicyError} `ERR_TRUST_POLICY` when IAM would call it malformed
 * @throws {@link IamLimitError} `ERR_IAM_LIMIT` when it is longer than any role's trust policy can be
 * @example
 * ```ts
 * import { parseTrustPolicy } from 'irsa/iam';
 * const policy = parseTrustPolicy('{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}}');
 * console.log(policy.Statement.length); // 1
 * ```
 * @see {@link https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html | IAM: grammar of the JSON policy language}
 */
export function parseTrustPolicy(input: unknown): TrustPolicy {
  const document = typeof input === 'string' ? parseJson(input) : input;
  if (!isRecord(document)) {
    throw fail(
      'document',
      'a policy object',
      document,
      'pass the AssumeRolePolicyDocument of a role',
    );
  }
  // A cycle or a BigInt is a wrong value like any other, not a crash.
  let length: number;
  try {
    length = JSON.stringify(document).length;
  } catch (cause) {
    throw new TrustPolicyError(
      'trust policy, document: expected plain JSON, got a value that JSON cannot express; pass the parsed document',
      { cause, path: 'document' },
    );
  }
  assertWithinLimit(
    'length of a role trust policy (characters, white space not counted)',
    length,
    iamLimits.trustPolicyLengthMax,
    'share the role’s duties among several roles, or use a wildcard for many service accounts',
  );
  onlyFields(document, ['Version', 'Id', 'Statement'], '');
  const { Version, Id, Statement } = document as Record<string, unknown>;
  if (Version !== undefined && Version !== '2012-10-17' && Version !== '2008-10-17') {
    throw fail(
      'Version',
      '"2012-10-17"',
      Version,
      'it is the version of the language, not a date of yours',
    );
  }
  if (Id !== undefined && typeof Id !== 'string') throw fail('Id', 'a string', Id, grammar);
  if (Statement === undefined) throw fail('Statement', 'a list of statements', undefined, grammar);
  const statements: readonly unknown[] = Array.isArray(Statement) ? Statement : [Statement];
  const sids = new Set<unknown>();
  for (const [index, statement] of statements.entries()) {
    const path = `Statement[${String(index)}]`;
    assertStatement(statement, path);
    const sid = isRecord(statement) ? statement['Sid'] : undefined;
    if (sid !== undefined && sid !== '' && sids.has(sid)) {
      throw fail(`${path}.Sid`, 'a Sid that no other statement has', sid, 'rename one of the two');
    }
    sids.add(sid);
  }
  return { ...document, Statement: statements } as unknown as TrustPolicy;
}
