import { IssuerError } from '../errors.js';

declare const issuerBrand: unique symbol;

/** The `iss` value: an https URL that {@link parseIssuer} has checked. Compared byte for byte, never normalised. */
export type Issuer = string & { readonly [issuerBrand]: true };

/** IAM's own bound on an OIDC provider URL. */
const maxIssuerLength = 255;

/** A name, an IPv4 or a bracketed IPv6 address, and perhaps a port. URL parsers forgive more: three slashes, empty labels, `*`. */
const authorityPattern = /^(?:[\w-]+(?:\.[\w-]+)*\.?|\[[\da-fA-F:.]+\])(?::\d*)?$/;

/** Whether an https URL names its host as every reader understands it. */
export const hasPlainHost = (url: string): boolean =>
  authorityPattern.test(/^https:\/\/([^/?#]*)/.exec(url)?.[1] ?? '');

const refuse = (actual: string, expected: string, fix: string): IssuerError =>
  new IssuerError(`issuer: expected ${expected}, got ${JSON.stringify(actual)}; ${fix}`, {
    actual,
    expected,
  });

/**
 * Checks an issuer URL and returns it unchanged, a trailing slash included: an issuer is compared byte for byte.
 *
 * @param value - an https URL without query, fragment or user information, at most 255 characters
 * @throws {@link IssuerError} `ERR_ISSUER`
 * @example
 * ```ts
 * import { parseIssuer } from 'irsa/oidc';
 * const issuer = parseIssuer('https://oidc.example.com/cluster-1');
 * ```
 * @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderMetadata | OpenID Connect Discovery 1.0, section 3}
 */
export function parseIssuer(value: string): Issuer {
  const text: unknown = value;
  if (typeof text !== 'string' || text === '') {
    throw refuse(String(text), 'an https URL', 'pass the cluster’s --service-account-issuer');
  }
  const shown = text.length > 300 ? `${text.slice(0, 300)}…` : text;
  // Control characters, spaces and non-ASCII letters are quietly stripped or re-coded by URL parsers; the verifiers compare bytes.
  if (!/^[\x21-\x7e]+$/.test(text)) {
    throw refuse(
      shown,
      'printable ASCII without spaces',
      'remove the white space, or write the host in punycode',
    );
  }
  if (!text.startsWith('https://')) {
    throw refuse(shown, 'a URL that begins with https://', 'AWS and OIDC take no other scheme');
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new IssuerError(
      `issuer: ${JSON.stringify(shown)} is not a URL; write https://HOST/PATH`,
      {
        cause,
        actual: shown,
        expected: 'an https URL',
      },
    );
  }
  if (
    text.includes('@') &&
    (url.username !== '' || url.password !== '' || /^https:\/\/[^/]*@/.test(text))
  ) {
    throw new IssuerError(
      'issuer: expected a URL without user information, got one with a user name or password; remove what stands before the @',
      { expected: 'no user information' },
    );
  }
  if (text.includes('?')) throw refuse(shown, 'no query', 'remove the ? and what follows');
  if (text.includes('#')) throw refuse(shown, 'no fragment', 'remove the # and what follows');
  if (text.includes('\\')) throw refuse(shown, 'no backslash', 'write / instead');
  if (!hasPlainHost(text)) {
    throw refuse(shown, 'a host after https://', 'write https://HOST or https://HOST/PATH');
  }
  if (text.length > maxIssuerLength) {
    throw refuse(
      shown,
      `at most ${String(maxIssuerLength)} characters (${String(text.length)} given)`,
      'IAM takes no longer provider URL',
    );
  }
  return text as Issuer;
}

/**
 * The issuer without `https://`, as IAM condition keys (`<issuerHostPath>:sub`) and provider ARNs write it.
 *
 * @example
 * ```ts
 * import { issuerHostPath, parseIssuer } from 'irsa/oidc';
 * issuerHostPath(parseIssuer('https://oidc.example.com/a')); // oidc.example.com/a
 * ```
 */
export function issuerHostPath(issuer: Issuer | string): string {
  return parseIssuer(issuer).slice('https://'.length);
}
