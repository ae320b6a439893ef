import { WebIdentityNotConfiguredError } from '../errors.js';
import { assumeRoleWithSts, type StsClientLike, type StsSettings } from './assume-role-with-sts.js';
import { createProviderHandle, type HeldEngine } from './create-provider-handle.js';
import { createRefreshEngine } from './create-refresh-engine.js';
import {
  assertProviderOptions,
  type WebIdentityProviderOptions,
} from './create-web-identity-provider.js';
import { createWebIdentityFetch } from './fetch-web-identity.js';
import { readProfile, type ProfileKeys } from './read-profile.js';
import { readTokenFile } from './read-token-file.js';
import { refreshPolicies } from './refresh-policies.js';
import { assertSamePartition, chooseRegion, regionOfEksIssuer } from './resolve-sts-region.js';
import { sanitizeRoleSessionName } from './role-session-name.js';
import { shareEngine } from './share-engine.js';
import { systemNow, systemRandom, systemSetTimer } from './system-ports.js';
import type { CallerClientConfig, WebIdentityProvider } from './types.js';

type EngineOptions = Pick<
  WebIdentityProviderOptions,
  | 'durationSeconds'
  | 'policy'
  | 'advisoryWindowSeconds'
  | 'validateToken'
  | 'deadlineSeconds'
  | 'accessDeniedGraceSeconds'
  | 'on'
>;

/** Options of {@link fromProjectedToken}; each beats its environment variable. */
export interface FromProjectedTokenOptions extends EngineOptions {
  /** Default: AWS_ROLE_ARN, else the profile's `role_arn`. */
  readonly roleArn?: string;
  /** Default: AWS_WEB_IDENTITY_TOKEN_FILE, else the profile's `web_identity_token_file`. */
  readonly webIdentityTokenFile?: string;
  /** Default: AWS_ROLE_SESSION_NAME, the profile's `role_session_name`, else from the token's claims; stable either way. */
  readonly roleSessionName?: string;
  /** A profile of the shared config files, whose keys then beat the environment. Default: AWS_PROFILE or `default`, after it. */
  readonly profile?: string;
  /** Region of STS. Default: the calling client's, AWS_REGION, AWS_DEFAULT_REGION, the profile's, that of an EKS issuer. */
  readonly region?: string;
  /** URL of STS. Default: AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, the profile's, else the region's own. */
  readonly endpoint?: string;
  /** Default: the calling client's setting, else AWS_USE_FIPS_ENDPOINT. */
  readonly useFipsEndpoint?: boolean;
  /** Default: the calling client's setting, else AWS_USE_DUALSTACK_ENDPOINT. */
  readonly useDualstackEndpoint?: boolean;
  /** Session policy (JSON) that narrows what the role may do. */
  readonly sessionPolicy?: string;
  /** Up to ten managed policies that narrow what the role may do. */
  readonly sessionPolicyArns?: readonly string[];
  /** Only for OAuth 2.0 access tokens; OpenID Connect tokens have none. */
  readonly providerId?: string;
  /** Time to connect; default 2,000. */
  readonly connectTimeoutMs?: number;
  /** Time for one answer of STS; default 5,000. */
  readonly requestTimeoutMs?: number;
  /** An `STSClient` of yours to use in place of our own; such a provider shares its cache with no other. */
  readonly client?: StsClientLike;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Role, token file and where they were found. */
interface Identity {
  readonly roleArn: string;
  readonly tokenFile: string;
  readonly roleSessionName: string | undefined;
  readonly source: Readonly<Record<string, string>>;
}

const given = (value: string | undefined): string | undefined =>
  value === undefined || value === '' ? undefined : value;

const profileNameOf = (options: FromProjectedTokenOptions, env: Environment): string =>
  options.profile ?? given(env['AWS_PROFILE']) ?? 'default';

const notConfigured = (roleArn: string | undefined, file: string | undefined): Error => {
  const missing = [
    ...(roleArn === undefined ? ['AWS_ROLE_ARN'] : []),
    ...(file === undefined ? ['AWS_WEB_IDENTITY_TOKEN_FILE'] : []),
  ].join(' and ');
  return new WebIdentityNotConfiguredError(
    `web identity: expected a role ARN and a token file, found no ${missing} in options, environment or profile; annotate the pod's ServiceAccount with the role and let the webhook inject both (pods made before that must be recreated)`,
    { expected: 'AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE', actual: `no ${missing}` },
  );
};

const identityOf = async (
  options: FromProjectedTokenOptions,
  env: Environment,
  profile: () => Promise<ProfileKeys>,
): Promise<Identity> => {
  const explicit: ProfileKeys = options.profile === undefined ? {} : await profile();
  const first = {
    roleArn: options.roleArn ?? given(explicit.role_arn) ?? given(env['AWS_ROLE_ARN']),
    tokenFile:
      options.webIdentityTokenFile ??
      given(explicit.web_identity_token_file) ??
      given(env['AWS_WEB_IDENTITY_TOKEN_FILE']),
    session:
      options.roleSessionName ??
      given(explicit.role_session_name) ??
      given(env['AWS_ROLE_SESSION_NAME']),
  };
  const keys = first.roleArn === undefined || first.tokenFile === undefined ? await profile() : {};
  const roleArn = first.roleArn ?? given(keys.role_arn);
  const tokenFile = first.tokenFile ?? given(keys.web_identity_token_file);
  const session = first.session ?? given(keys.role_session_name);
  if (roleArn === undefined || tokenFile === undefined) throw notConfigured(roleArn, tokenFile);
  const fromProfile = [explicit, keys].some((from) => from.web_identity_token_file === tokenFile);
  return {
    roleArn,
    tokenFile,
    // A name from the environment that STS would refuse is made fit rather than refused at every refresh.
    roleSessionName:
      options.roleSessionName ??
      (session === undefined ? undefined : sanitizeRoleSessionName(session)),
    source: fromProfile
      ? { CREDENTIALS_PROFILE_STS_WEB_ID_TOKEN: 'q' }
      : tokenFile === env['AWS_WEB_IDENTITY_TOKEN_FILE']
        ? { CREDENTIALS_ENV_VARS_STS_WEB_ID_TOKEN: 'h' }
        : {},
  };
};

const ask = async <T>(value: T | (() => Promise<T>) | undefined): Promise<T | undefined> => {
  try {
    return value instanceof Function ? await value() : value;
  } catch {
    return undefined; // a client without a region of its own throws here; the next source may have one
  }
};

const regionOf = async (
  options: FromProjectedTokenOptions,
  caller: CallerClientConfig | undefined,
  env: Environment,
  profile: () => Promise<ProfileKeys>,
  tokenFile: string,
): Promise<string> => {
  const near =
    given(options.region) ??
    given(await ask(caller?.region)) ??
    given(env['AWS_REGION']) ??
    given(env['AWS_DEFAULT_REGION']);
  if (near !== undefined) return chooseRegion([near]);
  const { region } = await profile();
  if (given(region) !== undefined) return chooseRegion([region]);
  return chooseRegion([regionOfEksIssuer(await readTokenFile(tokenFile))]);
};

const isOn = (value: string | undefined): boolean => value?.toLowerCase() === 'true';

const settingsOf = async (
  options: FromProjectedTokenOptions,
  caller: CallerClientConfig | undefined,
  env: Environment,
  profile: () => Promise<ProfileKeys>,
  identity: Identity,
): Promise<StsSettings> => {
  const region = await regionOf(options, caller, env, profile, identity.tokenFile);
  assertSamePartition(identity.roleArn, region);
  const policy = options.policy ?? refreshPolicies.default;
  return {
    region,
    endpoint: options.endpoint,
    useFipsEndpoint:
      options.useFipsEndpoint ??
      (await ask(caller?.useFipsEndpoint)) ??
      isOn(env['AWS_USE_FIPS_ENDPOINT']),
    useDualstackEndpoint:
      options.useDualstackEndpoint ??
      (await ask(caller?.useDualstackEndpoint)) ??
      isOn(env['AWS_USE_DUALSTACK_ENDPOINT']),
    useGlobalEndpoint: env['AWS_STS_REGIONAL_ENDPOINTS']?.toLowerCase() === 'legacy',
    profile: options.profile,
    connectTimeoutMs: options.connectTimeoutMs ?? 2000,
    requestTimeoutMs: options.requestTimeoutMs ?? 5000,
    maxAttempts: policy.retries === 'by-class' ? 1 : 3,
    policy: options.sessionPolicy,
    policyArns: options.sessionPolicyArns,
    providerId: options.providerId,
    client: options.client,
    source: identity.source,
  };
};

/** The variables that the SDK itself reads when its STS client is made: they change the answer, so they are in the key. */
const sdkVariables = [
  'AWS_ENDPOINT_URL_STS',
  'AWS_ENDPOINT_URL',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  'AWS_PROFILE',
  'AWS_CONFIG_FILE',
] as const;

const clientNumbers = new WeakMap<object, number>();
let clientsSeen = 0;
const numberOf = (client: object | undefined): number => {
  if (client === undefined) return 0;
  const known = clientNumbers.get(client) ?? (clientsSeen += 1);
  clientNumbers.set(client, known);
  return known;
};

const holdEngine = (
  options: FromProjectedTokenOptions,
  identity: Identity,
  settings: StsSettings,
  env: Environment,
): HeldEngine => {
  const { roleArn, tokenFile, roleSessionName } = identity;
  const { durationSeconds, deadlineSeconds = 20, validateToken = true } = options;
  const { advisoryWindowSeconds, accessDeniedGraceSeconds = 0 } = options;
  const preset = options.policy ?? refreshPolicies.default;
  const policy =
    advisoryWindowSeconds === undefined ? preset : { ...preset, advisoryWindowSeconds };
  const key = JSON.stringify([
    identity,
    { ...settings, client: numberOf(settings.client) },
    [durationSeconds, deadlineSeconds, validateToken, accessDeniedGraceSeconds],
    policy,
    sdkVariables.map((name) => env[name]),
  ]);
  return shareEngine(key, (onEnd) => {
    const sts = assumeRoleWithSts(settings);
    const ports = { now: systemNow, random: systemRandom, setTimer: systemSetTimer };
    return createRefreshEngine({
      ...ports,
      roleArn,
      policy,
      deadlineSeconds,
      onEnd: () => {
        sts.destroy();
        onEnd();
      },
      fetch: createWebIdentityFetch({
        ...ports,
        roleArn,
        roleSessionName,
        durationSeconds,
        validateToken,
        accessDeniedGraceSeconds,
        retries: policy.retries,
        readToken: () => readTokenFile(tokenFile),
        assumeRole: sts.assumeRole,
      }),
    });
  });
};

/**
 * Credentials for the projected service account token of this pod: role and token file from the environment that the webhook
 * injects, one STS call for all clients of the process, refreshed in the background. Fits `credentials:` of every AWS SDK v3 client.
 *
 * The provider rejects with {@link WebIdentityNotConfiguredError} `ERR_WEB_IDENTITY_NOT_CONFIGURED` (the only error with
 * `tryNextLink`), {@link TokenFileError} `ERR_TOKEN_FILE`, {@link TokenError} `ERR_TOKEN`, {@link AssumeRoleError} `ERR_ASSUME_ROLE`,
 * {@link TimeoutError} `ERR_TIMEOUT`, {@link SettingsError} `ERR_SETTINGS` or {@link ArnError} `ERR_ARN`.
 *
 * @example
 * ```ts
 * import { fromProjectedToken } from 'irsa/credentials';
 * const credentials = fromProjectedToken({ region: 'eu-west-1' }); // new S3Client({ credentials })
 * console.log(credentials.snapshot().status); // empty
 * credentials.close();
 * ```
 * @see {@link https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html | AWS SDKs: assume role credential provider}
 */
export function fromProjectedToken(options: FromProjectedTokenOptions = {}): WebIdentityProvider {
  const own = { ...options };
  return createProviderHandle(async (caller) => {
    const env: Environment = { ...process.env };
    let read: Promise<ProfileKeys> | undefined;
    const profile = (): Promise<ProfileKeys> => (read ??= readProfile(profileNameOf(own, env)));
    const identity = await identityOf(own, env, profile);
    assertProviderOptions({ ...own, roleArn: identity.roleArn });
    const settings = await settingsOf(own, caller, env, profile, identity);
    return holdEngine(own, identity, settings, env);
  }, own.on);
}
