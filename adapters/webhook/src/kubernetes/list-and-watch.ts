import { setTimeout as delay } from 'node:timers/promises';
import { ClusterError } from 'irsa/errors';
import { backoffMs } from './backoff-ms.js';
import { fieldOf, stringField } from './read-object.js';
import type { KubernetesAnswer, KubernetesClient } from './types.js';

/** Where listed and watched objects go. */
export interface WatchStore {
  /** Begins a fresh copy, which replaces everything at once when it is committed. */
  begin(): { add(object: unknown): void; commit(): void };
  /** An object was added or changed. */
  set(object: unknown): void;
  /** An object was deleted. */
  remove(object: unknown): void;
}

/** What a watch tells whoever runs it. */
export type WatchEvent =
  | { readonly kind: 'listed'; readonly pages: number; readonly seconds: number }
  | { readonly kind: 'watching' }
  /** The server ended the stream in peace, as it does every few minutes. */
  | { readonly kind: 'lost' }
  /** The server has forgotten our resource version: everything is listed again. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'failed'; readonly error: unknown };

/** What {@link listAndWatch} needs. */
export interface ListAndWatchOptions {
  readonly client: KubernetesClient;
  /** E.g. `/api/v1/serviceaccounts`. */
  readonly path: string;
  /** E.g. `metadata.name=pod-identity-webhook`. */
  readonly fieldSelector?: string;
  readonly store: WatchStore;
  readonly observe?: (event: WatchEvent) => void;
  /** Objects a page. Default 500. */
  readonly pageSize?: number;
  /** A watch that says nothing for this long is dead: bookmarks come every minute. Default 150,000. */
  readonly silentMs?: number;
  /** Default 500. */
  readonly minBackoffMs?: number;
  /** Default 30,000. */
  readonly maxBackoffMs?: number;
  /** A number in [0, 1). Default `Math.random`. */
  readonly random?: () => number;
}

/** A running list and watch. */
export interface RunningWatch {
  /** Resolves when everything was listed once. */
  readonly synced: Promise<void>;
  readonly isSynced: () => boolean;
  /** 0 while a watch is open; else for how long none has been. */
  readonly behindSeconds: () => number;
  readonly stop: () => Promise<void>;
}

/** Thrown inside when the server has forgotten the resource version. */
class ExpiredError extends Error {}

/**
 * Keeps a store equal to a collection of the API server: list in pages, then watch from there; a watch that ends is resumed where it
 * ended, a forgotten resource version (410) is listed anew, failures wait longer and longer with jitter. After an outage everything is
 * listed anew: a server that was restored from a backup counts its versions again from there, and soon has one of our number with another past.
 *
 * @see {@link https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes | Kubernetes: watches}
 */
export function listAndWatch(options: ListAndWatchOptions): RunningWatch {
  const {
    client,
    path,
    fieldSelector,
    store,
    observe = () => {},
    pageSize = 500,
    silentMs = 150_000,
  } = options;
  const { minBackoffMs = 500, maxBackoffMs = 30_000, random = Math.random } = options;
  const stopping = new AbortController();
  const selector =
    fieldSelector === undefined ? '' : `&fieldSelector=${encodeURIComponent(fieldSelector)}`;
  let resourceVersion: string | undefined;
  let behindSince: number | undefined = performance.now();
  let failures = 0;
  let markSynced = (): void => {};
  let isSynced = false;
  const synced = new Promise<void>((resolve) => {
    markSynced = resolve;
  });

  const list = async (): Promise<string> => {
    const startedAt = performance.now();
    const copy = store.begin();
    let pages = 0;
    let token = '';
    let version: string | undefined;
    do {
      const more = token === '' ? '' : `&continue=${encodeURIComponent(token)}`;
      const answer = await client.request({
        path: `${path}?limit=${pageSize}${selector}${more}`,
        timeoutMs: 60_000,
      });
      const items = fieldOf(expectOk(answer, path), 'items');
      if (Array.isArray(items)) for (const item of items as unknown[]) copy.add(item);
      version = stringField(answer.body, 'metadata', 'resourceVersion');
      token = stringField(answer.body, 'metadata', 'continue') ?? '';
      pages += 1;
    } while (token !== '' && !stopping.signal.aborted);
    if (version === undefined)
      throw new ClusterError(`list ${path}: expected metadata.resourceVersion, got none`);
    stopping.signal.throwIfAborted();
    copy.commit();
    isSynced = true;
    markSynced();
    observe({ kind: 'listed', pages, seconds: (performance.now() - startedAt) / 1000 });
    return version;
  };

  const onEvent = (event: unknown): void => {
    const object = fieldOf(event, 'object');
    const type = stringField(event, 'type');
    if (type === 'ERROR')
      expectOk({ status: Number(fieldOf(object, 'code') ?? 500), body: object }, path);
    if (type === 'ADDED' || type === 'MODIFIED') store.set(object);
    if (type === 'DELETED') store.remove(object);
    resourceVersion = stringField(object, 'metadata', 'resourceVersion') ?? resourceVersion;
  };

  const watch = async (from: string): Promise<void> => {
    // Spread, so that replicas and watches do not all come back in the same second.
    const timeoutSeconds = 300 + Math.floor(random() * 300);
    const answer = await client.stream({
      path: `${path}?watch=1&allowWatchBookmarks=true&timeoutSeconds=${timeoutSeconds}&resourceVersion=${encodeURIComponent(from)}${selector}`,
      silentMs,
      signal: stopping.signal,
      onEvent,
      onOpen: () => {
        behindSince = undefined;
        observe({ kind: 'watching' });
      },
    });
    expectOk(answer, path);
  };

  const turn = async (): Promise<void> => {
    try {
      resourceVersion ??= await list();
      const openedAt = performance.now();
      await watch(resourceVersion);
      observe({ kind: 'lost' });
      // A server that ends each watch at once is not asked again at once.
      failures = performance.now() - openedAt < minBackoffMs ? failures + 1 : 0;
    } catch (error) {
      if (stopping.signal.aborted) return;
      // The watch was open until now: this is the first failure of a new row.
      if (behindSince === undefined) failures = 0;
      else resourceVersion = undefined;
      failures += 1;
      if (rootOf(error) instanceof ExpiredError) {
        resourceVersion = undefined;
        observe({ kind: 'expired' });
      } else {
        observe({ kind: 'failed', error });
      }
    } finally {
      behindSince ??= performance.now();
    }
  };

  const run = async (): Promise<void> => {
    while (!stopping.signal.aborted) {
      await turn();
      await delay(backoffMs(failures, { minBackoffMs, maxBackoffMs, random }), undefined, {
        signal: stopping.signal,
      }).catch(() => {});
    }
  };
  const running = run();

  return {
    synced,
    isSynced: () => isSynced,
    behindSeconds: () => (behindSince === undefined ? 0 : (performance.now() - behindSince) / 1000),
    stop: () => {
      stopping.abort();
      return running;
    },
  };
}

function expectOk(answer: KubernetesAnswer, path: string): unknown {
  if (answer.status === 200) return answer.body;
  const message = stringField(answer.body, 'message') ?? 'no message';
  // 504 is what a server restored from a backup says: our version lies in its future.
  if (answer.status === 410 || answer.status === 504) throw new ExpiredError(message);
  const fix =
    answer.status === 403 || answer.status === 401
      ? 'grant get, list and watch to the ServiceAccount of the webhook'
      : 'see the log of the API server';
  throw new ClusterError(`${path}: expected 200, got ${answer.status} ${message}; ${fix}`, {
    path,
  });
}

function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? rootOf(error.cause) : error;
}
