import type { RefreshPolicy } from './refresh-policies.js';

/** A cached credential as the decision sees it; all times in epoch milliseconds of the engine's own monotonic clock. */
export interface CachedLife {
  readonly expiresAt: number;
  readonly advisoryAt: number;
  readonly mandatoryAt: number;
}

/** What the engine knows when a caller comes. */
export interface RefreshState {
  readonly cached?: CachedLife;
  /** A service has rejected the cached credential. */
  readonly invalidated: boolean;
  /** Until then a failed refresh is not tried again. */
  readonly nextAttemptAt?: number;
  /** Until then the last error is thrown without asking STS. */
  readonly errorHeldUntil?: number;
  /** Failed refreshes since the last one that succeeded. */
  readonly failures: number;
}

/** The state before the first call. */
export const emptyRefreshState: RefreshState = Object.freeze({ invalidated: false, failures: 0 });

export type RefreshStatus = 'empty' | 'fresh' | 'advisory' | 'mandatory' | 'expired';

/** What to do for this caller. */
export type RefreshDecision = 'serve' | 'refresh-and-wait' | 'refresh-in-background' | 'throw';

/** Where the cached credential stands. An invalidated one is in the mandatory window until it is replaced or expires. */
export function refreshStatus(state: RefreshState, now: number): RefreshStatus {
  const { cached } = state;
  if (cached === undefined) return 'empty';
  if (now >= cached.expiresAt) return 'expired';
  if (state.invalidated || now > cached.mandatoryAt) return 'mandatory';
  return now > cached.advisoryAt ? 'advisory' : 'fresh';
}

/**
 * What to do for a caller: a pure function of what is cached, what failed, the time and the policy.
 *
 * @param options - `refreshing`: a refresh is under way; `force`: this caller asked for a new credential
 */
export function decideRefresh(
  state: RefreshState,
  now: number,
  policy: RefreshPolicy,
  options: { readonly refreshing: boolean; readonly force?: boolean },
): RefreshDecision {
  const { refreshing, force = false } = options;
  const status = refreshStatus(state, now);
  if (status === 'fresh' && !force) return 'serve';
  const usable = status !== 'empty' && (status !== 'expired' || policy.serveExpired);
  const held = state.errorHeldUntil !== undefined && now < state.errorHeldUntil;
  const backingOff = state.nextAttemptAt !== undefined && now < state.nextAttemptAt;
  if (!refreshing) {
    if (held && (policy.throwNonRecoverable || !usable)) return 'throw';
    if (backingOff && usable) return 'serve';
  }
  if (status !== 'advisory' || force) return 'refresh-and-wait';
  if (refreshing) return 'serve';
  return policy.advisoryRefresh === 'background' ? 'refresh-in-background' : 'refresh-and-wait';
}
