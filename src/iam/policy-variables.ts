import type { PolicyValue } from './match-condition.js';
import { patternOf, type PatternPiece } from './match-wildcard.js';
import type { ContextLookup } from './request-context.js';

/** `${*}`, `${?}` and `${$}` stand for the characters themselves. */
const literals = new Set(['*', '?', '$']);

/**
 * Replaces the policy variables of one condition value. Answers the key instead when its value is not known,
 * or is absent without a default: AWS does not say how such a statement ends.
 *
 * @see {@link https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html | IAM: policy variables}
 */
export function replacePolicyVariables(
  text: string,
  version: string | undefined,
  lookup: ContextLookup,
): PolicyValue | { readonly undecided: string } {
  // Policies of the older language version have no variables: the text stands as it is.
  if (version !== '2012-10-17' || !text.includes('${')) return { text, pattern: patternOf(text) };
  const pattern: PatternPiece[] = [];
  let plain = '';
  for (const piece of text.split(/(\$\{[^}]*\})/)) {
    const variable = /^\$\{([^,}]*)(?:,\s*'([^']*)'\s*)?\}$/.exec(piece);
    if (variable === null) {
      plain += piece;
      pattern.push(...patternOf(piece));
      continue;
    }
    const key = (variable[1] ?? '').trim();
    const values = literals.has(key) ? [key] : lookup(key);
    if (values === 'unknown' || values.length > 1) return { undecided: key };
    const value = values[0] ?? variable[2];
    if (value === undefined) return { undecided: key };
    plain += value;
    pattern.push({ text: value });
  }
  return { text: plain, pattern };
}
