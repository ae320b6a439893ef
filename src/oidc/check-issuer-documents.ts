import type { Finding } from '../names/finding.js';
import type { Issuer } from '../names/issuer.js';
import { checkDiscovery } from './check-discovery.js';
import { checkIssuerUrl } from './check-issuer-url.js';
import { checkJwks } from './check-jwks.js';
import { readDocument, type PublishedDocument } from './fetched-document.js';

/** What {@link checkIssuerDocuments} needs. */
export interface CheckIssuerOptions {
  /** The `iss` of the tokens: the API server's first `--service-account-issuer`, as it is written there. */
  readonly issuer: Issuer | string;
  /** The discovery document; as text where possible, since doubled members are not to be seen in parsed JSON. */
  readonly discovery: PublishedDocument;
  /** The key set; as text where possible. */
  readonly jwks: PublishedDocument;
  /** Kids that have to be published, e.g. of the keys that sign. Default none. */
  readonly requireKids?: readonly string[];
}

const ranks = { error: 0, warning: 1, info: 2 } as const;

/**
 * Reads an issuer's published documents as the strictest known verifier does, and says in words what is wrong: a
 * mismatch of a single slash, a port, a doubled member, an algorithm that does not fit, a private key, …
 *
 * Nothing is thrown for bad documents; whatever they hold ends up in the findings, the worst first. An issuer of
 * `buildIssuerDocuments` has none but notes of severity `info`.
 *
 * @example
 * ```ts
 * import { checkIssuerDocuments } from 'irsa/oidc';
 * const findings = checkIssuerDocuments({
 *   issuer: 'https://oidc.example.com',
 *   discovery: '{"issuer":"https://oidc.example.com/"}',
 *   jwks: '<html>Not found</html>',
 * });
 * console.log(findings.map(({ id }) => id).slice(0, 2)); // [ 'jwks-not-json', 'issuer-trailing-slash' ]
 * ```
 * @see {@link https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfigurationValidation | OpenID Connect Discovery 1.0, section 4.3}
 */
export function checkIssuerDocuments(options: CheckIssuerOptions): Finding[] {
  const { issuer, requireKids = [] } = options;
  if (typeof issuer !== 'string') {
    throw new TypeError('checkIssuerDocuments: expected `issuer` to be a string');
  }
  const discovery = readDocument(options.discovery, 'discovery');
  const jwks = readDocument(options.jwks, 'jwks');
  const keys = jwks.content === undefined ? undefined : checkJwks(jwks.content, requireKids);
  const findings = [
    ...checkIssuerUrl(issuer),
    ...jwks.findings,
    ...discovery.findings,
    ...(discovery.content === undefined
      ? []
      : checkDiscovery(discovery.content, issuer, keys?.algorithms ?? [])),
    ...(keys?.findings ?? []),
  ];
  return findings.sort((a, b) => ranks[a.severity] - ranks[b.severity]);
}
