import { AssumeRoleError } from './assume-role-error.js';
import type { ParsedRole } from './parse-assumed-role.js';
import type { RefreshPolicy } from './refresh-policies.js';
import type { StsErrorClass } from './sts-error-rows.js';
import type { AbortSignalLike, Random, SetTimer } from './types.js';

/** What a refresh waits for, in words for the deadline. */
export interface WaitedFor {
  /** What is expected from whom. */
  readonly what: string;
  /** What to look at when it does not come. */
  readonly fix: string;
}

/** What one refresh is told. */
export interface FetchContext {
  readonly signal: AbortSignalLike;
  /** Nothing usable is cached: it is worth being patient. */
  readonly cold: boolean;
  /** Told what is waited for from now on, so that a deadline does not blame another. */
  readonly onWait: (waitedFor: WaitedFor) => void;
  /** Told of each try that failed and is made again, so that a deadline can say why. */
  readonly onFailedTry: (error: AssumeRoleError) => void;
}

/** Gets credentials once; tries again within one refresh as the policy says. */
export type FetchCredentials = (context: FetchContext) => Promise<ParsedRole>;

/** What {@link retryByClass} needs. */
export interface RetryOptions {
  readonly retries: RefreshPolicy['retries'];
  readonly accessDeniedGraceSeconds: number;
  readonly random: Random;
  readonly setTimer: SetTimer;
}

type Rules = Readonly<Partial<Record<StsErrorClass, { firstMs: number; tries: number }>>>;

/** First delay and number of further tries of each class, in a refresh that callers wait for with empty hands. */
const coldRules: Rules = {
  network: { firstMs: 100, tries: 2 },
  transient: { firstMs: 100, tries: 2 },
  throttling: { firstMs: 1000, tries: 3 },
  // Half a second to sixteen in all, before the deadline: an issuer that hiccups, or a key published a moment ago.
  ambiguous: { firstMs: 1000, tries: 5 },
};

/** With a good credential in hand only a hiccup is tried again at once; the backoff does the rest. */
const warmRules: Rules = {
  network: { firstMs: 100, tries: 2 },
  transient: { firstMs: 100, tries: 2 },
};

// Without keepAlive a script that awaits its first credentials would exit in the middle of the pause.
const pause = (ms: number, { signal, cold }: FetchContext, setTimer: SetTimer): Promise<void> =>
  new Promise((resolve) => {
    let cancel = (): void => {};
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done);
    cancel = setTimer(done, ms, { keepAlive: cold });
  });

/** How long to wait before the next try, or `undefined` for none. */
const delayMs = (
  options: RetryOptions,
  failed: { class: StsErrorClass; tries: number; waitedMs: number; cold: boolean },
): number | undefined => {
  if (options.retries === 'none') return undefined;
  if (failed.class === 'access-denied') {
    const left = options.accessDeniedGraceSeconds * 1000 - failed.waitedMs;
    return failed.cold && left > 0 ? Math.min(2000, left) : undefined;
  }
  const rule = (failed.cold ? coldRules : warmRules)[failed.class];
  if (rule === undefined || failed.tries > rule.tries) return undefined;
  return rule.firstMs * 2 ** (failed.tries - 1) * (0.5 + 0.5 * options.random());
};

/** Tries again what failed for a reason that may pass: hiccups at once, throttling and missing keys with longer pauses. */
export function retryByClass(attempt: FetchCredentials, options: RetryOptions): FetchCredentials {
  return async (context) => {
    const { signal, cold } = context;
    const isOver = (): boolean => signal.aborted;
    let waitedMs = 0;
    for (let tries = 1; ; tries += 1) {
      try {
        return await attempt(context);
      } catch (error) {
        if (!(error instanceof AssumeRoleError) || isOver()) throw error;
        const { class: errorClass } = error.explanation;
        const delay = delayMs(options, { class: errorClass, tries, waitedMs, cold });
        if (delay === undefined) throw error;
        context.onFailedTry(error);
        await pause(delay, context, options.setTimer);
        if (isOver()) throw error;
        waitedMs += delay;
      }
    }
  };
}
