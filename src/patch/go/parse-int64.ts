const bound = 9_223_372_036_854_775_808n;

/**
 * Go's `strconv.ParseInt(text, 10, 64)`: undefined where that answers with an error. Past 2^53 the result is the nearest double,
 * which is what any JSON reader in JavaScript makes of the same digits.
 *
 * @see {@link https://pkg.go.dev/strconv#ParseInt | strconv.ParseInt}
 */
export function parseInt64(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const isNegative = text.startsWith('-');
  // Zeros come off in a step of their own: one pattern for all would take quadratic time over a long run of them.
  const digits = text.replace(/^[+-]/, '').replace(/^0+(?=\d)/, '');
  if (digits.length > 19) return undefined;
  const magnitude = BigInt(digits);
  if (magnitude > (isNegative ? bound : bound - 1n)) return undefined;
  return Number(isNegative ? -magnitude : magnitude);
}
