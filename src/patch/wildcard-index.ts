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

/** Values by a literal end of their patterns; only as many look-ups as there are different lengths of such ends. */
class EndIndex<T> {
  readonly #byEnd = new Map<string, T>();
  readonly #lengths = new Set<number>();
  readonly #cut: (text: string, length: number) => string;

  constructor(cut: (text: string, length: number) => string) {
    this.#cut = cut;
  }

  slot(end: string, make: () => T): T {
    const known = this.#byEnd.get(end);
    if (known !== undefined) return known;
    const made = make();
    this.#byEnd.set(end, made);
    this.#lengths.add(end.length);
    return made;
  }

  collect(text: string, into: T[]): void {
    for (const length of this.#lengths) {
      const value = length > text.length ? undefined : this.#byEnd.get(this.#cut(text, length));
      if (value !== undefined) into.push(value);
    }
  }
}

/** Values by pattern, such that a look-up sees only those whose literal begin or end fits. */
export class WildcardIndex<T> {
  readonly #exact = new Map<string, T>();
  readonly #byPrefix = new EndIndex<T>((text, length) => text.slice(0, length));
  readonly #bySuffix = new EndIndex<T>((text, length) => text.slice(text.length - length));

  /** The value kept where this pattern belongs; patterns with equal literal ends share one. */
  slot(pattern: string, make: () => T): T {
    if (!hasWildcard(pattern)) {
      const known = this.#exact.get(pattern) ?? make();
      this.#exact.set(pattern, known);
      return known;
    }
    const prefix = pattern.slice(0, pattern.search(/[*?]/));
    const suffix = pattern.slice(Math.max(pattern.lastIndexOf('*'), pattern.lastIndexOf('?')) + 1);
    return prefix.length >= suffix.length
      ? this.#byPrefix.slot(prefix, make)
      : this.#bySuffix.slot(suffix, make);
  }

  /** The values whose patterns may match; the patterns themselves are still to be tried. */
  candidates(text: string): T[] {
    const found: T[] = [];
    const exact = this.#exact.get(text);
    if (exact !== undefined) found.push(exact);
    this.#byPrefix.collect(text, found);
    this.#bySuffix.collect(text, found);
    return found;
  }
}
