const truths: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const lies: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/**
 * Go's `strconv.ParseBool`: undefined where that answers with an error.
 *
 * @see {@link https://pkg.go.dev/strconv#ParseBool | strconv.ParseBool}
 */
export function parseBool(text: string): boolean | undefined {
  if (truths.has(text)) return true;
  return lies.has(text) ? false : undefined;
}
