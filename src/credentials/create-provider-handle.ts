import type { RefreshEngine } from './create-refresh-engine.js';
import type {
  AwsCredentialIdentity,
  CallerClientConfig,
  CredentialSnapshot,
  IdentityProperties,
  Now,
  OnCredentialEvent,
  WebIdentityProvider,
} from './types.js';
import { waitWithSignal } from './wait-with-signal.js';

/** An engine that a handle holds, and how to let go of it. */
export interface HeldEngine {
  readonly engine: RefreshEngine;
  readonly release: () => void;
}

/** Finds the engine for a caller; each engine found is released when the handle closes. */
export type EngineFor = (caller: CallerClientConfig | undefined) => Promise<HeldEngine>;

const nothingYet: CredentialSnapshot = Object.freeze({ status: 'empty' });

/**
 * The function that SDK clients call. What the credential depends on may come from the calling client (its region),
 * so the engine is found at the first call of each client and remembered.
 *
 * @param now - where the look-up takes time, which then counts against the deadline of the refresh after it
 */
export function createProviderHandle(
  engineFor: EngineFor,
  on?: OnCredentialEvent,
  now: Now = () => 0,
): WebIdentityProvider {
  const held = new Map<RefreshEngine, () => void>();
  const byCaller = new WeakMap<object, RefreshEngine>();
  let last: { caller: CallerClientConfig | undefined; engine: RefreshEngine } | undefined;
  // A thousand callers at once look for the engine once.
  let finding:
    { caller: CallerClientConfig | undefined; engine: Promise<RefreshEngine> } | undefined;
  let closed = false;

  const find = async (caller: CallerClientConfig | undefined): Promise<RefreshEngine> => {
    const found = await engineFor(caller);
    if (closed) {
      found.release();
      throw new TypeError('this credential provider is closed');
    }
    if (held.has(found.engine)) {
      found.release();
    } else {
      const unsubscribe = on === undefined ? undefined : found.engine.subscribe(on);
      held.set(found.engine, () => {
        unsubscribe?.();
        found.release();
      });
    }
    return remember(caller, found.engine);
  };

  const remember = (
    caller: CallerClientConfig | undefined,
    engine: RefreshEngine,
  ): RefreshEngine => {
    if (caller !== undefined) byCaller.set(caller, engine);
    last = { caller, engine };
    return engine;
  };

  const provide = (properties?: IdentityProperties): Promise<AwsCredentialIdentity> => {
    const caller = properties?.callerClientConfig;
    if (last?.caller === caller && last !== undefined) return last.engine.get(properties);
    if (closed) return Promise.reject(new TypeError('this credential provider is closed'));
    const known = caller === undefined ? undefined : byCaller.get(caller);
    if (known !== undefined) return remember(caller, known).get(properties);
    if (finding?.caller !== caller || finding === undefined) {
      const engine = find(caller).finally(() => {
        finding = undefined;
      });
      finding = { caller, engine };
    }
    const signal = properties?.abortSignal ?? properties?.signal;
    const startedAt = now();
    return waitWithSignal(finding.engine, signal).then((engine) =>
      engine.get(properties, now() - startedAt),
    );
  };

  const close = (): void => {
    closed = true;
    last = undefined;
    for (const letGo of held.values()) letGo();
    held.clear();
  };

  return Object.assign(provide, {
    // SDK clients wrap a provider in a cache of their own unless it says this. `configBound` stays unset: it would stop
    // them from passing their configuration, and the region would be unknown here.
    memoized: true as const,
    invalidate: (accessKeyId?: string): void => {
      for (const engine of held.keys()) engine.invalidate(accessKeyId);
    },
    snapshot: (): CredentialSnapshot => last?.engine.snapshot() ?? nothingYet,
    close,
    [Symbol.asyncDispose]: (): Promise<void> => {
      close();
      return Promise.resolve();
    },
  });
}
