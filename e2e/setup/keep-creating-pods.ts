import { setTimeout as sleep } from 'node:timers/promises';
import type { KubernetesClient, KubernetesJson } from '../clients/kubernetes-client.js';

/** What became of the pods so far. */
export interface PodStream {
  /** Pods that the API server has stored. */
  stored(): number;
  /** Answers that refused a pod, each with its message. */
  refusals(): readonly string[];
  /** Pods that were stored without the role. */
  unmutated(): readonly string[];
  /** The next pod that is stored, whatever happens until then. */
  nextStored(withinMs?: number): Promise<void>;
  stop(): Promise<void>;
}

/**
 * Creates a pod every moment, whether or not there is an API server, and looks at each that was stored. `client` gives the API
 * server's client of that moment.
 */
export function keepCreatingPods(options: {
  readonly client: () => KubernetesClient;
  readonly path: string;
  readonly pod: KubernetesJson;
  readonly isMutated: (pod: KubernetesJson) => boolean;
  readonly everyMs?: number;
}): PodStream {
  const { client, path, pod, isMutated, everyMs = 100 } = options;
  const refusals: string[] = [];
  const unmutated: string[] = [];
  let [running, number, stored] = [true, 0, 0];
  const createOne = async (): Promise<void> => {
    const name = `stream-${String(number++)}`;
    const answer = await client()
      .send('POST', path, { ...pod, metadata: { ...pod.metadata, name } })
      .catch(() => undefined);
    if (answer === undefined) return;
    if (answer.status === 201) {
      if (!isMutated(answer.body)) unmutated.push(name);
      stored++;
    } else refusals.push(`${String(answer.status)} ${String(answer.body?.message ?? '')}`);
  };
  const loop = async (): Promise<void> => {
    while (running) {
      await createOne();
      await sleep(everyMs);
    }
  };
  const done = loop();
  return {
    stored: () => stored,
    refusals: () => refusals,
    unmutated: () => unmutated,
    nextStored: async (withinMs = 120_000) => {
      const before = stored;
      const deadline = Date.now() + withinMs;
      while (stored === before) {
        if (Date.now() > deadline) {
          throw new Error(
            `no pod was stored within ${String(withinMs / 1000)} s; the last refusal: ${refusals.at(-1) ?? 'none'}`,
          );
        }
        await sleep(50);
      }
    },
    stop: async () => {
      running = false;
      await done;
    },
  };
}
