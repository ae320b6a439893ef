import type { Finding } from '../names/finding.js';
import { decodeBase64 } from './base64.js';
import { curves } from './curves.js';
import { parseJwk } from './parse-jwk.js';
import { showValue } from './show-value.js';
import { UnsupportedKeyError } from './unsupported-key-error.js';

type JsonObject = Readonly<Record<string, unknown>>;

const rebuild = 'Build the set with readPublicKeys() and buildJwks().';

/** RFC 7518, sections 6.2.2, 6.3.2 and 6.4; `priv` is the one of ML-DSA. */
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const show = (value: unknown): string => showValue(value, 200);

/** What tells two keys apart, read from the members as they stand. */
const materialOf = (key: JsonObject): string =>
  show([key['kty'], key['crv'], key['n'], key['e'], key['x'], key['y']].map((value) => value ?? 0));

const lengthOf = (value: unknown): number | undefined =>
  typeof value === 'string' ? decodeBase64(value)?.length : undefined;

const startsWithZero = (value: unknown): boolean =>
  typeof value === 'string' && decodeBase64(value)?.[0] === 0;

/** One key on its own. */
const checkKey = (key: JsonObject, where: string): Finding[] => {
  const findings: Finding[] = [];
  const report = (
    id: string,
    severity: Finding['severity'],
    title: string,
    evidence: string,
    fix = rebuild,
  ): void => {
    findings.push({ id, severity, title, evidence: `${where}: ${evidence}`, fix });
  };
  const leaked = privateMembers.filter((member) => key[member] !== undefined);
  if (leaked.length > 0) {
    report(
      'jwks-private-key',
      'error',
      'A private key is published: whoever read it can be any service account.',
      `has ${leaked.join(', ')}`,
      'Take it down, then replace the key: planKeyRotation({ …, compromisedKids }).',
    );
  }
  try {
    parseJwk(key);
  } catch (error) {
    if (error instanceof UnsupportedKeyError) {
      const isAlgorithm = error.why.includes(' with alg ');
      report(
        isAlgorithm ? 'jwks-algorithm-mismatch' : 'jwks-key-unsupported',
        isAlgorithm ? 'error' : 'warning',
        isAlgorithm
          ? 'The key says an algorithm that does not fit its type, or that AWS does not verify.'
          : 'AWS does not take this kind of key: tokens that it signs are refused.',
        error.why,
      );
    } else {
      report(
        'jwks-key-damaged',
        'error',
        error instanceof Error ? error.message : 'The key is damaged.',
        show(key['kty']),
      );
    }
  }
  if (key['alg'] === undefined) {
    report(
      'jwks-algorithm-missing',
      'warning',
      'The key does not say its algorithm, which strict verifiers want.',
      'no alg',
    );
  }
  if (key['use'] === undefined) {
    report(
      'jwks-use-missing',
      'warning',
      'The key does not say that it is for signatures.',
      'no use',
    );
  }
  if (key['kty'] === 'RSA' && (startsWithZero(key['n']) || startsWithZero(key['e']))) {
    report(
      'jwks-number-not-minimal',
      'error',
      'RSA numbers have to be written in the fewest octets (RFC 7518, section 6.3.1).',
      'a leading zero octet',
    );
  }
  const size = curves.find(({ name }) => name === key['crv'])?.size;
  const lengths = [lengthOf(key['x']), lengthOf(key['y'])];
  if (key['kty'] === 'EC' && size !== undefined && lengths.some((length) => length !== size)) {
    report(
      'jwks-coordinate-length',
      'error',
      `Coordinates on ${show(key['crv'])} have exactly ${size} octets (RFC 7518, section 6.2.1).`,
      `${lengths.join(' and ')} octets`,
    );
  }
  return findings;
};

/** Names and numbers: what can only be seen in the whole set. */
const checkNames = (keys: readonly JsonObject[]): Finding[] => {
  const findings: Finding[] = [];
  const byKid = new Map<string, string>();
  const named = new Set(
    keys.filter(({ kid }) => typeof kid === 'string' && kid !== '').map(materialOf),
  );
  for (const [at, key] of keys.entries()) {
    const { kid } = key;
    const material = materialOf(key);
    if (kid === undefined || kid === '') {
      findings.push({
        id: 'jwks-empty-kid',
        severity: named.has(material) ? 'warning' : 'error',
        title: named.has(material)
          ? 'A key occurs once more without a kid: a relic of clusters before Kubernetes 1.16.'
          : 'A key has no kid, and tokens ask for their key by kid.',
        evidence: `keys[${at}]`,
        fix: named.has(material) ? 'Leave it out, unless such a cluster is left.' : rebuild,
      });
      continue;
    }
    if (typeof kid !== 'string') {
      findings.push({
        id: 'jwks-kid-type',
        severity: 'error',
        title: 'A kid has to be a string.',
        evidence: `keys[${at}]: ${show(kid)}`,
        fix: rebuild,
      });
      continue;
    }
    const earlier = byKid.get(kid);
    if (earlier !== undefined) {
      findings.push({
        id: earlier === material ? 'jwks-duplicate-key' : 'jwks-duplicate-kid',
        severity: earlier === material ? 'warning' : 'error',
        title:
          earlier === material
            ? 'The same key is published twice.'
            : 'Two different keys have one kid, and a verifier takes either.',
        evidence: show(kid),
        fix: rebuild,
      });
    }
    byKid.set(kid, material);
  }
  return findings;
};

/** The published key set on its own, and against the kids that have to be in it. */
export function checkJwks(
  document: JsonObject,
  requireKids: readonly string[],
): { findings: Finding[]; algorithms: readonly string[] } {
  const members: unknown = document['keys'];
  if (!Array.isArray(members) || members.length === 0) {
    const finding: Finding = {
      id: 'jwks-no-keys',
      severity: 'error',
      title: 'The key set has no keys: every token is refused.',
      evidence: `keys: ${show(members)}`,
      fix: 'Publish the API server’s keys: kubectl get --raw /openid/v1/jwks shows them.',
    };
    return { findings: [finding], algorithms: [] };
  }
  const findings: Finding[] = [];
  const keys = members.filter(isObject);
  if (keys.length < members.length) {
    findings.push({
      id: 'jwks-key-damaged',
      severity: 'error',
      title: 'A member of `keys` is no JWK.',
      evidence: `${members.length - keys.length} of ${members.length}`,
      fix: rebuild,
    });
  }
  members.forEach((key: unknown, at) => {
    if (isObject(key)) findings.push(...checkKey(key, `keys[${at}]`));
  });
  findings.push(...checkNames(keys));
  for (const kty of ['RSA', 'EC']) {
    const count = keys.filter((key) => key['kty'] === kty).length;
    if (count > 100) {
      findings.push({
        id: 'jwks-too-many-keys',
        severity: 'error',
        title: `AWS takes at most 100 ${kty} keys and refuses every token of that type beyond it.`,
        evidence: `${count} ${kty} keys`,
        fix: 'Retire old keys: planKeyRotation() says which.',
      });
    }
  }
  const kids = new Set(keys.map(({ kid }) => kid));
  for (const kid of requireKids.filter((required) => !kids.has(required))) {
    findings.push({
      id: 'jwks-required-kid-missing',
      severity: 'error',
      title: 'A key that has to be published is not: tokens that it signed are refused.',
      evidence: show(kid),
      fix: 'Publish it: readPublicKeys() of the API server’s --service-account-key-file, then buildJwks().',
    });
  }
  const algorithms = keys
    .map(({ alg }) => alg)
    .filter((alg): alg is string => typeof alg === 'string');
  return { findings, algorithms: [...new Set(algorithms)] };
}
