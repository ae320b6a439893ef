import { systemSetTimer } from './system-ports.js';
import type { AbortSignalLike } from './types.js';

/** The agent that hands out container credentials, and the token that it asks for; an empty text stands for none. */
export interface ContainerAgent {
  readonly awsContainerCredentialsFullUri: string;
  readonly awsContainerCredentialsRelativeUri: string;
  readonly awsContainerAuthorizationTokenFile: string;
  readonly awsContainerAuthorizationToken: string;
}

/** What an agent answered, as the SDK reads it. */
export interface ContainerAnswer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
  readonly accountId?: string;
}

interface OpenRequest {
  destroy(error: Error): unknown;
  once(event: 'close', listener: () => void): unknown;
}

const named = (name: string, message: string): Error => Object.assign(new Error(message), { name });

/**
 * Runs `ask`, and closes each http request that it makes when the request's time is over or the signal aborts. `fromHttp` takes no
 * signal, and past its time-out it only warns: a silent agent would keep a connection, and the process, for ever.
 */
async function closeInTime<T>(
  ask: () => Promise<T>,
  { requestTimeoutMs, signal }: { requestTimeoutMs: number; signal: AbortSignalLike },
): Promise<T> {
  const [{ AsyncLocalStorage }, { subscribe, unsubscribe }] = await Promise.all([
    import('node:async_hooks'),
    import('node:diagnostics_channel'),
  ]);
  // Tells our own requests from all others of the process.
  const own = new AsyncLocalStorage<true>();
  const open = new Set<OpenRequest>();
  const abort = (): void => {
    for (const request of open) request.destroy(named('AbortError', 'no longer waited for'));
  };
  const onStart = (message: unknown): void => {
    if (own.getStore() !== true) return;
    const { request } = message as { readonly request: OpenRequest };
    open.add(request);
    const cancel = systemSetTimer(() => {
      const late = `the agent did not answer within ${requestTimeoutMs} ms`;
      request.destroy(named('TimeoutError', late));
    }, requestTimeoutMs);
    request.once('close', () => {
      cancel();
      open.delete(request);
    });
    if (signal.aborted) abort();
  };
  subscribe('http.client.request.start', onStart);
  signal.addEventListener('abort', abort);
  try {
    return await own.run(true, ask);
  } finally {
    signal.removeEventListener('abort', abort);
    unsubscribe('http.client.request.start', onStart);
    own.disable();
  }
}

/** Asks the agent through the SDK's `fromHttp`, with an end to every request. */
export async function fromContainerAgent(
  agent: ContainerAgent,
  limits: { readonly requestTimeoutMs: number; readonly signal: AbortSignalLike },
): Promise<ContainerAnswer> {
  const { fromHttp } = await import('@aws-sdk/credential-providers');
  // A little more than ours, past which it writes a warning to the console.
  const timeout = limits.requestTimeoutMs + 100;
  // The engine tries again, by the class of the error, as it does with STS.
  return closeInTime(() => fromHttp({ ...agent, timeout, maxRetries: 0 })(), limits);
}
