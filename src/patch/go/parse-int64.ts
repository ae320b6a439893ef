const bound = 9_223_372_036_854_775_808n;

/**
 * Go's `strconv.ParseInt(text, 10, 64)`: undefined where that answers with an error. Past 2^53 the result is the nearest double,
 * which is what any JSON reader in JavaScript makes of the same digits.
 *
 * @see {@link https://pkg.go.dev/strconv#ParseInt | strconv.ParseInt}
 */
export function parseInt64(text: string): number | undefined {
  const match = /^([+-]?)0*(\d+)$/.exec(text);
  if (match === null) return undefined;
  const [, sign = '', digits = ''] = match;
  if (digits.length > 19) return undefined;
  const magnitude = BigInt(digits);
  if (magnitude > (sign === '-' ? bound : bound - 1n)) return undefined;
  const value = Number(magnitude);
  return sign === '-' && value !== 0 ? -value : value;
}
