import { emptyRefreshState, refreshStatus, type RefreshState } from './decide-refresh.js';
import type { RefreshPolicy } from './refresh-policies.js';
import type { StsErrorClass } from './sts-error-rows.js';

/** The advisory window by lifetime: up to 20 minutes 5, under 90 minutes 15, else 60 minutes. */
const windowByLifetime = (lifetimeSeconds: number): number => {
  if (lifetimeSeconds <= 20 * 60) return 5 * 60;
  return lifetimeSeconds < 90 * 60 ? 15 * 60 : 60 * 60;
};

/** The windows of a credential. */
export interface RefreshWindows {
  readonly advisoryWindowSeconds: number;
  readonly mandatoryWindowSeconds: number;
}

/** The windows of a credential with this lifetime; `random` in [0, 1) draws the jitter. */
export function refreshWindows(
  lifetimeSeconds: number,
  policy: RefreshPolicy,
  random: () => number,
): RefreshWindows {
  const longest = lifetimeSeconds * policy.longestWindowFraction;
  const clamp = (seconds: number): number =>
    policy.longestWindowFraction < 1 ? Math.min(seconds, longest) : seconds;
  const jitter = policy.windowJitterFraction > 0 ? policy.windowJitterFraction * random() : 0;
  const { advisoryWindowSeconds: chosen } = policy;
  // A chosen window is clamped too: 15 minutes of a 15-minute credential would mean a refresh at every call.
  const advisory =
    chosen === undefined ? clamp(windowByLifetime(lifetimeSeconds)) * (1 - jitter) : clamp(chosen);
  // Half the advisory window at most, so that a short-lived credential still gets its refresh in the background.
  const mandatory =
    policy.longestWindowFraction < 1
      ? Math.min(policy.mandatoryWindowSeconds, advisory / 2)
      : policy.mandatoryWindowSeconds;
  return { advisoryWindowSeconds: advisory, mandatoryWindowSeconds: mandatory };
}

/** The state after a refresh that brought a credential with this much life left. */
export function recordSuccess(
  now: number,
  lifetimeMs: number,
  windows: RefreshWindows,
): RefreshState {
  const expiresAt = now + lifetimeMs;
  return {
    ...emptyRefreshState,
    cached: {
      expiresAt,
      advisoryAt: expiresAt - windows.advisoryWindowSeconds * 1000,
      mandatoryAt: expiresAt - windows.mandatoryWindowSeconds * 1000,
    },
  };
}

// AWS's list for web identity; a refused region or policy does not heal by waiting.
const nonRecoverable: ReadonlySet<StsErrorClass> = new Set(['permanent', 'access-denied']);

/** Whether a failure needs a human. To the letter of AWS's proposal every InvalidIdentityToken does, the ambiguous text too. */
export function isNonRecoverable(errorClass: StsErrorClass, policy: RefreshPolicy): boolean {
  return (
    nonRecoverable.has(errorClass) || (policy.throwNonRecoverable && errorClass === 'ambiguous')
  );
}

// A second between tries at least, several tries before the end, and half a minute past it.
const shortestBackoff = (leftMs: number, policy: RefreshPolicy): number => {
  if (policy.backoffLifeFraction <= 0) return Infinity;
  return leftMs > 0 ? leftMs * policy.backoffLifeFraction : 30_000;
};

/** The state after a failed refresh, and whether the cached credential is to be served all the same. */
export function recordFailure(
  state: RefreshState,
  now: number,
  policy: RefreshPolicy,
  options: { readonly class: StsErrorClass; readonly random: () => number },
): { readonly state: RefreshState; readonly serve: boolean } {
  const { random } = options;
  const status = refreshStatus(state, now);
  const failures = state.failures + 1;
  const kept: RefreshState = {
    ...(state.cached !== undefined && { cached: state.cached }),
    invalidated: state.invalidated,
    failures,
  };
  const final = isNonRecoverable(options.class, policy);
  const usable = status !== 'empty' && (status !== 'expired' || (policy.serveExpired && !final));
  if (usable && !(final && policy.throwNonRecoverable)) {
    const { min, max } = policy.backoffSeconds;
    const full = (min + random() * (max - min)) * 1000;
    const left = (state.cached?.expiresAt ?? now) - now;
    const backoff = Math.max(Math.min(full, shortestBackoff(left, policy)), 1000);
    return { state: { ...kept, nextAttemptAt: now + backoff }, serve: true };
  }
  const { min, max } = policy.errorHoldSeconds;
  // A passing failure with nothing to serve is tried anew by the next call; only a row of them is slowed down.
  const holdMs = final
    ? (min + random() * (max - min)) * 1000
    : policy.retries === 'by-class' && failures > 1
      ? Math.min(max, 0.25 * 2 ** Math.min(failures, 8)) * (0.5 + 0.5 * random()) * 1000
      : 0;
  return {
    state: { ...kept, ...(holdMs > 0 && { errorHeldUntil: now + holdMs }) },
    serve: false,
  };
}
