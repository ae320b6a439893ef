import { WebIdentityNotConfiguredError } from '../errors.js';
import { AssumeRoleError } from './assume-role-error.js';
import { createProviderHandle, type HeldEngine } from './create-provider-handle.js';
import { createRefreshEngine } from './create-refresh-engine.js';
import { fromContainerAgent, type ContainerAgent } from './from-container-agent.js';
import { parseAssumedRole } from './parse-assumed-role.js';
import { refreshPolicies, type RefreshPolicy } from './refresh-policies.js';
import { given, type Environment } from './resolve-web-identity.js';
import { retryByClass, type FetchCredentials } from './retry-by-class.js';
import { shareEngine } from './share-engine.js';
import { systemNow, systemRandom, systemSetTimer } from './system-ports.js';
import type { OnCredentialEvent, WebIdentityProvider } from './types.js';

/** Options of {@link fromPodIdentity}; each beats its environment variable. */
export interface FromPodIdentityOptions {
  /** Default: AWS_CONTAINER_CREDENTIALS_FULL_URI. */
  readonly fullUri?: string;
  /** Default: AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE. */
  readonly authorizationTokenFile?: string;
  /** Time for one answer of the agent; default 1,000. */
  readonly requestTimeoutMs?: number;
  /** Default: {@link refreshPolicies}`.default`. */
  readonly policy?: RefreshPolicy;
  /** A refresh that takes longer is given up; default 20. */
  readonly deadlineSeconds?: number;
  /** Told about refreshes, failures, backoff and stale credentials. */
  readonly on?: OnCredentialEvent;
}

/** Every field is set, so that `fromHttp` looks up no variable by itself: one of them would beat an option. */
const agentOf = (options: FromPodIdentityOptions, env: Environment): ContainerAgent | undefined => {
  const relative =
    options.fullUri === undefined
      ? given(env['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'])
      : undefined;
  const full = options.fullUri ?? given(env['AWS_CONTAINER_CREDENTIALS_FULL_URI']);
  if (relative === undefined && full === undefined) return undefined;
  const file =
    options.authorizationTokenFile ?? given(env['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']);
  const token = given(env['AWS_CONTAINER_AUTHORIZATION_TOKEN']);
  return {
    // Where both are set the relative one wins, and the file before the token, as in the SDK.
    awsContainerCredentialsRelativeUri: relative ?? '',
    awsContainerCredentialsFullUri: relative === undefined ? (full ?? '') : '',
    awsContainerAuthorizationTokenFile: file ?? '',
    awsContainerAuthorizationToken: file === undefined ? (token ?? '') : '',
  };
};

const subject = 'this pod (container credentials)';

/** Without the path, which may be a capability. */
const originOf = (agent: ContainerAgent): string => {
  const { awsContainerCredentialsFullUri: full, awsContainerCredentialsRelativeUri: relative } =
    agent;
  try {
    return new URL(full === '' ? relative : full, 'http://169.254.170.2').origin;
  } catch {
    return 'an address that is no URL';
  }
};

const fetchFrom =
  (agent: ContainerAgent, requestTimeoutMs: number): FetchCredentials =>
  async ({ signal, onWait }) => {
    const origin = originOf(agent);
    onWait({
      what: `an answer from the agent at ${origin}`,
      fix: 'check that the agent runs on this node and that the pod may reach it',
    });
    try {
      const found = await fromContainerAgent(agent, { requestTimeoutMs, signal });
      const { accountId, ...credentials } = found;
      return parseAssumedRole({
        credentials: {
          ...credentials,
          sessionToken: credentials.sessionToken ?? '',
          expiration: credentials.expiration ?? new Date(Number.NaN),
        },
        ...(accountId !== undefined && { accountId }),
      });
    } catch (cause) {
      throw new AssumeRoleError(cause, {
        roleArn: `this pod (container credentials at ${origin})`,
        from: 'agent',
      });
    }
  };

/** Whether the environment or the options name an agent for container credentials. */
export function isPodIdentityConfigured(
  options: FromPodIdentityOptions,
  env: Environment,
): boolean {
  return agentOf(options, env) !== undefined;
}

/** The engine for container credentials; shared by all that ask for the same. */
export function holdPodIdentity(options: FromPodIdentityOptions, env: Environment): HeldEngine {
  const agent = agentOf(options, env);
  if (agent === undefined) {
    throw new WebIdentityNotConfiguredError(
      'container credentials: expected AWS_CONTAINER_CREDENTIALS_FULL_URI, found none in options or environment; associate the pod’s ServiceAccount with a role and recreate the pod',
      { expected: 'AWS_CONTAINER_CREDENTIALS_FULL_URI', actual: 'none' },
    );
  }
  const {
    policy = refreshPolicies.default,
    deadlineSeconds = 20,
    requestTimeoutMs = 1000,
  } = options;
  const key = JSON.stringify(['pod-identity', agent, policy, deadlineSeconds, requestTimeoutMs]);
  const ports = { now: systemNow, random: systemRandom, setTimer: systemSetTimer };
  return shareEngine(key, (onEnd) =>
    createRefreshEngine({
      ...ports,
      roleArn: subject,
      policy,
      deadlineSeconds,
      onEnd,
      fetch: retryByClass(fetchFrom(agent, requestTimeoutMs), {
        ...ports,
        retries: policy.retries,
        accessDeniedGraceSeconds: 0,
      }),
    }),
  );
}

/**
 * Credentials from the agent of container-credentials mode (EKS Pod Identity and its self-hosted kin), with the cache, the refresh
 * in the background and the patience of {@link fromProjectedToken}.
 *
 * The provider rejects with {@link WebIdentityNotConfiguredError} `ERR_WEB_IDENTITY_NOT_CONFIGURED`, {@link AssumeRoleError}
 * `ERR_ASSUME_ROLE` or {@link TimeoutError} `ERR_TIMEOUT`.
 *
 * @example
 * ```ts
 * import { fromPodIdentity } from 'irsa/credentials';
 * const credentials = fromPodIdentity({ fullUri: 'http://169.254.170.23/v1/credentials' });
 * credentials.close();
 * ```
 * @see {@link https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html | AWS SDKs: container credential provider}
 */
export function fromPodIdentity(options: FromPodIdentityOptions = {}): WebIdentityProvider {
  const own = { ...options };
  return createProviderHandle(
    () =>
      new Promise((resolve) => {
        resolve(holdPodIdentity(own, { ...process.env }));
      }),
    own.on,
  );
}
