import { decodeBase64 } from './base64.js';

/** What a token's header says about its signature. */
export interface TokenHeader {
  readonly alg: string;
  /** Empty where the token names no key. */
  readonly kid: string;
}

/** A token's two JSON parts; nothing is verified. */
export interface ParsedToken {
  readonly header: TokenHeader;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** STS takes tokens of 4 to 20,000 characters. */
const maxTokenLength = 20_000;

const decodePart = (part: string): Readonly<Record<string, unknown>> | undefined => {
  const bytes = /^[\w-]+$/.test(part) ? decodeBase64(part) : undefined;
  if (bytes === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? { ...value }
      : undefined;
  } catch {
    return undefined;
  }
};

/**
 * Splits a compact JWS and reads its JSON; undefined for anything else.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7515#section-7.1 | RFC 7515, section 7.1}
 */
export function parseToken(token: unknown): ParsedToken | undefined {
  if (typeof token !== 'string' || token.length > maxTokenLength) return undefined;
  const [headerPart = '', claimsPart = '', signature = '', ...more] = token.split('.');
  if (!/^[\w-]+$/.test(signature) || more.length > 0) return undefined;
  const header = decodePart(headerPart);
  const claims = decodePart(claimsPart);
  const { alg, kid = '' } = header ?? {};
  if (claims === undefined || typeof alg !== 'string' || typeof kid !== 'string') return undefined;
  return { header: { alg, kid }, claims };
}
