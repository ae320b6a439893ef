import { TokenError } from '../errors.js';
import { assertSessionLimits } from './assert-session-limits.js';
import { assumeRoleWithSts, type StsClientLike, type StsSettings } from './assume-role-with-sts.js';
import type { HeldEngine } from './create-provider-handle.js';
import { createRefreshEngine } from './create-refresh-engine.js';
import {
  assertProviderOptions,
  type WebIdentityProviderOptions,
} from './create-web-identity-provider.js';
import { decodeUnverifiedToken } from './decode-unverified-token.js';
import { createWebIdentityFetch } from './fetch-web-identity.js';
import { assertChainedRole, holdChainedRole, type ChainedRole } from './hold-chained-role.js';
import { readProfile, type ProfileKeys } from './read-profile.js';
import { readTokenFile } from './read-token-file.js';
import { refreshPolicies } from './refresh-policies.js';
import { assertSamePartition } from './resolve-sts-region.js';
import { resolveStsSettings } from './resolve-sts-settings.js';
import {
  given,
  resolveWebIdentity,
  type Environment,
  type WebIdentity,
} from './resolve-web-identity.js';
import { shareEngine } from './share-engine.js';
import { systemNow, systemRandom, systemSetTimer } from './system-ports.js';
import type { CallerClientConfig } from './types.js';

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
  /** URL of an http proxy; `null` for none. Default: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY. */
  readonly proxy?: string | null;
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
  /** An `STSClient` of yours in place of our own; it stays yours to close. */
  readonly client?: StsClientLike;
  /** A further role to assume with the first one's credentials, for work in another account. */
  readonly then?: ChainedRole;
}

/** The variables that the SDK itself reads when its STS client is made: they change the answer, so they are in the key. */
const sdkVariables = ['AWS_PROFILE', 'AWS_CONFIG_FILE', 'AWS_SHARED_CREDENTIALS_FILE'] as const;

const clientNumbers = new WeakMap<object, number>();
let clientsSeen = 0;
const numberOf = (client: object | undefined): number => {
  if (client === undefined) return 0;
  const number = clientNumbers.get(client) ?? (clientsSeen += 1);
  clientNumbers.set(client, number);
  return number;
};

const isJwt = (token: string): boolean => {
  try {
    decodeUnverifiedToken(token);
    return true;
  } catch {
    return false;
  }
};

const readTokenFor =
  (options: FromProjectedTokenOptions, file: string) => async (): Promise<string> => {
    const token = await readTokenFile(file);
    if (options.providerId !== undefined && isJwt(token)) {
      throw new TokenError(
        'web identity token: expected an OAuth 2.0 access token because providerId is set, got a JWT; STS was not asked. Leave providerId out for OpenID Connect tokens',
        { expected: 'an opaque access token', actual: 'a JWT' },
      );
    }
    return token;
  };

const holdFirstRole = (
  options: FromProjectedTokenOptions,
  identity: WebIdentity,
  settings: StsSettings,
  env: Environment,
): HeldEngine => {
  const { roleArn, tokenFile, roleSessionName } = identity;
  const { durationSeconds, deadlineSeconds = 20, accessDeniedGraceSeconds = 0 } = options;
  const { advisoryWindowSeconds, providerId, sessionPolicy, sessionPolicyArns } = options;
  // An OAuth 2.0 access token is no JWT.
  const validateToken = options.validateToken ?? providerId === undefined;
  const preset = options.policy ?? refreshPolicies.default;
  const policy =
    advisoryWindowSeconds === undefined ? preset : { ...preset, advisoryWindowSeconds };
  const key = JSON.stringify([
    'web-identity',
    identity,
    { ...settings, client: numberOf(settings.client) },
    [durationSeconds, deadlineSeconds, validateToken, accessDeniedGraceSeconds],
    [sessionPolicy, sessionPolicyArns, providerId],
    policy,
    sdkVariables.map((name) => env[name]),
  ]);
  return shareEngine(key, (onEnd) => {
    const sts = assumeRoleWithSts(settings, {
      policy: sessionPolicy,
      policyArns: sessionPolicyArns,
      providerId,
      source: identity.source,
    });
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
        readToken: readTokenFor(options, tokenFile),
        readServerDate: sts.readServerDate,
        assumeRole: sts.assumeRole,
      }),
    });
  });
};

/** The engine for these options, environment and calling client; shared by all that ask for the same. */
export async function holdProjectedToken(
  options: FromProjectedTokenOptions,
  env: Environment,
  caller: CallerClientConfig | undefined,
): Promise<HeldEngine> {
  let read: Promise<ProfileKeys> | undefined;
  const readProfileKeys = (): Promise<ProfileKeys> =>
    (read ??= readProfile(options.profile ?? given(env['AWS_PROFILE']) ?? 'default'));
  const identity = await resolveWebIdentity(options, env, readProfileKeys);
  assertProviderOptions({ ...options, roleArn: identity.roleArn });
  assertSessionLimits(options);
  if (options.then !== undefined) assertChainedRole(options.then);
  const settings = await resolveStsSettings(options, {
    env,
    caller,
    readProfileKeys,
    readToken: () => readTokenFile(identity.tokenFile),
  });
  assertSamePartition(identity.roleArn, settings.region);
  const first = holdFirstRole(options, identity, settings, env);
  return options.then === undefined
    ? first
    : holdChainedRole(first, options.then, { settings, options, name: identity.roleArn });
}
