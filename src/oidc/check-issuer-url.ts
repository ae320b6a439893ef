import type { Finding } from '../names/finding.js';
import { parseIssuer } from '../names/issuer.js';

const quote = (text: string): string => JSON.stringify(text.slice(0, 300));

const stripSlash = (url: string): string => (url.endsWith('/') ? url.slice(0, -1) : url);

const withoutPort = (url: string): string => url.replace(/^(https?:\/\/[^/:]+):\d+/, '$1');

const withoutQuery = (url: string): string => url.replace(/[?#].*$/s, '');

const withoutScheme = (url: string): string => url.replace(/^https?:/i, '');

const lower = (url: string): string => url.toLowerCase();

/** In which single way two issuers differ, if it is one of those that people overlook. */
const differences: readonly (readonly [id: string, word: string, same: (url: string) => string])[] =
  [
    ['issuer-trailing-slash', 'by a trailing slash', stripSlash],
    ['issuer-query', 'by a query or fragment', withoutQuery],
    ['issuer-case', 'by upper and lower case', lower],
    ['issuer-port', 'by a port', withoutPort],
    ['issuer-scheme', 'by the scheme', withoutScheme],
  ];

/** The document's `issuer` against the one that tokens carry: equal byte for byte, or nothing works (OIDC Discovery 4.3). */
export function compareIssuers(issuer: string, documented: string): Finding[] {
  if (issuer === documented) return [];
  const known = differences.find(([, , same]) => same(issuer) === same(documented));
  return [
    {
      id: known?.[0] ?? 'issuer-mismatch',
      severity: 'error',
      title: `The discovery document names another issuer than the tokens: they differ ${known?.[1] ?? 'altogether'}, and verifiers compare byte for byte.`,
      evidence: `issuer ${quote(issuer)}, document ${quote(documented)}`,
      fix: 'Write the same string into --service-account-issuer, the discovery document and the IAM OIDC provider.',
    },
  ];
}

/** What makes an issuer URL fail with some verifier, although OIDC allows it, or at all. */
export function checkIssuerUrl(issuer: string): Finding[] {
  const found = (
    id: string,
    severity: Finding['severity'],
    title: string,
    fix: string,
  ): Finding[] => [{ id, severity, title, evidence: quote(issuer), fix }];

  try {
    parseIssuer(issuer);
  } catch (error) {
    const id = /[?#]/.test(issuer)
      ? 'issuer-query'
      : issuer.startsWith('http://')
        ? 'issuer-scheme'
        : 'issuer-invalid';
    const title = error instanceof Error ? error.message : 'The issuer is no https URL.';
    return found(id, 'error', title, 'Choose an issuer that parseIssuer() accepts.');
  }
  const { hostname, pathname } = new URL(issuer);
  const authority = /^https:\/\/([^/]*)/.exec(issuer)?.[1] ?? '';
  const path = issuer.slice('https://'.length + authority.length);
  const checks: Finding[][] = [
    /:\d*$/.test(authority)
      ? found(
          'issuer-port',
          'error',
          'The issuer has a port, which IAM does not take in an OIDC provider.',
          'Serve the documents on port 443 and leave the port out.',
        )
      : [],
    /[A-Z]/.test(authority)
      ? found(
          'issuer-case',
          'error',
          'The host has upper-case letters: IAM and URL parsers lower them, tokens do not.',
          'Write the host in lower case.',
        )
      : [],
    issuer.endsWith('/')
      ? found(
          'issuer-ends-with-slash',
          'warning',
          'The issuer ends with a slash, which many tools drop or add.',
          'Choose an issuer without it, unless tokens are in use already.',
        )
      : [],
    // What a URL parser changes beyond the host's case, the port and the slash of a bare host.
    (path === '' ? '/' : path) !== pathname || pathname.includes('//')
      ? found(
          'issuer-not-normal',
          'error',
          'URL parsers, proxies or object stores rewrite this path (dot segments, escapes, empty segments), tokens do not.',
          'Choose a path of plain segments.',
        )
      : [],
    checkS3Host(hostname, found),
  ];
  return checks.flat();
}

const checkS3Host = (
  host: string,
  found: (id: string, severity: Finding['severity'], title: string, fix: string) => Finding[],
): Finding[] => {
  if (!/\.amazonaws\.(?:com|com\.cn|eu)$/.test(host)) return [];
  const anew =
    'Use s3Issuer() for a new issuer; an issuer that is in use is changed with planIssuerMigration().';
  if (/(?:^|\.)s3-website[.-]/.test(host)) {
    return found('issuer-s3-website', 'error', 'S3 website endpoints speak http only.', anew);
  }
  if (/^[^.]+\..*\.s3[.-]/.test(host)) {
    return found(
      'issuer-bucket-dots',
      'error',
      'The bucket’s name has dots, so that Amazon’s wildcard certificate does not cover the host.',
      anew,
    );
  }
  if (/(?:^|\.)s3\.amazonaws\.com$/.test(host) || /(?:^|\.)s3-[a-z]/.test(host)) {
    return found(
      'issuer-s3-legacy-host',
      'warning',
      'This is a legacy S3 host: outside us-east-1 it redirects, or newer regions lack it.',
      anew,
    );
  }
  return [];
};
