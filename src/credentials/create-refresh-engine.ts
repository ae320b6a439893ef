import { IrsaError, TimeoutError } from '../errors.js';
import { AssumeRoleError } from './assume-role-error.js';
import {
  decideRefresh,
  emptyRefreshState,
  refreshStatus,
  type RefreshState,
} from './decide-refresh.js';
import type { ParsedRole } from './parse-assumed-role.js';
import { recordFailure, recordSuccess, refreshWindows } from './record-refresh.js';
import type { RefreshPolicy } from './refresh-policies.js';
import { scrubError } from './scrub-secrets.js';
import type { FetchCredentials, WaitedFor } from './retry-by-class.js';
import type { StsErrorClass } from './sts-error-rows.js';
import type {
  AwsCredentialIdentity,
  CredentialEvent,
  CredentialSnapshot,
  IdentityProperties,
  Now,
  OnCredentialEvent,
  Random,
  SetTimer,
} from './types.js';
import { abortReason, waitWithSignal } from './wait-with-signal.js';

/** What an engine needs: the way to credentials, the policy, and the ports. */
export interface RefreshEngineOptions {
  readonly roleArn: string;
  readonly fetch: FetchCredentials;
  readonly policy: RefreshPolicy;
  /** A refresh that takes longer is abandoned; the next caller starts a new one. */
  readonly deadlineSeconds: number;
  readonly now: Now;
  readonly random: Random;
  readonly setTimer: SetTimer;
  /** Runs once when the engine ends. */
  readonly onEnd?: () => void;
}

/** One cached credential with its refreshes; handles share it. */
export interface RefreshEngine {
  /** @param spentMs - what the caller has waited already; it counts against the deadline of a refresh that starts now */
  get(properties?: IdentityProperties, spentMs?: number): Promise<AwsCredentialIdentity>;
  invalidate(accessKeyId?: string): void;
  snapshot(): CredentialSnapshot;
  subscribe(on: OnCredentialEvent): () => void;
  end(): void;
}

type Outcome = { readonly credentials: AwsCredentialIdentity } | { readonly error: Error };

interface Flight {
  readonly settled: Promise<Outcome>;
  readonly abandon: (error: Error) => void;
}

const skewWorthATellingMs = 60_000;

const classOf = (error: Error): StsErrorClass => {
  if (error instanceof AssumeRoleError) return error.explanation.class;
  // A token or file that is bad now may be good after the next rotation.
  return error instanceof IrsaError ? 'transient' : 'unknown';
};

const credentialsOf = async (flight: Flight): Promise<AwsCredentialIdentity> => {
  const outcome = await flight.settled;
  if ('credentials' in outcome) return outcome.credentials;
  throw outcome.error;
};

/**
 * The thin driver of the decision in `decide-refresh`: holds the credential, runs one refresh at a time, tells listeners.
 */
export function createRefreshEngine(options: RefreshEngineOptions): RefreshEngine {
  const { roleArn, fetch, policy, deadlineSeconds, now, random, setTimer } = options;
  const listeners = new Set<OnCredentialEvent>();
  let state: RefreshState = emptyRefreshState;
  let credentials: AwsCredentialIdentity | undefined;
  let served: Promise<AwsCredentialIdentity> | undefined;
  // Until then a call needs no decision at all; this is the path that every signed request takes.
  let freshUntil = -Infinity;
  let advisoryWindowSeconds: number | undefined;
  let lastError: Error | undefined;
  let flight: Flight | undefined;
  let staleTold = false;
  let ended = false;

  const emit = (event: CredentialEvent): void => {
    for (const on of listeners) {
      try {
        on(event);
      } catch {
        // A listener's fault is no reason to withhold credentials.
      }
    }
  };

  const enter = (next: RefreshState): void => {
    state = next;
    freshUntil = next.cached === undefined || next.invalidated ? -Infinity : next.cached.advisoryAt;
  };

  const tellStale = (): void => {
    if (credentials === undefined || state.cached === undefined || staleTold) return;
    staleTold = true;
    const secondsLeft = Math.round((state.cached.expiresAt - now()) / 1000);
    const { accessKeyId } = credentials;
    emit({ type: 'served-stale', roleArn, accessKeyId, expired: secondsLeft <= 0, secondsLeft });
  };

  const succeed = (role: ParsedRole, startedAt: number): Outcome => {
    const at = now();
    const { credentials: fresh, serverDate } = role;
    const lifetimeMs = fresh.expiration.getTime() - (serverDate?.getTime() ?? at);
    if (lifetimeMs <= 0) {
      throw new AssumeRoleError(
        new Error(`the answer holds credentials that expired at ${fresh.expiration.toISOString()}`),
        { roleArn },
      );
    }
    const lifetimeSeconds = lifetimeMs / 1000;
    const windows = refreshWindows(lifetimeSeconds, policy, random);
    enter(recordSuccess(at, lifetimeMs, windows));
    ({ advisoryWindowSeconds } = windows);
    lastError = undefined;
    staleTold = false;
    credentials = fresh;
    served = Promise.resolve(fresh);
    emit({
      type: 'refreshed',
      roleArn,
      accessKeyId: fresh.accessKeyId,
      expiration: fresh.expiration,
      lifetimeSeconds,
      durationMs: at - startedAt,
    });
    const skewMs = serverDate === undefined ? 0 : at - serverDate.getTime();
    if (Math.abs(skewMs) > skewWorthATellingMs) {
      emit({ type: 'clock-skew', roleArn, skewSeconds: Math.round(skewMs / 1000) });
    }
    return { credentials: fresh };
  };

  const fail = (cause: unknown, startedAt: number): Outcome => {
    const at = now();
    const error = cause instanceof IrsaError ? cause : scrubError(cause);
    const recorded = recordFailure(state, at, policy, { class: classOf(error), random });
    enter(recorded.state);
    lastError = error;
    staleTold = false;
    const kept = recorded.serve ? credentials : undefined;
    const durationMs = at - startedAt;
    emit({ type: 'refresh-failed', roleArn, error, served: kept !== undefined, durationMs });
    const { nextAttemptAt } = state;
    if (nextAttemptAt !== undefined) {
      const seconds = (nextAttemptAt - at) / 1000;
      emit({ type: 'backoff', roleArn, nextAttemptAt: new Date(nextAttemptAt), seconds });
    }
    if (kept === undefined) return { error };
    tellStale();
    return { credentials: kept };
  };

  /** Starts a refresh. It always settles: with an answer, an error, or at the deadline. */
  const start = (spentMs = 0): Flight => {
    const startedAt = now();
    const status = refreshStatus(state, startedAt);
    const cold = status === 'empty' || status === 'expired';
    // With a good credential in hand nobody is kept waiting past half of what is left of it.
    const leftMs =
      cold || state.cached === undefined ? Infinity : state.cached.expiresAt - startedAt;
    const wholeMs = deadlineSeconds * 1000;
    const deadlineMs = Math.min(
      // A tenth is left in any case: an answer may be near.
      Math.max(wholeMs - spentMs, wholeMs / 10),
      Math.max(leftMs / 2, 1000),
    );
    const controller = new AbortController();
    let settle: (outcome: Outcome) => void = () => {};
    const settled = new Promise<Outcome>((resolve) => {
      settle = resolve;
    });
    let cancelTimer = (): void => {};
    let lastTry: Error | undefined;
    let waitedFor: WaitedFor = { what: 'an answer', fix: 'look at what the fetch waits for' };
    const finish = (outcome: () => Outcome): void => {
      if (flight !== mine) return; // abandoned at its deadline: whoever waits has long been told
      flight = undefined;
      cancelTimer();
      let result: Outcome;
      try {
        result = outcome();
      } catch (error) {
        result = fail(error, startedAt);
      }
      settle(result);
    };
    const mine: Flight = {
      settled,
      abandon: (error) => {
        finish(() => fail(error, startedAt));
        controller.abort(error);
      },
    };
    flight = mine;
    cancelTimer = setTimer(() => {
      const seconds = Number((deadlineMs / 1000).toPrecision(3));
      const { what, fix } = waitedFor;
      mine.abandon(
        // What STS said at the last try explains more than that time ran out.
        lastTry ??
          new TimeoutError(
            `no credentials for ${roleArn}: expected ${what} within ${seconds} s, got none; ${fix}, or raise deadlineSeconds`,
            { expected: `${what} within ${seconds} s`, actual: 'none' },
          ),
      );
    }, deadlineMs);
    const onFailedTry = (error: Error): void => {
      lastTry = error;
    };
    const onWait = (next: WaitedFor): void => {
      waitedFor = next;
    };
    const run = async (): Promise<ParsedRole> =>
      fetch({ signal: controller.signal, cold, onWait, onFailedTry });
    run().then(
      (role) => {
        finish(() => succeed(role, startedAt));
      },
      (error: unknown) => {
        finish(() => fail(error, startedAt));
      },
    );
    return mine;
  };

  const slowGet = (
    properties: IdentityProperties | undefined,
    spentMs: number | undefined,
  ): Promise<AwsCredentialIdentity> => {
    if (ended) return Promise.reject(new TypeError('this credential provider is closed'));
    const signal = properties?.abortSignal ?? properties?.signal;
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a signal's reason is the caller's own, as with fetch
    if (signal?.aborted === true) return Promise.reject(abortReason(signal));
    const force = properties?.forceRefresh === true;
    const refreshing = flight !== undefined;
    const decision = decideRefresh(state, now(), policy, { refreshing, force });
    switch (decision) {
      case 'throw':
        return Promise.reject(lastError ?? new TypeError('no error is held'));
      case 'refresh-and-wait':
        return waitWithSignal(credentialsOf(flight ?? start(spentMs)), signal);
      case 'refresh-in-background':
        start();
        break;
      case 'serve':
        if (refreshStatus(state, now()) === 'expired') tellStale();
        break;
    }
    return served ?? Promise.reject(new TypeError('nothing is cached'));
  };

  return {
    get: (properties, spentMs) =>
      served !== undefined &&
      now() <= freshUntil &&
      properties?.forceRefresh !== true &&
      (properties?.abortSignal ?? properties?.signal)?.aborted !== true
        ? served
        : slowGet(properties, spentMs),
    invalidate: (accessKeyId) => {
      if (credentials === undefined || ended) return;
      if (accessKeyId === undefined || accessKeyId === credentials.accessKeyId) {
        enter({ ...state, invalidated: true });
      }
    },
    snapshot: () => {
      const at = now();
      const { nextAttemptAt } = state;
      return {
        status: refreshStatus(state, at),
        ...(credentials !== undefined && { expiration: credentials.expiration }),
        ...(advisoryWindowSeconds !== undefined && { advisoryWindowSeconds }),
        ...(nextAttemptAt !== undefined &&
          at < nextAttemptAt && { nextAttemptAt: new Date(nextAttemptAt) }),
        ...(lastError !== undefined && { lastError }),
      };
    },
    subscribe: (on) => {
      // A listener given to two handles is told twice, once for each.
      const own: OnCredentialEvent = (event) => {
        on(event);
      };
      listeners.add(own);
      return () => {
        listeners.delete(own);
      };
    },
    end: () => {
      if (ended) return;
      ended = true;
      freshUntil = -Infinity;
      flight?.abandon(new TypeError('this credential provider was closed while it asked STS'));
      options.onEnd?.();
    },
  };
}
