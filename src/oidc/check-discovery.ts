import type { Finding } from '../names/finding.js';
import { compareIssuers } from './check-issuer-url.js';
import { parseHttpsUrl } from './parse-https-url.js';
import { showValue } from './show-value.js';

type JsonObject = Readonly<Record<string, unknown>>;

const awsAlgorithms: readonly string[] = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];

const rebuild = 'Build the document with buildDiscoveryDocument().';

const show = (value: unknown): string => showValue(value, 300);

const stringsOf = (value: unknown): readonly string[] | undefined =>
  Array.isArray(value) && value.every((entry) => typeof entry === 'string') ? value : undefined;

const checkLists = (document: JsonObject): Finding[] => {
  const required: readonly (readonly [
    field: string,
    entries: readonly string[],
    severity: Finding['severity'],
  ])[] = [
    ['response_types_supported', ['id_token'], 'error'],
    ['subject_types_supported', ['public'], 'error'],
    ['id_token_signing_alg_values_supported', [], 'error'],
    // kube-apiserver's own document has no claims, and AWS was seen to take it all the same.
    ['claims_supported', ['aud', 'iat', 'iss', 'sub'], 'warning'],
  ];
  return required.flatMap(([field, entries, severity]): Finding[] => {
    const value = document[field];
    const list = stringsOf(value);
    if (list === undefined || list.length === 0) {
      return [
        {
          id: value === undefined ? 'discovery-field-missing' : 'discovery-field-type',
          severity: value === undefined ? severity : 'error',
          title: `The IAM User Guide requires ${field}, a list of strings.`,
          evidence: `${field}: ${show(value)}`,
          fix: rebuild,
        },
      ];
    }
    const lacking = entries.filter((entry) => !list.includes(entry));
    if (lacking.length === 0) return [];
    return [
      {
        id: 'discovery-value-missing',
        severity,
        title: `${field} has to list ${lacking.join(', ')}.`,
        evidence: `${field}: ${show(value)}`,
        fix: rebuild,
      },
    ];
  });
};

const checkJwksUri = (issuer: string, jwksUri: unknown): Finding[] => {
  if (jwksUri === undefined) {
    return [
      {
        id: 'discovery-jwks-uri-missing',
        severity: 'error',
        title: 'The document does not say where the keys are.',
        evidence: 'no jwks_uri',
        fix: rebuild,
      },
    ];
  }
  try {
    const url = new URL(
      parseHttpsUrl(typeof jwksUri === 'string' ? jwksUri : show(jwksUri), 'jwks_uri'),
    );
    const issuerHost = /^https:\/\/([^/]*)/.exec(issuer)?.[1]?.toLowerCase();
    if (url.host === issuerHost) return [];
    return [
      {
        id: 'discovery-jwks-uri-other-host',
        severity: 'info',
        title: 'The keys are on another host than the issuer, which is allowed.',
        evidence: show(jwksUri),
        fix: 'Nothing, if that is meant; a pinned thumbprint has to cover both hosts.',
      },
    ];
  } catch (error) {
    return [
      {
        id: 'discovery-jwks-uri-invalid',
        severity: 'error',
        title: error instanceof Error ? error.message : 'jwks_uri is no https URL.',
        evidence: show(jwksUri),
        fix: rebuild,
      },
    ];
  }
};

const checkAlgorithms = (listed: readonly string[], used: readonly string[]): Finding[] => {
  const findings: Finding[] = [];
  const report = (
    id: string,
    severity: Finding['severity'],
    title: string,
    algorithms: readonly string[],
  ): void => {
    if (algorithms.length === 0) return;
    findings.push({
      id,
      severity,
      title,
      evidence: algorithms.join(', ').slice(0, 300),
      fix: rebuild,
    });
  };
  report(
    'discovery-algorithm-not-listed',
    'error',
    'Published keys sign with an algorithm that id_token_signing_alg_values_supported does not list.',
    used.filter((alg) => !listed.includes(alg)),
  );
  report(
    'discovery-algorithm-unsupported',
    'warning',
    'The document lists algorithms that AWS does not verify.',
    listed.filter((alg) => !awsAlgorithms.includes(alg)),
  );
  report(
    'discovery-algorithm-without-key',
    'warning',
    'The document lists algorithms for which no key is published.',
    used.length === 0
      ? []
      : listed.filter((alg) => awsAlgorithms.includes(alg) && !used.includes(alg)),
  );
  report(
    'discovery-rs256-not-listed',
    'info',
    'OIDC Discovery wants RS256 to be listed even where no key signs with it; AWS and Kubernetes do not.',
    listed.includes('RS256') ? [] : listed,
  );
  return findings;
};

/** The discovery document against the issuer and against the algorithms of the published keys. */
export function checkDiscovery(
  document: JsonObject,
  issuer: string,
  usedAlgorithms: readonly string[],
): Finding[] {
  const { issuer: documented, jwks_uri: jwksUri, authorization_endpoint: endpoint } = document;
  const listed = stringsOf(document['id_token_signing_alg_values_supported']) ?? [];
  return [
    ...(typeof documented === 'string'
      ? compareIssuers(issuer, documented)
      : [
          {
            id: 'discovery-issuer-missing',
            severity: 'error' as const,
            title: 'The document does not name its issuer.',
            evidence: `issuer: ${show(documented)}`,
            fix: rebuild,
          },
        ]),
    ...checkJwksUri(issuer, jwksUri),
    ...checkLists(document),
    ...(listed.length === 0 ? [] : checkAlgorithms(listed, usedAlgorithms)),
    ...(endpoint === undefined
      ? [
          {
            id: 'discovery-authorization-endpoint-missing',
            severity: 'info' as const,
            title:
              'OIDC Discovery has an authorization_endpoint; kube-apiserver leaves it out, AWS does not miss it.',
            evidence: 'no authorization_endpoint',
            fix: 'Nothing, or build the document with the profile `aws`.',
          },
        ]
      : []),
  ];
}
