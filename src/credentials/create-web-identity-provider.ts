import { assertRoleArn } from './assert-role-arn.js';
import { createProviderHandle } from './create-provider-handle.js';
import { createRefreshEngine } from './create-refresh-engine.js';
import { createWebIdentityFetch } from './fetch-web-identity.js';
import { refreshPolicies, type RefreshPolicy } from './refresh-policies.js';
import { countHandles } from './share-engine.js';
import { systemNow, systemRandom, systemSetTimer } from './system-ports.js';
import type {
  AssumeRoleWithWebIdentity,
  Now,
  OnCredentialEvent,
  Random,
  ReadServerDate,
  ReadToken,
  SetTimer,
  WebIdentityProvider,
} from './types.js';

/** What {@link createWebIdentityProvider} needs. */
export interface WebIdentityProviderOptions {
  readonly roleArn: string;
  /** 2 to 64 of `[\w+=,.@-]`; default: namespace, ServiceAccount and pod from the token's claims. */
  readonly roleSessionName?: string;
  /** 900 to 43,200; default: STS's own, 3,600. */
  readonly durationSeconds?: number;
  /** Reads the token anew at each refresh; white space around it is left out, as with a file. */
  readonly readToken: ReadToken;
  /** Calls STS. */
  readonly assumeRole: AssumeRoleWithWebIdentity;
  /** Asked about a token that has expired by the clock here; default: the clock is believed. */
  readonly readServerDate?: ReadServerDate;
  /** Default: {@link refreshPolicies}`.default`. */
  readonly policy?: RefreshPolicy;
  /** Overrides the advisory window of the policy, within its `longestWindowFraction`. */
  readonly advisoryWindowSeconds?: number;
  /** Refuse locally what STS would refuse; default true. Turn it off for identity providers whose tokens are no JWTs. */
  readonly validateToken?: boolean;
  /** A refresh that takes longer is given up, with what the first call looks up before it; default 20. */
  readonly deadlineSeconds?: number;
  /** How long AccessDenied is tried again while nothing is cached, for roles created a moment ago; default 0. */
  readonly accessDeniedGraceSeconds?: number;
  /** Told about refreshes, failures, backoff, stale credentials and clock skew. */
  readonly on?: OnCredentialEvent;
  /** Default: the monotonic clock of the platform. */
  readonly now?: Now;
  /** Default: `Math.random`. */
  readonly random?: Random;
  /** Default: unref'd timers of the platform. */
  readonly setTimer?: SetTimer;
}

const sessionNamePattern = /^[\w+=,.@-]{2,64}$/;

const assertRange = (name: string, value: number | undefined, min: number, max: number): void => {
  if (value !== undefined && !(value >= min && value <= max)) {
    throw new TypeError(`${name}: expected ${min} to ${max}, got ${value}`);
  }
};

/** Refuses options that STS or the engine could not work with. */
export function assertProviderOptions(
  options: Pick<
    WebIdentityProviderOptions,
    'roleArn' | 'roleSessionName' | 'durationSeconds' | 'deadlineSeconds' | 'advisoryWindowSeconds'
  >,
): void {
  const { roleArn, roleSessionName, durationSeconds } = options;
  assertRoleArn(roleArn);
  if (roleSessionName !== undefined && !sessionNamePattern.test(roleSessionName)) {
    throw new TypeError(
      `roleSessionName: expected 2 to 64 letters, digits or _+=,.@-, got ${JSON.stringify(roleSessionName)}`,
    );
  }
  assertRange('durationSeconds', durationSeconds, 900, 43_200);
  assertRange('deadlineSeconds', options.deadlineSeconds, 0.001, 600);
  assertRange('advisoryWindowSeconds', options.advisoryWindowSeconds, 0, 43_200);
}

/**
 * The engine behind {@link fromProjectedToken} with every port in the caller's hands: reading the token, calling STS, clock,
 * randomness and timers.
 *
 * @throws {@link ArnError} `ERR_ARN` for what is no ARN of a role
 * @example
 * ```ts
 * import { createWebIdentityProvider } from 'irsa/credentials';
 * const provider = createWebIdentityProvider({
 *   roleArn: 'arn:aws:iam::111122223333:role/s3-echoer',
 *   validateToken: false,
 *   readToken: () => Promise.resolve('an opaque token'),
 *   assumeRole: () =>
 *     Promise.resolve({
 *       credentials: {
 *         accessKeyId: 'ASIAEXAMPLE',
 *         secretAccessKey: 'example',
 *         sessionToken: 'example',
 *         expiration: new Date(Date.now() + 3_600_000),
 *       },
 *     }),
 * });
 * const { accessKeyId } = await provider();
 * provider.close();
 * ```
 * @see {@link https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html | AssumeRoleWithWebIdentity}
 */
export function createWebIdentityProvider(
  options: WebIdentityProviderOptions,
): WebIdentityProvider {
  assertProviderOptions(options);
  const {
    roleArn,
    policy: preset = refreshPolicies.default,
    advisoryWindowSeconds,
    deadlineSeconds = 20,
    now = systemNow,
    random = systemRandom,
    setTimer = systemSetTimer,
    on,
  } = options;
  const policy =
    advisoryWindowSeconds === undefined ? preset : { ...preset, advisoryWindowSeconds };
  const engine = createRefreshEngine({
    roleArn,
    policy,
    deadlineSeconds,
    now,
    random,
    setTimer,
    fetch: createWebIdentityFetch({
      roleArn,
      roleSessionName: options.roleSessionName,
      durationSeconds: options.durationSeconds,
      validateToken: options.validateToken ?? true,
      accessDeniedGraceSeconds: options.accessDeniedGraceSeconds ?? 0,
      retries: policy.retries,
      readToken: options.readToken,
      readServerDate: options.readServerDate,
      assumeRole: options.assumeRole,
      now,
      random,
      setTimer,
    }),
  });
  const hold = countHandles(engine);
  return createProviderHandle(() => Promise.resolve(hold()), on);
}
