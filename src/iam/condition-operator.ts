/** A condition operator, taken apart: `ForAnyValue:StringNotLikeIfExists` and its kin. */
export interface ConditionOperator {
  /** Canonical spelling without set prefix and `IfExists`. */
  readonly base: BaseOperator;
  readonly set?: 'ForAnyValue' | 'ForAllValues';
  readonly ifExists: boolean;
}

const baseOperators = [
  'StringEquals',
  'StringNotEquals',
  'StringEqualsIgnoreCase',
  'StringNotEqualsIgnoreCase',
  'StringLike',
  'StringNotLike',
  'NumericEquals',
  'NumericNotEquals',
  'NumericLessThan',
  'NumericLessThanEquals',
  'NumericGreaterThan',
  'NumericGreaterThanEquals',
  'DateEquals',
  'DateNotEquals',
  'DateLessThan',
  'DateLessThanEquals',
  'DateGreaterThan',
  'DateGreaterThanEquals',
  'Bool',
  'BinaryEquals',
  'IpAddress',
  'NotIpAddress',
  'ArnEquals',
  'ArnLike',
  'ArnNotEquals',
  'ArnNotLike',
  'Null',
] as const;

/** Every condition operator of IAM, without prefix and suffix. */
export type BaseOperator = (typeof baseOperators)[number];

const byLowerCase = new Map<string, BaseOperator>(
  baseOperators.map((name) => [name.toLowerCase(), name]),
);
const setPrefixes = { foranyvalue: 'ForAnyValue', forallvalues: 'ForAllValues' } as const;

/** Takes an operator apart; undefined when IAM has no such operator. */
export function parseConditionOperator(text: string): ConditionOperator | undefined {
  const match = /^(?:(foranyvalue|forallvalues):)?([a-z]+?)(ifexists)?$/.exec(text.toLowerCase());
  const base = byLowerCase.get(match?.[2] ?? '');
  if (match === null || base === undefined) return undefined;
  const ifExists = match[3] !== undefined;
  const prefix = match[1] as keyof typeof setPrefixes | undefined;
  if (base === 'Null' && (ifExists || prefix !== undefined)) return undefined;
  return prefix === undefined ? { base, ifExists } : { base, ifExists, set: setPrefixes[prefix] };
}

/** Whether the operator asks for the absence of a match, so that a missing key satisfies it. */
export function isNegated(base: BaseOperator): boolean {
  return base.includes('Not');
}

/** Whether the operator reads `*` and `?` as wildcards. */
export function takesWildcards(base: BaseOperator): boolean {
  return base.includes('Like') || base.startsWith('Arn');
}
