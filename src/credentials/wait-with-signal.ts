import type { AbortSignalLike } from './types.js';

/** Why a caller no longer waits: the signal's own reason, or an `AbortError`. */
export const abortReason = (signal: AbortSignalLike): unknown =>
  signal.reason ??
  Object.assign(new Error('the caller aborted its wait for credentials'), { name: 'AbortError' });

/** Waits for what others wait for too, but no longer than the caller's own signal; nothing is left on the signal. */
export function waitWithSignal<T>(
  shared: Promise<T>,
  signal: AbortSignalLike | undefined,
): Promise<T> {
  if (signal === undefined) return shared;
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      signal.removeEventListener('abort', onAbort);
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- a signal's reason is the caller's own, as with fetch
      reject(abortReason(signal));
    };
    if (signal.aborted) {
      onAbort();
      return;
    }
    signal.addEventListener('abort', onAbort);
    shared
      .finally(() => {
        signal.removeEventListener('abort', onAbort);
      })
      .then(resolve, reject);
  });
}
