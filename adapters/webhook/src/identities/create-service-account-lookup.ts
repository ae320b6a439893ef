import { ClusterError } from 'irsa/errors';
import type { ServiceAccount } from 'irsa/patch';
import type { KubernetesClient } from '../kubernetes/types.js';
import { reduceServiceAccount, type ServiceAccountStore } from './create-service-account-store.js';

/** What {@link createServiceAccountLookup} needs. */
export interface ServiceAccountLookupOptions {
  readonly store: ServiceAccountStore;
  readonly client: KubernetesClient;
  readonly annotationDomain: string;
  /** How long a review waits for the API server on a miss; 0 never asks it. Default 1,000. */
  readonly timeoutMs?: number;
  /** How long an answer of the API server, "not there" included, stands in for the watch. Default 3,000. */
  readonly rememberMs?: number;
  /** Answers remembered at the same time; the oldest goes. Default 10,000. */
  readonly maxRemembered?: number;
  /** Calls to the API server at the same time; further misses fail at once. Default 64. */
  readonly maxConcurrent?: number;
  /** Default nothing. */
  readonly observe?: (result: 'hit' | 'remembered' | 'found' | 'absent' | 'failed') => void;
}

/** Looks up a ServiceAccount: at once where it is known, else from the API server. */
export type ServiceAccountLookup = (
  namespace: string,
  name: string,
) => ServiceAccount | undefined | Promise<ServiceAccount | undefined>;

interface Remembered {
  readonly account: ServiceAccount | undefined;
  readonly until: number;
}

/**
 * The watch is a moment behind, and a Helm chart creates a ServiceAccount and its pods in the same second: on a miss the API server is
 * asked once, and everybody who waits for the same ServiceAccount shares the answer. Its answers, "not there" included, are
 * remembered for a moment, so that a workload with a missing ServiceAccount does not become a storm of reads.
 */
export function createServiceAccountLookup(
  options: ServiceAccountLookupOptions,
): ServiceAccountLookup {
  const { store, client, annotationDomain, observe = () => {} } = options;
  const {
    timeoutMs = 1000,
    rememberMs = 3000,
    maxRemembered = 10_000,
    maxConcurrent = 64,
  } = options;
  const remembered = new Map<string, Remembered>();
  const asking = new Map<string, Promise<ServiceAccount | undefined>>();

  const remember = (key: string, account: ServiceAccount | undefined): void => {
    remembered.delete(key);
    const [oldest] = remembered.keys();
    if (remembered.size >= maxRemembered && oldest !== undefined) remembered.delete(oldest);
    remembered.set(key, { account, until: performance.now() + rememberMs });
  };

  const ask = async (
    namespace: string,
    name: string,
    key: string,
  ): Promise<ServiceAccount | undefined> => {
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/serviceaccounts/${encodeURIComponent(name)}`;
    const answer = await client.request({ path, timeoutMs });
    if (answer.status !== 200 && answer.status !== 404) {
      throw new ClusterError(
        `ServiceAccount ${key}: expected 200 or 404 from the API server, got ${answer.status}; check the webhook's role`,
      );
    }
    const account =
      answer.status === 200 ? reduceServiceAccount(answer.body, annotationDomain) : undefined;
    observe(account === undefined ? 'absent' : 'found');
    remember(key, account);
    return account;
  };

  return (namespace, name) => {
    const known = store.find(namespace, name);
    if (known !== undefined) {
      observe('hit');
      return known;
    }
    if (timeoutMs === 0 || name === '' || namespace === '') return undefined;
    const key = `${namespace}/${name}`;
    const recent = remembered.get(key);
    if (recent !== undefined && performance.now() < recent.until) {
      observe('remembered');
      return recent.account;
    }
    let answer = asking.get(key);
    if (answer === undefined) {
      if (asking.size >= maxConcurrent) {
        observe('failed');
        throw new ClusterError(
          `ServiceAccount ${key}: ${maxConcurrent} reads are under way already`,
        );
      }
      answer = ask(namespace, name, key)
        .catch((error: unknown) => {
          observe('failed');
          throw error;
        })
        .finally(() => asking.delete(key));
      asking.set(key, answer);
    }
    return answer;
  };
}
