import { errorField, type Logger } from './create-logger.js';
import type { RequestEvent } from './types.js';

/** The same refusal is written once in this time, with how often it came since. */
const quietMs = 5_000;

/**
 * Logs reviews: mutated pods at `info`, others at `debug`, refusals at `warn`, but not a line for each of ten thousand that are refused alike.
 * Names and reasons only, never a part of the pod.
 */
export function createRequestLog(log: Logger): (event: RequestEvent) => void {
  const lastAt = new Map<string, number>();
  const unsaid = new Map<string, number>();

  return (event) => {
    const { route, status, decision, uid, namespace, serviceAccount, error } = event;
    if (route !== 'mutate' && route !== 'other') return;
    // JSON leaves out what is undefined.
    const fields = { decision, uid, namespace, serviceAccount };
    if (status === 200) {
      if (decision === 'mutated' || decision === 'rejected') log.info('reviewed', fields);
      else log.debug('reviewed', fields);
      return;
    }
    const now = performance.now();
    if (now - (lastAt.get(decision) ?? -Infinity) < quietMs) {
      unsaid.set(decision, (unsaid.get(decision) ?? 0) + 1);
      return;
    }
    const repeated = unsaid.get(decision) ?? 0;
    lastAt.set(decision, now);
    unsaid.delete(decision);
    log.warn('refused', {
      status,
      ...fields,
      ...(repeated > 0 && { repeated }),
      ...(error !== undefined && { error: errorField(error) }),
    });
  };
}
