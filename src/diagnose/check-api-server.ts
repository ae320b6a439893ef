import { noProvider, stsErrors } from './sts-errors.js';
import { providerUrl } from './check-provider.js';
import { makeFault } from './make-finding.js';
import { isInternalHost } from './private-address.js';
import {
  isJsonObject,
  jsonText,
  listMember,
  readJson,
  textMember,
  type JsonObject,
} from './read-json.js';
import type { ApiServerFact, ApiServerFlags, Fault, WebIdentityFacts } from './types.js';

/** The token has an issuer that it should not have: said once, instead of what follows from it. */
export interface WrongIssuer {
  readonly fault: Fault;
  /** The issuer that everything else seems to be made for; absent where nothing tells. */
  readonly expected?: string;
}

/** Values of a flag that may stand several times: `--a=b`, or `--a` and `b`. */
function valuesOf({ args }: ApiServerFlags, flag: string): string[] {
  return args.flatMap((arg, index) => {
    if (arg === `--${flag}`) return args[index + 1] === undefined ? [] : [String(args[index + 1])];
    return arg.startsWith(`--${flag}=`) ? [arg.slice(flag.length + 3)] : [];
  });
}

const serversOf = (apiServer: ApiServerFact | undefined): readonly ApiServerFlags[] =>
  listMember(apiServer, 'servers').flatMap((server) => {
    const args = listMember(server, 'args').filter((arg) => typeof arg === 'string');
    return args.length === 0 ? [] : [{ name: textMember(server, 'name') ?? '?', args }];
  });

/** Explains an issuer that no provider of the account is for, as far as token, flags and the API server's documents tell. */
export function explainWrongIssuer(
  facts: WebIdentityFacts,
  issuer: string,
): WrongIssuer | undefined {
  const { provider, apiServer } = facts;
  const matches = isJsonObject(provider) && providerUrl(provider) === issuer;
  const bare = (url: string): string => url.replace(/\/$/, '');
  // A slash more or less is a cause of its own.
  if (isJsonObject(provider) && !matches && bare(providerUrl(provider)) === bare(issuer))
    return undefined;
  const servers = serversOf(apiServer);
  const issuers = servers.map((server) => valuesOf(server, 'service-account-issuer'));
  const present = textMember(readJson(apiServer?.discovery), 'issuer');
  const others = [...issuers.flat(), ...(present === undefined ? [] : [present])].filter(
    (one) => one !== issuer && !isUnusable(one),
  );
  const expected = expectedIssuer(facts, others);
  const conclude = (id: Parameters<typeof makeFault>[0], evidence: string): WrongIssuer => ({
    fault: makeFault(
      id,
      evidence,
      // IAM takes no provider for what is no https URL: there is none, looked at or not.
      provider === null ||
        (isJsonObject(provider) && !matches) ||
        id === 'apiserver-issuer-not-https'
        ? noProvider(issuer)
        : matches
          ? stsErrors.noVerificationKey
          : undefined,
    ),
    ...(expected === undefined ? {} : { expected }),
  });
  const unusable = isUnusable(issuer);
  const index = issuers.findIndex(([first]) => first === issuer);
  const list = issuers[index] ?? [];
  if (
    list.some((one) => others.includes(one)) &&
    (unusable !== undefined || missing(facts, matches))
  )
    return conclude(
      'apiserver-issuer-order',
      `${String(servers[index]?.name)}: --service-account-issuer ${list.join(', then ')}; the token’s iss is ${issuer}`,
    );
  if (unusable !== undefined)
    return conclude(unusable, `the token’s iss is ${JSON.stringify(issuer)}`);
  if (present !== undefined && present !== issuer && missing(facts, matches))
    return conclude(
      'apiserver-issuer-changed',
      `the token’s iss is ${issuer}, the API server’s issuer is ${present}`,
    );
  return undefined;
}

const missing = ({ provider }: WebIdentityFacts, matches: boolean): boolean =>
  provider !== undefined && !matches;

/** Why STS can have nothing to do with an issuer of this form. */
function isUnusable(
  issuer: string,
): 'apiserver-issuer-internal' | 'apiserver-issuer-not-https' | undefined {
  let url: URL;
  try {
    url = new URL(issuer);
  } catch {
    return 'apiserver-issuer-not-https';
  }
  if (isInternalHost(url.hostname)) return 'apiserver-issuer-internal';
  return url.protocol === 'https:' && url.search === '' && url.hash === ''
    ? undefined
    : 'apiserver-issuer-not-https';
}

/** The issuer that the role trusts, else the provider’s, else the first other one of the API server. */
function expectedIssuer(
  { role, provider }: WebIdentityFacts,
  others: readonly string[],
): string | undefined {
  const policy = role?.trustPolicy;
  const text = decoded(typeof policy === 'string' ? policy : jsonText(policy));
  const trusted = [...text.matchAll(/:oidc-provider\/([^"\\]+)"/g)].map(
    ([, hostPath = '']) => `https://${hostPath}`,
  );
  return (
    trusted.find((one) => others.includes(one)) ??
    trusted[0] ??
    (isJsonObject(provider) ? providerUrl(provider) : undefined) ??
    others[0]
  );
}

/** GetRole's policy comes URL-encoded. */
function decoded(text: string): string {
  try {
    return text.startsWith('%7B') ? decodeURIComponent(text) : text;
  } catch {
    return text;
  }
}

const keysOf = (jwks: unknown): readonly JsonObject[] =>
  listMember(readJson(jwks), 'keys').filter(isJsonObject);

/** Whether the API server publishes the key that a token names; undefined where its key set says nothing of this issuer. */
export function apiServerHasKey(
  { apiServer }: WebIdentityFacts,
  issuer: string,
  kid: unknown,
): boolean | undefined {
  const present = textMember(readJson(apiServer?.discovery), 'issuer');
  const keys = keysOf(apiServer?.jwks);
  if (keys.length === 0 || (present !== undefined && present !== issuer)) return undefined;
  return keys.some((key) => key['kid'] === kid);
}

/** What is not wrong yet, and will be. */
export function checkApiServerManners(facts: WebIdentityFacts, issuer: string): Fault[] {
  const { apiServer, jwks } = facts;
  const published = new Set(keysOf(jwks).map((key) => key['kid']));
  const present = textMember(readJson(apiServer?.discovery), 'issuer');
  const unpublished =
    published.size === 0 || (present !== undefined && present !== issuer)
      ? []
      : keysOf(apiServer?.jwks)
          .map((key) => key['kid'])
          .filter((kid) => !published.has(kid));
  const servers = serversOf(apiServer);
  return [
    ...(unpublished.length === 0
      ? []
      : [
          makeFault(
            'apiserver-key-unpublished',
            `not published: ${unpublished
              .slice(0, 5)
              .map((kid) => JSON.stringify(kid))
              .join(', ')}`,
          ),
        ]),
    ...servers
      .filter((server) =>
        valuesOf(server, 'api-audiences')
          .flatMap((list) => list.split(','))
          .includes('sts.amazonaws.com'),
      )
      .slice(0, 1)
      .map((server) =>
        makeFault(
          'apiserver-audience-shared',
          `${server.name}: --api-audiences ${valuesOf(server, 'api-audiences').join(',')}`,
        ),
      ),
    ...differences(servers),
  ];
}

/** The settings in which the API servers of a cluster have to agree. */
function differences(servers: readonly ApiServerFlags[]): Fault[] {
  const [first, ...rest] = servers;
  if (first === undefined) return [];
  for (const flag of ['service-account-issuer', 'service-account-signing-key-file'])
    for (const other of rest) {
      const [one, two] = [first, other].map((server) => valuesOf(server, flag).join(', '));
      if (one !== two)
        return [
          makeFault(
            'apiserver-flags-differ',
            `--${flag}: ${first.name} has ${String(one)}, ${other.name} has ${String(two)}`,
          ),
        ];
    }
  return [];
}
