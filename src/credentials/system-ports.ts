import type { Now, Random, SetTimer } from './types.js';

/** A clock in epoch milliseconds that nobody can set back or forward while the process runs. */
export const systemNow: Now = () => performance.timeOrigin + performance.now();

/** Draws the jitter; nothing secret depends on it. */
export const systemRandom: Random = () => Math.random();

/** Timers that keep the process alive only when asked to. */
export const systemSetTimer: SetTimer = (run, ms, options) => {
  const timer = setTimeout(run, ms);
  if (options?.keepAlive !== true) timer.unref();
  return () => {
    clearTimeout(timer);
  };
};
