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

/** Values by literal, a branch for each character. */
interface LiteralTrie<T> {
  value?: T;
  readonly next: Map<string, LiteralTrie<T>>;
}

const emptyTrie = <T>(): LiteralTrie<T> => ({ next: new Map() });

const slotIn = <T>(trie: LiteralTrie<T>, literal: string, make: () => T): T => {
  let node = trie;
  for (const unit of literal.split('')) {
    const known = node.next.get(unit) ?? emptyTrie<T>();
    node.next.set(unit, known);
    node = known;
  }
  return (node.value ??= make());
};

/** Adds the values whose literal stands anywhere in the text, in one walk however many literals there are. */
const collect = <T>(trie: LiteralTrie<T>, text: string, found: Set<T>): void => {
  if (trie.value !== undefined) found.add(trie.value);
  for (let start = 0; start < text.length; start += 1) {
    let node = trie.next.get(text.charAt(start));
    for (let at = start + 1; node !== undefined; at += 1) {
      if (node.value !== undefined) found.add(node.value);
      node = node.next.get(text.charAt(at));
    }
  }
};

const longest = (texts: readonly string[]): string =>
  texts.reduce((best, text) => (text.length > best.length ? text : best), '');

/** Values by pattern, such that a look-up sees only those whose literal begin, end and longest part between fit. */
export class WildcardIndex<T extends object> {
  readonly #exact = new Map<string, T>();
  /** By `BEGIN*END`; neither part holds a wildcard, so that each pair has a key of its own. */
  readonly #byEnds = new Map<string, LiteralTrie<T>>();
  /** A look-up cuts a text once for each pair of lengths that patterns have, however many patterns there are. */
  readonly #lengths = new Map<string, { readonly begin: number; readonly end: number }>();

  /** The value kept where this pattern belongs; patterns with equal literal parts share one. */
  slot(pattern: string, make: () => T): T {
    if (!hasWildcard(pattern)) {
      const known = this.#exact.get(pattern) ?? make();
      this.#exact.set(pattern, known);
      return known;
    }
    const begin = pattern.slice(0, pattern.search(/[*?]/));
    const end = pattern.slice(Math.max(pattern.lastIndexOf('*'), pattern.lastIndexOf('?')) + 1);
    const key = `${begin}*${end}`;
    const trie = this.#byEnds.get(key) ?? emptyTrie<T>();
    this.#byEnds.set(key, trie);
    const lengths = { begin: begin.length, end: end.length };
    this.#lengths.set(`${lengths.begin} ${lengths.end}`, lengths);
    return slotIn(trie, longest(pattern.split(/[*?]/).slice(1, -1)), make);
  }

  /** The values whose patterns may match; the patterns themselves are still to be tried. */
  candidates(text: string): Set<T> {
    const found = new Set<T>();
    const exact = this.#exact.get(text);
    if (exact !== undefined) found.add(exact);
    for (const { begin, end } of this.#lengths.values()) {
      if (begin + end > text.length) continue;
      const rest = text.length - end;
      const trie = this.#byEnds.get(`${text.slice(0, begin)}*${text.slice(rest)}`);
      if (trie !== undefined) collect(trie, text.slice(begin, rest), found);
    }
    return found;
  }
}
