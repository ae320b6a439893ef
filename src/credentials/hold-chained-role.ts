import { assertRoleArn } from './assert-role-arn.js';
import { assertSessionLimits } from './assert-session-limits.js';
import { AssumeRoleError } from './assume-role-error.js';
import { assumeRoleWithSts, type StsSettings } from './assume-role-with-sts.js';
import type { HeldEngine } from './create-provider-handle.js';
import { createRefreshEngine } from './create-refresh-engine.js';
import { answerOfSts } from './fetch-web-identity.js';
import { parseAssumedRole } from './parse-assumed-role.js';
import { refreshPolicies, type RefreshPolicy } from './refresh-policies.js';
import { globalEndpoint } from './resolve-sts-settings.js';
import { retryByClass } from './retry-by-class.js';
import { sanitizeRoleSessionName } from './role-session-name.js';
import { shareEngine } from './share-engine.js';
import { systemNow, systemRandom, systemSetTimer } from './system-ports.js';

/** A role to assume with the credentials of another one. */
export interface ChainedRole {
  readonly roleArn: string;
  /** Default: the name of the role that assumes this one. */
  readonly roleSessionName?: string;
  /** 900 to 3,600: AWS gives a chained role an hour at most. */
  readonly durationSeconds?: number;
  /** What the trust policy asks for against the confused deputy. */
  readonly externalId?: string;
  readonly sourceIdentity?: string;
  /** Session policy (JSON) that narrows what the role may do. */
  readonly sessionPolicy?: string;
  readonly sessionPolicyArns?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly transitiveTagKeys?: readonly string[];
  /** One role further. */
  readonly then?: ChainedRole;
}

interface ChainContext {
  readonly settings: StsSettings;
  readonly options: {
    readonly policy?: RefreshPolicy;
    readonly deadlineSeconds?: number;
    readonly accessDeniedGraceSeconds?: number;
  };
  /** ARN of the role that assumes. */
  readonly name: string;
}

const engineNumbers = new WeakMap<object, number>();
let enginesSeen = 0;
const numberOf = (engine: object): number => {
  const number = engineNumbers.get(engine) ?? (enginesSeen += 1);
  engineNumbers.set(engine, number);
  return number;
};

/** Refuses a chain that STS would refuse. */
export function assertChainedRole(role: ChainedRole): void {
  assertRoleArn(role.roleArn);
  assertSessionLimits(role);
  const { durationSeconds } = role;
  if (durationSeconds !== undefined && !(durationSeconds >= 900 && durationSeconds <= 3600)) {
    throw new TypeError(
      `then.durationSeconds: expected 900 to 3600 (AWS gives a chained role an hour at most), got ${durationSeconds}`,
    );
  }
  if (role.then !== undefined) assertChainedRole(role.then);
}

/** The engine of a role that is assumed with the credentials of `base`; it holds `base` until it ends itself. */
export function holdChainedRole(
  base: HeldEngine,
  role: ChainedRole,
  { settings, options, name }: ChainContext,
): HeldEngine {
  const {
    policy = refreshPolicies.default,
    deadlineSeconds = 20,
    accessDeniedGraceSeconds = 0,
  } = options;
  const roleSessionName =
    role.roleSessionName ?? sanitizeRoleSessionName(name.split('/').at(-1) ?? name);
  const { then, ...own } = role;
  const key = JSON.stringify(['chain', numberOf(base.engine), own]);
  const chain = { made: false };
  const held = shareEngine(key, (onEnd) => {
    chain.made = true;
    const sts = assumeRoleWithSts(
      {
        ...settings,
        endpoint: settings.endpoint === globalEndpoint ? undefined : settings.endpoint,
      },
      {},
      () => base.engine.get(),
    );
    const ports = { now: systemNow, random: systemRandom, setTimer: systemSetTimer };
    return createRefreshEngine({
      ...ports,
      roleArn: role.roleArn,
      policy,
      deadlineSeconds,
      onEnd: () => {
        sts.destroy();
        base.release();
        onEnd();
      },
      fetch: retryByClass(
        async ({ signal, onWait }) => {
          onWait({
            what: `credentials of ${name}, which assumes it,`,
            fix: 'check the way to STS and the token file',
          });
          // Its own errors say more than a signer's would, so the first role comes first.
          const { accessKeyId } = await base.engine.get({ abortSignal: signal });
          onWait(answerOfSts);
          try {
            return parseAssumedRole(
              await sts.assumeChainedRole({
                ...own,
                roleSessionName,
                policy: role.sessionPolicy,
                policyArns: role.sessionPolicyArns,
                signal,
              }),
            );
          } catch (cause) {
            const error = new AssumeRoleError(cause, { roleArn: role.roleArn });
            if (error.explanation.class === 'expired-token') base.engine.invalidate(accessKeyId);
            throw error;
          }
        },
        { ...ports, retries: policy.retries, accessDeniedGraceSeconds },
      ),
    });
  });
  // A second holder of the same chain needs no second hold of its base.
  if (!chain.made) base.release();
  return then === undefined
    ? held
    : holdChainedRole(held, then, { settings, options, name: role.roleArn });
}
