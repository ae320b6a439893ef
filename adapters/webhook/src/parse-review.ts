const managedFields = Buffer.from('"managedFields":[');
const quote = 0x22;
const backslash = 0x5c;
const openingBracket = 0x5b;
const closingBracket = 0x5d;

/**
 * Parses a review without the entries of `managedFields`: they are half of what the API server sends and nothing here reads them, and
 * `JSON.parse` is most of what a review costs (docs/adr/0705). Stepping over them is four times as fast.
 *
 * @throws SyntaxError for what is not JSON
 */
export function parseReview(bytes: Buffer): unknown {
  let text = '';
  let kept = 0;
  for (let found = bytes.indexOf(managedFields); found !== -1;) {
    const start = found + managedFields.length;
    const end = endOfArray(bytes, start);
    if (end === -1) break;
    text += bytes.toString('utf8', kept, start);
    kept = end;
    found = bytes.indexOf(managedFields, end);
  }
  return JSON.parse(text + bytes.toString('utf8', kept)) as unknown;
}

/** Where the array ends whose first entry may begin at `from`; -1 where it does not. */
function endOfArray(bytes: Buffer, from: number): number {
  let depth = 1;
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (byte === quote) {
      at += 1;
      while (at < bytes.length && bytes[at] !== quote) at += bytes[at] === backslash ? 2 : 1;
    } else if (byte === openingBracket) {
      depth += 1;
    } else if (byte === closingBracket) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  return -1;
}
