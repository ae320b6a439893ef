import { SettingsError } from '../errors.js';
import { partitionFactsOf } from '../names/partition.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** Which endpoint of STS: enough to name its host. */
export interface StsHost {
  readonly region: string;
  readonly endpoint?: string | undefined;
  readonly useFipsEndpoint?: boolean | undefined;
  readonly useDualstackEndpoint?: boolean | undefined;
}

const either = (env: Environment, name: string): string | undefined => {
  const value = env[name.toLowerCase()] ?? env[name];
  return value === '' ? undefined : value;
};

/** What was given is not repeated in the error: it may hold a password. */
const readUrl = (what: string, text: string, fix: string): URL => {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return url;
  const actual = url === undefined ? 'a text that is no URL' : `one of ${url.protocol}`;
  throw new SettingsError(`${what}: expected an http or https URL, got ${actual}; ${fix}`, {
    expected: 'an http or https URL',
    actual,
  });
};

const urlOf = (sts: StsHost): URL => {
  if (sts.endpoint !== undefined) {
    const fix = 'correct the endpoint option, AWS_ENDPOINT_URL_STS or AWS_ENDPOINT_URL';
    return readUrl('STS endpoint', sts.endpoint, fix);
  }
  const { dnsSuffix, dualStackDnsSuffix } = partitionFactsOf(sts.region);
  const name = sts.useFipsEndpoint === true ? 'sts-fips' : 'sts';
  const suffix = sts.useDualstackEndpoint === true ? dualStackDnsSuffix : dnsSuffix;
  return new URL(`https://${name}.${sts.region}.${suffix}`);
};

/** `.example.com`, `example.com` and `*.example.com` cover the name and what is below it; `:port` narrows; `*` is all. */
const covers = (entry: string, url: URL): boolean => {
  if (entry === '*') return true;
  const match = /^(?:\*?\.)?(.*?)(?::(\d+))?$/.exec(entry.toLowerCase());
  const [, name = '', port] = match ?? [];
  const ownPort = url.port === '' ? (url.protocol === 'https:' ? '443' : '80') : url.port;
  if (name === '' || (port !== undefined && port !== ownPort)) return false;
  return url.hostname === name || url.hostname.endsWith(`.${name}`);
};

const proxyInEnvironment = (url: URL, env: Environment): string | undefined => {
  const except = (either(env, 'NO_PROXY') ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
  if (except.some((entry) => covers(entry, url))) return undefined;
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = either(env, name) ?? either(env, 'ALL_PROXY');
  return proxy === undefined || proxy.includes('://') ? proxy : `http://${proxy}`;
};

/**
 * The proxy for this STS as HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY say (lower case first), as curl reads them.
 * The SDK itself reads none of them.
 *
 * @param option - a proxy that beats them all, or `null` for none
 * @throws {@link SettingsError} `ERR_SETTINGS` where endpoint or proxy is no http or https URL
 */
export function resolveProxy(
  sts: StsHost,
  env: Environment,
  option?: string | null,
): string | undefined {
  const url = urlOf(sts);
  if (option === null) return undefined;
  const proxy = option ?? proxyInEnvironment(url, env);
  if (proxy === undefined) return undefined;
  readUrl('proxy for STS', proxy, 'correct the proxy variables or option; null is for none');
  return proxy;
}
