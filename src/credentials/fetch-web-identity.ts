import { AssumeRoleError } from './assume-role-error.js';
import { checkToken } from './check-token.js';
import type { RefreshPolicy } from './refresh-policies.js';
import { roleSessionNameOf } from './role-session-name.js';
import type { StsErrorClass } from './sts-error-rows.js';
import type {
  AbortSignalLike,
  AssumedRole,
  AssumeRoleWithWebIdentity,
  Now,
  Random,
  ReadToken,
  SetTimer,
} from './types.js';

/** What one refresh is told. */
export interface FetchContext {
  readonly signal: AbortSignalLike;
  /** Nothing usable is cached: it is worth being patient. */
  readonly cold: boolean;
}

/** Gets credentials once; tries again within one refresh as the policy says. */
export type FetchCredentials = (context: FetchContext) => Promise<AssumedRole>;

/** What {@link createWebIdentityFetch} needs. */
export interface WebIdentityFetchOptions {
  readonly roleArn: string;
  readonly roleSessionName?: string | undefined;
  readonly durationSeconds?: number | undefined;
  readonly validateToken: boolean;
  readonly accessDeniedGraceSeconds: number;
  readonly retries: RefreshPolicy['retries'];
  readonly readToken: ReadToken;
  readonly assumeRole: AssumeRoleWithWebIdentity;
  readonly now: Now;
  readonly random: Random;
  readonly setTimer: SetTimer;
}

/** First delay and number of further tries of each class, in a refresh that callers wait for with empty hands. */
const coldRetries: Readonly<Partial<Record<StsErrorClass, { firstMs: number; tries: number }>>> = {
  network: { firstMs: 100, tries: 2 },
  transient: { firstMs: 100, tries: 2 },
  throttling: { firstMs: 1000, tries: 3 },
  ambiguous: { firstMs: 1000, tries: 4 },
};

/** With a good credential in hand only a hiccup is tried again at once; the backoff does the rest. */
const warmRetries: typeof coldRetries = {
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
const retryDelayMs = (
  options: WebIdentityFetchOptions,
  failed: { class: StsErrorClass; tries: number; waitedMs: number; cold: boolean },
): number | undefined => {
  if (options.retries === 'none') return undefined;
  if (failed.class === 'access-denied') {
    const left = options.accessDeniedGraceSeconds * 1000 - failed.waitedMs;
    return failed.cold && left > 0 ? Math.min(2000, left) : undefined;
  }
  const rule = (failed.cold ? coldRetries : warmRetries)[failed.class];
  if (rule === undefined || failed.tries > rule.tries) return undefined;
  return rule.firstMs * 2 ** (failed.tries - 1) * (0.5 + 0.5 * options.random());
};

/** The way from a token to credentials: read, check, ask STS, and try again by class of error. */
export function createWebIdentityFetch(options: WebIdentityFetchOptions): FetchCredentials {
  const { roleArn, roleSessionName, durationSeconds, readToken, assumeRole, setTimer } = options;

  const ask = async (token: string, signal: AbortSignalLike): Promise<AssumedRole> => {
    try {
      return await assumeRole({
        roleArn,
        roleSessionName: roleSessionName ?? roleSessionNameOf(token),
        webIdentityToken: token,
        ...(durationSeconds !== undefined && { durationSeconds }),
        signal,
      });
    } catch (cause) {
      throw new AssumeRoleError(cause, { roleArn, token });
    }
  };

  const read = async (): Promise<string> => {
    const token = await readToken();
    if (options.validateToken) checkToken(token, options.now());
    return token;
  };

  return async (context) => {
    const { signal, cold } = context;
    const isOver = (): boolean => signal.aborted;
    let waitedMs = 0;
    let refused: string | undefined;
    for (let tries = 1; ; tries += 1) {
      const token = await read();
      try {
        return await ask(token, signal);
      } catch (error) {
        if (!(error instanceof AssumeRoleError) || isOver()) throw error;
        const { class: errorClass } = error.explanation;
        if (errorClass === 'expired-token') {
          // The kubelet may have rotated the file meanwhile: one more call, and only with another text.
          if (refused !== undefined || (await readToken()) === token) throw error;
          refused = token;
          continue;
        }
        const delay = retryDelayMs(options, { class: errorClass, tries, waitedMs, cold });
        if (delay === undefined) throw error;
        await pause(delay, context, setTimer);
        if (isOver()) throw error;
        waitedMs += delay;
      }
    }
  };
}
