/**
 * How a provider refreshes. Plain data: spread a preset to change a field,
 * e.g. `{ ...refreshPolicies.default, serveExpired: true }`.
 */
export interface RefreshPolicy {
  /** Who pays for a refresh in the advisory window: nobody (`background`) or the first caller (`foreground`). */
  readonly advisoryRefresh: 'background' | 'foreground';
  /** Overrides the advisory window that follows from the lifetime, within `longestWindowFraction`. */
  readonly advisoryWindowSeconds?: number;
  /** In this last part of the life every caller waits for the refresh. */
  readonly mandatoryWindowSeconds: number;
  /** No window is longer than this fraction of the lifetime; 1 leaves the windows as they are. */
  readonly longestWindowFraction: number;
  /** The advisory window is shortened by up to this fraction, at random, so that processes spread out. */
  readonly windowJitterFraction: number;
  /** After a failed refresh wait `min + random * (max - min)` seconds. */
  readonly backoffSeconds: { readonly min: number; readonly max: number };
  /** Near expiry the backoff shrinks to this fraction of the life left, so that there are more tries before it; 0 keeps it. */
  readonly backoffLifeFraction: number;
  /** Serve an expired credential rather than throw, while STS fails for a passing reason. */
  readonly serveExpired: boolean;
  /** Throw an error that needs a human at once, although the cached credential is still good. */
  readonly throwNonRecoverable: boolean;
  /** A non-recoverable error is remembered for `min + random * (max - min)` seconds, which stops retry loops. */
  readonly errorHoldSeconds: { readonly min: number; readonly max: number };
  /** Tries within one refresh: `by-class`, or one only and the rest left to the STS client. */
  readonly retries: 'by-class' | 'none';
}

const sep2026: RefreshPolicy = Object.freeze({
  advisoryRefresh: 'foreground',
  mandatoryWindowSeconds: 60,
  longestWindowFraction: 1,
  windowJitterFraction: 0,
  backoffSeconds: Object.freeze({ min: 300, max: 600 }),
  backoffLifeFraction: 0,
  serveExpired: true,
  throwNonRecoverable: true,
  errorHoldSeconds: Object.freeze({ min: 1, max: 5 }),
  retries: 'none',
});

const standard: RefreshPolicy = Object.freeze({
  advisoryRefresh: 'background',
  mandatoryWindowSeconds: 60,
  longestWindowFraction: 1 / 3,
  windowJitterFraction: 0.25,
  backoffSeconds: Object.freeze({ min: 300, max: 600 }),
  backoffLifeFraction: 0.25,
  serveExpired: false,
  throwNonRecoverable: false,
  errorHoldSeconds: Object.freeze({ min: 1, max: 5 }),
  retries: 'by-class',
});

/**
 * The two presets, frozen. `default` refreshes in the background in a jittered window, never throws a valid credential away
 * and serves no expired one; `sep2026` follows AWS's cross-SDK proposal "Credential Refresh Behavior" to the letter.
 *
 * @example
 * ```ts
 * import { fromProjectedToken, refreshPolicies } from 'irsa/credentials';
 * const credentials = fromProjectedToken({ policy: { ...refreshPolicies.default, serveExpired: true } });
 * ```
 * @see {@link https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html | AWS SDKs: assume role credential provider}
 */
export const refreshPolicies: { readonly default: RefreshPolicy; readonly sep2026: RefreshPolicy } =
  Object.freeze({ default: standard, sep2026 });
