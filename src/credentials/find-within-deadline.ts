import { TimeoutError } from '../errors.js';
import type { HeldEngine } from './create-provider-handle.js';
import type { SetTimer } from './types.js';

/**
 * Gives up looking for an engine at the deadline: a client's region function or a file on a dead mount may hang as STS may.
 * What is found later is let go.
 */
export function findWithinDeadline(
  found: Promise<HeldEngine>,
  deadlineSeconds: number,
  setTimer: SetTimer,
): Promise<HeldEngine> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const cancel = setTimer(() => {
      isOver = true;
      reject(
        new TimeoutError(
          `no credentials: expected region, profile and token file within ${deadlineSeconds} s, got none; check the region function of the calling client and the volumes of the files, or pass region`,
          { expected: `settings within ${deadlineSeconds} s`, actual: 'none' },
        ),
      );
    }, deadlineSeconds * 1000);
    found.then(
      (held) => {
        cancel();
        if (isOver) held.release();
        else resolve(held);
      },
      (error: unknown) => {
        cancel();
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- passed on as it came
        reject(error);
      },
    );
  });
}
