import { TokenError } from '../errors.js';

/** What a token says about itself. Nothing here is verified: good for messages, never for decisions about access. */
export interface UnverifiedToken {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

const longestToken = 20_000;

const fail = (actual: string, cause?: unknown): TokenError =>
  new TokenError(
    `web identity token: expected a JWT (three base64url parts joined by dots), got ${actual}; check that the file holds the projected token and nothing else`,
    { actual, expected: 'a JWT', cause },
  );

const parseJsonPart = (part: string, name: string): Readonly<Record<string, unknown>> => {
  let value: unknown;
  try {
    const binary = atob(part.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    // The parser's own message quotes the token's text, so it is not passed on.
    throw fail(`a ${name} that is not base64url of JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw fail(`a ${name} that is not a JSON object`);
  }
  return value as Readonly<Record<string, unknown>>;
};

/**
 * Reads header and claims of a JWT without checking its signature.
 *
 * @param token - compact JWS, at most 20,000 characters
 * @throws {@link TokenError} `ERR_TOKEN` for anything that is not a JWT; the message never holds the token
 * @example
 * ```ts
 * import { decodeUnverifiedToken } from 'irsa/credentials';
 * const part = (value: object) => btoa(JSON.stringify(value)).replace(/=+$/, '');
 * const token = `${part({ alg: 'RS256' })}.${part({ sub: 'system:serviceaccount:default:s3-echoer' })}.c2ln`;
 * decodeUnverifiedToken(token).claims['sub']; // system:serviceaccount:default:s3-echoer
 * ```
 * @see {@link https://www.rfc-editor.org/rfc/rfc7519#section-7.2 | RFC 7519, section 7.2}
 */
export function decodeUnverifiedToken(token: string): UnverifiedToken {
  const text: unknown = token;
  if (typeof text !== 'string') throw fail(`a ${typeof text}`);
  if (text.length > longestToken) {
    throw fail(`${text.length} characters, more than the ${longestToken} that STS takes`);
  }
  const parts = text.split('.');
  const [header, claims, signature] = parts;
  if (
    parts.length !== 3 ||
    header === undefined ||
    claims === undefined ||
    signature === undefined
  ) {
    throw fail(`${text.length} characters in ${parts.length} part(s)`);
  }
  const oddPart = [header, claims, signature].findIndex((part) => !/^[\w-]+$/.test(part));
  if (oddPart !== -1) {
    throw fail(`a ${['header', 'payload', 'signature'][oddPart] ?? 'part'} that is not base64url`);
  }
  return { header: parseJsonPart(header, 'header'), claims: parseJsonPart(claims, 'payload') };
}
