import { isNegated, type BaseOperator, type ConditionOperator } from './condition-operator.js';
import { matchIpAddress } from './match-ip-address.js';
import { matchWildcard, patternOf, type PatternPiece } from './match-wildcard.js';

/** A value of the policy, its variables replaced: the literal text, and the pattern for operators with wildcards. */
export interface PolicyValue {
  readonly text: string;
  readonly pattern: readonly PatternPiece[];
}

const compare = (base: BaseOperator, left: number, right: number): boolean => {
  if (Number.isNaN(left) || Number.isNaN(right)) return false;
  if (base.endsWith('LessThan')) return left < right;
  if (base.endsWith('LessThanEquals')) return left <= right;
  if (base.endsWith('GreaterThan')) return left > right;
  if (base.endsWith('GreaterThanEquals')) return left >= right;
  return left === right;
};

const toNumber = (text: string): number =>
  /^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(text.trim()) ? Number(text) : Number.NaN;

/** ISO 8601 as the W3C note has it, or seconds since the epoch. A time without a zone is UTC. */
const toTime = (text: string): number => {
  if (/^\d+(?:\.\d+)?$/.test(text) && text.length > 4) return Number(text) * 1000;
  if (
    !/^\d{4}(?:-\d\d(?:-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?)?)?)?$/.test(text)
  ) {
    return Number.NaN;
  }
  return Date.parse(text.includes('T') && !/(?:Z|[+-]\d\d:\d\d)$/.test(text) ? `${text}Z` : text);
};

/** ARN operators compare the six parts one by one, so that a wildcard in one part does not swallow a colon before the resource. */
const matchArn = (wanted: string, actual: string): boolean => {
  const split = (arn: string): string[] => {
    const parts = arn.split(':');
    return [...parts.slice(0, 5), parts.slice(5).join(':')];
  };
  const [left, right] = [split(wanted), split(actual)];
  if (actual.split(':').length < 6) return false;
  return left.every((part, index) => matchWildcard(patternOf(part), right[index] ?? ''));
};

/** Whether one value of the request matches one value of the policy, negation left aside. */
const matchOne = (base: BaseOperator, wanted: PolicyValue, actual: string): boolean => {
  switch (base) {
    case 'StringEquals':
    case 'StringNotEquals':
    case 'BinaryEquals':
      return wanted.text === actual;
    case 'StringEqualsIgnoreCase':
    case 'StringNotEqualsIgnoreCase':
      return wanted.text.toLowerCase() === actual.toLowerCase();
    case 'StringLike':
    case 'StringNotLike':
      return matchWildcard(wanted.pattern, actual);
    case 'Bool':
      return wanted.text.toLowerCase() === actual.toLowerCase();
    case 'IpAddress':
    case 'NotIpAddress':
      return matchIpAddress(wanted.text, actual);
    case 'ArnEquals':
    case 'ArnLike':
    case 'ArnNotEquals':
    case 'ArnNotLike':
      return matchArn(wanted.text, actual);
    case 'NumericEquals':
    case 'NumericNotEquals':
    case 'NumericLessThan':
    case 'NumericLessThanEquals':
    case 'NumericGreaterThan':
    case 'NumericGreaterThanEquals':
      return compare(base, toNumber(actual), toNumber(wanted.text));
    case 'DateEquals':
    case 'DateNotEquals':
    case 'DateLessThan':
    case 'DateLessThanEquals':
    case 'DateGreaterThan':
    case 'DateGreaterThanEquals':
      return compare(base, toTime(actual), toTime(wanted.text));
    case 'Null':
      return false;
  }
};

/**
 * Whether a condition holds for a key whose state is known.
 *
 * @param actual - the values of the request; undefined or empty when the key is absent
 * @see {@link https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html | IAM: condition operators}
 * @see {@link https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html | IAM: single-valued and multivalued context keys}
 */
export function matchCondition(
  operator: ConditionOperator,
  wanted: readonly PolicyValue[],
  actual: readonly string[] | undefined,
): boolean {
  const { base, set, ifExists } = operator;
  const absent = actual === undefined || actual.length === 0;
  // Null: "true" asks for absence, "false" for presence.
  if (base === 'Null') return wanted.some(({ text }) => (text.toLowerCase() === 'true') === absent);
  const negated = isNegated(base);
  if (absent) {
    if (ifExists || set === 'ForAllValues') return true;
    return negated && set === undefined;
  }
  const fits = (value: string): boolean =>
    wanted.some((candidate) => matchOne(base, candidate, value)) !== negated;
  if (set === 'ForAllValues') return actual.every(fits);
  return actual.some(fits);
}
