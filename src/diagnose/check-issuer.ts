import {
  jsonText,
  isJsonObject,
  listMember,
  readJson,
  textMember,
  type JsonObject,
} from './read-json.js';
import { apiServerHasKey, checkApiServerManners } from './check-api-server.js';
import { explainForbidden } from './check-bucket.js';
import { providerUrl } from './check-provider.js';
import { makeFault } from './make-finding.js';
import { isPrivateAddress } from './private-address.js';
import { stsErrors } from './sts-errors.js';
import type { Fault, FetchFact, WebIdentityFacts } from './types.js';

const maxKeysPerType = 100;
const slowMs = 3000;

/** What the issuer's documents say, and the key that a token names in them. */
export interface IssuerCheck {
  readonly faults: readonly Fault[];
  /** The key to verify with, where one was found. */
  readonly key?: JsonObject;
}

const fault = (id: Parameters<typeof makeFault>[0], evidence: string): Fault =>
  makeFault(id, evidence, stsErrors.noVerificationKey);

/** Reads discovery document and JWKS as STS does: one fault a document, because what follows from it is no second cause. */
export function checkIssuer(
  facts: WebIdentityFacts,
  issuer: string,
  header: JsonObject,
): IssuerCheck {
  const discovery = checkDiscovery(facts, issuer);
  const jwks = checkJwks(facts, issuer, header);
  const faults = [...discovery, ...jwks.faults];
  const broken = faults.some(({ finding }) => finding.severity === 'error');
  return {
    faults: [
      ...faults,
      ...checkManners(facts.fetches ?? []),
      // Keys that are not published say nothing new beside a key set that is broken.
      ...(broken ? [] : checkApiServerManners(facts, issuer)),
    ],
    ...(jwks.key === undefined ? {} : { key: jwks.key }),
  };
}

/** Why a document could not be read at all. */
function checkFetch(
  { fetches = [], bucket }: WebIdentityFacts,
  document: FetchFact['document'],
): Fault | undefined {
  const fetch = fetches.find((one) => one.document === document);
  if (fetch === undefined) return undefined;
  const { status, failure, url, addresses = [] } = fetch;
  if (addresses.length > 0 && addresses.every(isPrivateAddress))
    return fault('issuer-private-address', `${hostOf(url)} is ${addresses.join(', ')}`);
  const detail = fetch.detail === undefined ? '' : ` (${fetch.detail})`;
  if (failure !== undefined) {
    const id =
      failure === 'timeout'
        ? 'issuer-timeout'
        : failure === 'tls'
          ? 'issuer-tls'
          : 'issuer-unreachable';
    return fault(id, `GET ${url}: ${failure}${detail}`);
  }
  if (status === undefined || status === 200) {
    return (fetch.milliseconds ?? 0) > 5000
      ? fault('issuer-timeout', `GET ${url}: ${String(fetch.milliseconds)} ms`)
      : undefined;
  }
  const evidence = `GET ${url}: HTTP ${String(status)}${fetch.location === undefined ? '' : ` to ${fetch.location}`}${detail}`;
  if (status >= 300 && status < 400) return fault('issuer-redirect', evidence);
  if (status === 401 || status === 403) {
    const explained = explainForbidden(bucket, url);
    return explained === undefined
      ? fault('issuer-forbidden', evidence)
      : fault(explained.id, `${evidence}; ${explained.evidence}`);
  }
  if (status === 404) return fault('issuer-not-found', evidence);
  return fault('issuer-http-error', evidence);
}

const hostOf = (url: string): string => /^https?:\/\/([^/?#]*)/.exec(url)?.[1] ?? url;

function checkDiscovery(facts: WebIdentityFacts, issuer: string): Fault[] {
  const failed = checkFetch(facts, 'discovery');
  if (failed !== undefined) return [failed];
  if (facts.discovery === undefined) return [makeFault('unknown-discovery', issuer)];
  const document = readJson(facts.discovery);
  if (!isJsonObject(document))
    return [fault('discovery-not-json', `begins ${startOf(facts.discovery)}`)];
  const named = textMember(document, 'issuer');
  const jwksUri = textMember(document, 'jwks_uri');
  const faults: Fault[] = [];
  // Where document and provider agree, the token’s issuer is the odd one, and the provider’s finding says so.
  const agreed = isJsonObject(facts.provider) ? providerUrl(facts.provider) : undefined;
  if (named !== issuer && (named === undefined || named !== agreed)) {
    const bare = (text: string | undefined): string | undefined => text?.replace(/\/$/, '');
    const id =
      bare(named) === bare(issuer) ? 'discovery-trailing-slash' : 'discovery-issuer-mismatch';
    faults.push(
      fault(id, `the document says ${JSON.stringify(named)}, the token ${JSON.stringify(issuer)}`),
    );
  }
  if (jwksUri?.startsWith('https://') !== true || !isUrl(jwksUri)) {
    faults.push(fault('discovery-jwks-uri', `jwks_uri ${JSON.stringify(jwksUri)}`));
  }
  return faults;
}

function isUrl(text: string): boolean {
  try {
    return new URL(text).hostname !== '';
  } catch {
    return false;
  }
}

const startOf = (value: unknown): string =>
  JSON.stringify((typeof value === 'string' ? value : jsonText(value)).slice(0, 60));

function checkJwks(facts: WebIdentityFacts, issuer: string, header: JsonObject): IssuerCheck {
  const failed = checkFetch(facts, 'jwks');
  if (failed !== undefined) {
    // One broken host is one cause, although both documents are on it.
    const same = checkFetch(facts, 'discovery')?.finding.id === failed.finding.id;
    return { faults: same ? [] : [failed] };
  }
  if (facts.jwks === undefined) {
    const blocked = checkFetch(facts, 'discovery') !== undefined;
    return { faults: blocked ? [] : [makeFault('unknown-jwks', 'no JWKS was given')] };
  }
  const document = readJson(facts.jwks);
  if (!isJsonObject(document) || !Array.isArray(document['keys'])) {
    return { faults: [fault('jwks-not-json', `begins ${startOf(facts.jwks)}`)] };
  }
  return findKey(
    listMember(document, 'keys').filter(isJsonObject),
    header,
    apiServerHasKey(facts, issuer, header['kid']),
  );
}

function findKey(
  keys: readonly JsonObject[],
  header: JsonObject,
  known: boolean | undefined,
): IssuerCheck {
  const kid = header['kid'];
  const type = String(header['alg']).startsWith('RS') ? 'RSA' : 'EC';
  const ofType = keys.filter((key) => key['kty'] === type);
  const secret = keys.find((key) => key['d'] !== undefined);
  const leak =
    secret === undefined
      ? []
      : [makeFault('jwks-private-key', `the key with kid ${JSON.stringify(secret['kid'])} has d`)];
  const stop = (one: Fault): IssuerCheck => ({ faults: [one, ...leak] });
  const published = `published: ${
    keys
      .map((key) => JSON.stringify(key['kid']))
      .slice(0, 10)
      .join(', ') || 'no keys'
  }`;
  if (keys.length === 0) return stop(fault('jwks-empty', '"keys" is empty'));
  if (ofType.length > maxKeysPerType)
    return stop(fault('jwks-too-many-keys', `${String(ofType.length)} ${type} keys`));
  const usable = (key: JsonObject): boolean => key['use'] === undefined || key['use'] === 'sig';
  const named = ofType.filter((key) => typeof key['kid'] === 'string' && key['kid'] !== '');
  if (kid === undefined) {
    const candidates = named.filter(usable);
    const [only] = candidates;
    return candidates.length === 1 && only !== undefined
      ? { faults: leak, key: only }
      : stop(fault('token-without-kid', `the token has no kid; ${published}`));
  }
  const matching = named.filter((key) => key['kid'] === kid);
  const key = matching.filter(usable).at(-1);
  if (key !== undefined) {
    return key['key_ops'] === undefined
      ? { faults: leak, key }
      : stop(
          makeFault(
            'jwks-key-ops',
            `key_ops ${JSON.stringify(key['key_ops'])}`,
            stsErrors.notValidated,
          ),
        );
  }
  if (matching.length > 0)
    return stop(fault('jwks-key-not-for-signing', `use ${JSON.stringify(matching[0]?.['use'])}`));
  if (named.length === 0 && ofType.length > 0)
    return stop(fault('jwks-key-without-kid', published));
  const evidence = `the token’s kid is ${JSON.stringify(kid)}; ${published}`;
  if (known === false)
    return stop(
      fault('apiserver-key-unknown', `${evidence}; the API server has it no more either`),
    );
  return stop(
    fault('jwks-key-missing', known === true ? `${evidence}; the API server has it` : evidence),
  );
}

/** What STS puts up with, and others or a bad day do not. */
function checkManners(fetches: readonly FetchFact[]): Fault[] {
  return fetches.flatMap((fetch) => {
    if (fetch.failure !== undefined || fetch.status !== 200) return [];
    const { contentType, milliseconds = 0, url } = fetch;
    return [
      ...(contentType === undefined || /[/+]json\b/i.test(contentType)
        ? []
        : [makeFault('issuer-content-type', `GET ${url}: content-type ${contentType}`)]),
      ...(milliseconds > slowMs && milliseconds <= 5000
        ? [makeFault('issuer-slow', `GET ${url}: ${String(Math.round(milliseconds))} ms`)]
        : []),
    ];
  });
}
