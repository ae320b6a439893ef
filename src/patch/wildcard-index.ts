/** Whether a pattern holds `*` (any text) or `?` (one character). */
export const hasWildcard = (pattern: string): boolean => /[*?]/.test(pattern);

/** Whether a text matches a pattern of literals, `*` and `?`, in time proportional to the product of their lengths at most. */
export const matchesPattern = (text: string, pattern: string): boolean => {
  let at = 0;
  let next = 0;
  let star = -1;
  let resume = 0;
  while (at < text.length) {
    if (pattern[next] === '*') {
      star = next;
      resume = at;
      next += 1;
    } else if (pattern[next] === '?' || pattern[next] === text[at]) {
      at += 1;
      next += 1;
    } else if (star >= 0) {
      resume += 1;
      at = resume;
      next = star + 1;
    } else {
      return false;
    }
  }
  while (pattern[next] === '*') next += 1;
  return next === pattern.length;
};

/** Values by pattern, such that a look-up sees only those whose literal begin and end fit. */
export class WildcardIndex<T> {
  readonly #exact = new Map<string, T>();
  /** By `BEGIN*END`; neither part holds a wildcard, so that each pair has a key of its own. */
  readonly #byEnds = new Map<string, T>();
  /** A look-up cuts a text once for each pair of lengths that patterns have, however many patterns there are. */
  readonly #lengths = new Map<string, { readonly begin: number; readonly end: number }>();

  /** The value kept where this pattern belongs; patterns with equal literal ends share one. */
  slot(pattern: string, make: () => T): T {
    if (!hasWildcard(pattern)) {
      const known = this.#exact.get(pattern) ?? make();
      this.#exact.set(pattern, known);
      return known;
    }
    const begin = pattern.slice(0, pattern.search(/[*?]/));
    const end = pattern.slice(Math.max(pattern.lastIndexOf('*'), pattern.lastIndexOf('?')) + 1);
    const key = `${begin}*${end}`;
    const known = this.#byEnds.get(key) ?? make();
    this.#byEnds.set(key, known);
    const lengths = { begin: begin.length, end: end.length };
    this.#lengths.set(`${lengths.begin} ${lengths.end}`, lengths);
    return known;
  }

  /** The values whose patterns may match; the patterns themselves are still to be tried. */
  candidates(text: string): T[] {
    const found: T[] = [];
    const exact = this.#exact.get(text);
    if (exact !== undefined) found.push(exact);
    for (const { begin, end } of this.#lengths.values()) {
      if (begin + end > text.length) continue;
      const value = this.#byEnds.get(`${text.slice(0, begin)}*${text.slice(text.length - end)}`);
      if (value !== undefined) found.push(value);
    }
    return found;
  }
}
