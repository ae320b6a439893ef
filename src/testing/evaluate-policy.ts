/** What a request asks for, in the terms of a permissions policy. */
export interface PolicyQuestion {
  /** E.g. `s3:PutObject`. */
  readonly action: string;
  /** E.g. `arn:aws:s3:::bucket/key`. */
  readonly resource: string;
  /** Values of condition keys, names in lower case. */
  readonly context: Readonly<Record<string, string>>;
  /** For resource policies: does the statement's principal mean the caller? Left out for identity policies. */
  readonly matchesPrincipal?: (principal: unknown) => boolean;
}

/** Nothing said, an allowance, or a refusal that no allowance outweighs. */
export type PolicyVerdict = 'implicit-deny' | 'allow' | 'explicit-deny';

type Statement = Readonly<Record<string, unknown>>;

const isRecord = (value: unknown): value is Statement =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const listed = (value: unknown): readonly unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

const matches = (pattern: unknown, text: string, ignoreCase: boolean): boolean => {
  const source = String(pattern)
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '[^]*')
    .replaceAll('?', '[^]');
  return new RegExp(`^${source}$`, ignoreCase ? 'i' : '').test(text);
};

/**
 * Judges a request by one permissions policy. Operators other than the string and Bool ones make an Allow not apply and a Deny
 * apply: a test fails closed.
 *
 * @see {@link https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html | IAM: policy evaluation logic}
 */
export function evaluatePolicy(document: string, question: PolicyQuestion): PolicyVerdict {
  const parsed: unknown = JSON.parse(document);
  const statements = (isRecord(parsed) ? listed(parsed['Statement']) : []).filter(isRecord);
  let verdict: PolicyVerdict = 'implicit-deny';
  for (const statement of statements) {
    const denies = statement['Effect'] === 'Deny';
    if (
      !names(statement, question) ||
      !conditionsHold(statement['Condition'], question.context, denies)
    )
      continue;
    if (denies) return 'explicit-deny';
    if (statement['Effect'] === 'Allow') verdict = 'allow';
  }
  return verdict;
}

function names(statement: Statement, question: PolicyQuestion): boolean {
  const { action, resource, matchesPrincipal } = question;
  const anyOf = (value: unknown, text: string, ignoreCase: boolean): boolean =>
    listed(value).some((pattern) => matches(pattern, text, ignoreCase));
  const actionNamed =
    statement['NotAction'] === undefined
      ? anyOf(statement['Action'], action, true)
      : !anyOf(statement['NotAction'], action, true);
  const resourceNamed =
    statement['NotResource'] === undefined
      ? anyOf(statement['Resource'], resource, false)
      : !anyOf(statement['NotResource'], resource, false);
  const principalNamed =
    matchesPrincipal === undefined ||
    (statement['NotPrincipal'] === undefined
      ? matchesPrincipal(statement['Principal'])
      : !matchesPrincipal(statement['NotPrincipal']));
  return actionNamed && resourceNamed && principalNamed;
}

function conditionsHold(
  condition: unknown,
  context: Readonly<Record<string, string>>,
  unknownHolds: boolean,
): boolean {
  if (!isRecord(condition)) return condition === undefined;
  return Object.entries(condition).every(([operator, block]) => {
    const plain = operator.replace(/^For(?:Any|All)Values:/, '').replace(/IfExists$/, '');
    return Object.entries(isRecord(block) ? block : {}).every(([key, wanted]) => {
      const actual = context[key.toLowerCase()];
      if (plain === 'Null')
        return listed(wanted)
          .map(String)
          .includes(String(actual === undefined));
      if (actual === undefined) return operator.endsWith('IfExists') || plain.includes('Not');
      const some = (test: (value: string) => boolean): boolean =>
        listed(wanted).map(String).some(test);
      switch (plain) {
        case 'StringEquals':
        case 'ArnEquals':
        case 'Bool':
          return some((value) =>
            plain === 'ArnEquals' ? matches(value, actual, false) : value === actual,
          );
        case 'StringNotEquals':
          return !some((value) => value === actual);
        case 'StringEqualsIgnoreCase':
          return some((value) => value.toLowerCase() === actual.toLowerCase());
        case 'StringLike':
        case 'ArnLike':
          return some((value) => matches(value, actual, false));
        case 'StringNotLike':
        case 'ArnNotLike':
          return !some((value) => matches(value, actual, false));
        default:
          return unknownHolds;
      }
    });
  });
}
