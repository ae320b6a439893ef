import { AdmissionReviewError } from '../errors.js';

/** What is followed by the array that is stepped over. */
const name = new TextEncoder().encode('"managedFields":');
const quote = 0x22;
const backslash = 0x5c;
const openingBracket = 0x5b;
const closingBracket = 0x5d;

/** A byte order mark is no JSON, and is kept so that it is refused. */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Whether the name stands before a position. */
const isNamed = (bytes: Uint8Array, at: number): boolean => {
  let index = name.length - 1;
  // From the end: few names end as this one does.
  while (index >= 0 && bytes[at - name.length + index] === name[index]) index -= 1;
  return index < 0;
};

/** Where the array ends whose first entry may begin at `from`; -1 where it does not. */
const endOfArray = (bytes: Uint8Array, from: number): number => {
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
};

/** The text without the entries of `managedFields`. */
const withoutManagedFields = (bytes: Uint8Array): string => {
  let text = '';
  let kept = 0;
  for (let at = bytes.indexOf(openingBracket); at !== -1;) {
    if (isNamed(bytes, at)) {
      const end = endOfArray(bytes, at + 1);
      if (end === -1) break;
      text += utf8.decode(bytes.subarray(kept, at + 1));
      kept = end;
      at = end;
    }
    at = bytes.indexOf(openingBracket, at + 1);
  }
  return text + utf8.decode(bytes.subarray(kept));
};

/**
 * Parses the body of an admission request without the entries of `managedFields`, which are half of what the API server sends and
 * which no decision reads: about twice as fast as `JSON.parse`, and for {@link reviewPod} the same.
 *
 * @param body - the JSON text, or its bytes in UTF-8
 * @throws {@link AdmissionReviewError} `ERR_ADMISSION_REVIEW` with the path `body` for what is not JSON; it quotes nothing of the body
 * @example
 * ```ts
 * import { parseReviewBody } from 'irsa/patch';
 * const body = '{"request":{"object":{"metadata":{"name":"app","managedFields":[{"manager":"kubectl"}]}}}}';
 * console.log(JSON.stringify(parseReviewBody(body)));
 * // {"request":{"object":{"metadata":{"name":"app","managedFields":[]}}}}
 * ```
 * @see {@link https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management | Kubernetes: field management}
 */
export function parseReviewBody(body: string | Uint8Array): unknown {
  const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
  try {
    return JSON.parse(withoutManagedFields(bytes)) as unknown;
  } catch {
    // The parser's own message quotes the body, which may hold secrets.
    const unit = typeof body === 'string' ? 'characters' : 'bytes';
    const expected = 'an AdmissionReview as JSON';
    const actual = body.length === 0 ? 'an empty body' : `${body.length} ${unit} that are not JSON`;
    throw new AdmissionReviewError(
      `expected ${expected}, got ${actual}; send the AdmissionReview as the API server makes it`,
      { path: 'body', expected, actual },
    );
  }
}
