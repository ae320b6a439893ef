/**
 * One pattern of IAM, in pieces that cannot be confused: text is literal, `any` is `*`, `one` is `?`.
 * (`${*}` in a policy is literal text, so a plain string would not do.)
 */
export type PatternPiece = 'any' | 'one' | { readonly text: string };

/** Reads `*` and `?` of a plain string as wildcards. */
export function patternOf(text: string): PatternPiece[] {
  return text
    .split(/([*?])/)
    .filter((piece) => piece !== '')
    .map((piece) => (piece === '*' ? 'any' : piece === '?' ? 'one' : { text: piece }));
}

/** Whether the whole value fits the pattern; linear backtracking (only to the last `*`), so hostile patterns cost no more than pattern × value. */
export function matchWildcard(pattern: readonly PatternPiece[], value: string): boolean {
  const tokens = pattern.flatMap((piece): ('any' | 'one' | { readonly text: string })[] =>
    typeof piece === 'string' ? [piece] : Array.from(piece.text, (text) => ({ text })),
  );
  // By code point: `?` is one character, not half of a surrogate pair.
  const characters = Array.from(value);
  let at = 0;
  let token = 0;
  let star = -1;
  let resume = 0;
  while (at < characters.length) {
    const wanted = tokens[token];
    if (wanted === 'any') {
      star = token;
      resume = at;
      token += 1;
    } else if (wanted === 'one' || (wanted !== undefined && wanted.text === characters[at])) {
      token += 1;
      at += 1;
    } else if (star >= 0) {
      token = star + 1;
      resume += 1;
      at = resume;
    } else {
      return false;
    }
  }
  return tokens.slice(token).every((rest) => rest === 'any');
}
