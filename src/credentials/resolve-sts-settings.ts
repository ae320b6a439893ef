import type { StsClientLike, StsSettings } from './assume-role-with-sts.js';
import type { ProfileKeys } from './read-profile.js';
import { refreshPolicies, type RefreshPolicy } from './refresh-policies.js';
import { resolveProxy } from './resolve-proxy.js';
import { chooseRegion, regionOfEksIssuer } from './resolve-sts-region.js';
import { given, type Environment } from './resolve-web-identity.js';
import type { CallerClientConfig, ReadToken } from './types.js';

/** The options that say which STS is called, and how. */
export interface StsOptions {
  readonly region?: string | undefined;
  readonly endpoint?: string | undefined;
  readonly useFipsEndpoint?: boolean | undefined;
  readonly useDualstackEndpoint?: boolean | undefined;
  readonly profile?: string | undefined;
  readonly proxy?: string | null | undefined;
  readonly connectTimeoutMs?: number | undefined;
  readonly requestTimeoutMs?: number | undefined;
  readonly client?: StsClientLike | undefined;
  readonly policy?: RefreshPolicy | undefined;
}

/** Where {@link resolveStsSettings} may look further. */
export interface StsSettingsSources {
  readonly env: Environment;
  readonly caller?: CallerClientConfig | undefined;
  readonly readProfileKeys: () => Promise<ProfileKeys>;
  readonly readToken: ReadToken;
}

const ask = async <T>(value: T | (() => Promise<T>) | undefined): Promise<T | undefined> => {
  try {
    return value instanceof Function ? await value() : value;
  } catch {
    return undefined; // a client without a region of its own throws here; the next source may have one
  }
};

const regionOf = async (options: StsOptions, sources: StsSettingsSources): Promise<string> => {
  const { env, caller, readProfileKeys, readToken } = sources;
  const near =
    given(options.region) ??
    given(await ask(options.client?.config?.region)) ??
    given(await ask(caller?.region)) ??
    given(env['AWS_REGION']) ??
    given(env['AWS_DEFAULT_REGION']);
  if (near !== undefined) return chooseRegion(near);
  const inProfile = given((await readProfileKeys()).region);
  return chooseRegion(inProfile ?? regionOfEksIssuer(await readToken()));
};

const isOn = (value: string | undefined): boolean => value?.toLowerCase() === 'true';

/** A switch of the SDK: option, calling client, environment, profile, else off. */
const switchOf = async (
  sources: StsSettingsSources,
  chosen: boolean | undefined,
  names: {
    readonly caller: 'useFipsEndpoint' | 'useDualstackEndpoint';
    readonly variable: string;
    readonly key: 'use_fips_endpoint' | 'use_dualstack_endpoint';
  },
): Promise<boolean> => {
  const near = chosen ?? (await ask(sources.caller?.[names.caller]));
  if (near !== undefined) return near;
  return isOn(given(sources.env[names.variable]) ?? (await sources.readProfileKeys())[names.key]);
};

const endpointInEnvironment = (env: Environment): string | undefined =>
  isOn(env['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS'])
    ? undefined
    : (given(env['AWS_ENDPOINT_URL_STS']) ?? given(env['AWS_ENDPOINT_URL']));

/** The one endpoint of the time before regional ones; it needs signatures for us-east-1. */
export const globalEndpoint = 'https://sts.amazonaws.com';

// The regions that AWS_STS_REGIONAL_ENDPOINTS=legacy sends there; every later one is regional in any case.
const legacyRegions: ReadonlySet<string> = new Set([
  'ap-northeast-1',
  'ap-south-1',
  'ap-southeast-1',
  'ap-southeast-2',
  'ca-central-1',
  'eu-central-1',
  'eu-north-1',
  'eu-west-1',
  'eu-west-2',
  'eu-west-3',
  'sa-east-1',
  'us-east-1',
  'us-east-2',
  'us-west-1',
  'us-west-2',
]);

// Not through the SDK's useGlobalEndpoint: with it the client wants credentials for a call that needs none.
const legacyEndpoint = (
  region: string,
  env: Environment,
  flags: { readonly useFipsEndpoint: boolean; readonly useDualstackEndpoint: boolean },
): string | undefined =>
  env['AWS_STS_REGIONAL_ENDPOINTS']?.toLowerCase() === 'legacy' &&
  legacyRegions.has(region) &&
  !flags.useFipsEndpoint &&
  !flags.useDualstackEndpoint
    ? globalEndpoint
    : undefined;

/**
 * Which STS to call: options, then the calling client, the environment, the profile and the issuer of the token.
 *
 * @throws {@link SettingsError} `ERR_SETTINGS` where no region is to be found
 */
export async function resolveStsSettings(
  options: StsOptions,
  sources: StsSettingsSources,
): Promise<StsSettings> {
  const { env } = sources;
  const region = await regionOf(options, sources);
  const flags = {
    useFipsEndpoint: await switchOf(sources, options.useFipsEndpoint, {
      caller: 'useFipsEndpoint',
      variable: 'AWS_USE_FIPS_ENDPOINT',
      key: 'use_fips_endpoint',
    }),
    useDualstackEndpoint: await switchOf(sources, options.useDualstackEndpoint, {
      caller: 'useDualstackEndpoint',
      variable: 'AWS_USE_DUALSTACK_ENDPOINT',
      key: 'use_dualstack_endpoint',
    }),
  };
  const endpoint =
    options.endpoint ?? endpointInEnvironment(env) ?? legacyEndpoint(region, env, flags);
  const host = { region, endpoint, ...flags };
  const { retries } = options.policy ?? refreshPolicies.default;
  return {
    ...host,
    profile: options.profile,
    proxy: resolveProxy(host, env, options.proxy),
    connectTimeoutMs: options.connectTimeoutMs ?? 2000,
    requestTimeoutMs: options.requestTimeoutMs ?? 5000,
    maxAttempts: retries === 'by-class' ? 1 : 3,
    client: options.client,
  };
}
