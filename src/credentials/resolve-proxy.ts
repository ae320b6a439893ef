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

const urlOf = (sts: StsHost): URL => {
  if (sts.endpoint !== undefined) return new URL(sts.endpoint);
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

/**
 * The proxy for this STS as HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY say (lower case first), as curl reads them.
 * The SDK itself reads none of them.
 */
export function resolveProxy(sts: StsHost, env: Environment): string | undefined {
  const url = urlOf(sts);
  const except = (either(env, 'NO_PROXY') ?? '').split(/[\s,]+/).filter((entry) => entry !== '');
  if (except.some((entry) => covers(entry, url))) return undefined;
  const name = url.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY';
  const proxy = either(env, name) ?? either(env, 'ALL_PROXY');
  return proxy === undefined || proxy.includes('://') ? proxy : `http://${proxy}`;
}
