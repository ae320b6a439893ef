/** The bounds of {@link backoffMs}. */
export interface BackoffOptions {
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/** How long to wait after so many failures in a row: twice as long each time up to the maximum, and spread over the upper half of it. */
export function backoffMs(
  failures: number,
  { minBackoffMs, maxBackoffMs, random }: BackoffOptions,
): number {
  if (failures === 0) return 0;
  const longest = Math.min(maxBackoffMs, minBackoffMs * 2 ** Math.min(failures - 1, 16));
  return longest * (0.5 + random() / 2);
}
