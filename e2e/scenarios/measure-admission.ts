import { webhookManifests } from 'irsa/cluster';
import type { KubernetesClient } from '../clients/kubernetes-client.js';
import { region, webhookHost } from '../environment/hosts.js';
import type { World } from '../environment/world.js';
import { canary, isInForce, namespace, startAdmissionRig } from '../setup/admission-rig.js';
import { deployWebhook } from '../setup/deploy-webhook.js';
import { ensureServiceAccount } from '../setup/ensure-service-account.js';
import { mapConcurrently } from '../setup/map-concurrently.js';
import { until } from '../setup/register-webhook.js';
import { startWebhookProcess } from '../setup/start-webhook-process.js';
import type { Scenario } from './types.js';

/** The manifests leave the webhook's own namespace out: pods there are the floor, created in turn with the others. */
const floorNamespace = 'irsa-system';
const sequential = 400;
const concurrent = 600;

/** What `npm run bench admission` reads: pod creations with our webhook and, in turn, without it. No scenario: it proves nothing. */
export const measureAdmission: Scenario = {
  id: 'measure-admission',
  about: 'pod creations with and without our webhook',
  parts: ['etcd', 'kube-apiserver', 'kubectl'],
  buckets: [],
  run: async (world) => JSON.stringify(await measure(world)),
};

/** Milliseconds and pods per second. */
export interface AdmissionFigures {
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
}

async function measure(world: World): Promise<Record<'ours' | 'floor', AdmissionFigures>> {
  const rig = await startAdmissionRig(world);
  const port = world.nextPort();
  const manifests = webhookManifests({
    namespace: floorNamespace,
    image: 'registry.example.com/irsa-webhook:0.1.0',
    certificates: 'self-managed',
    region,
  });
  const args = await deployWebhook(
    world,
    rig.api,
    manifests,
    `https://${webhookHost}:${String(port)}/mutate`,
  );
  await startWebhookProcess(world, rig.api, { name: 'measured-webhook', args, port });
  // The floor's pods are the same as the others, which the namespace's own security level would not let in.
  const level = (mode: string) => [`pod-security.kubernetes.io/${mode}`, null];
  await rig.client.send(
    'PATCH',
    `/api/v1/namespaces/${floorNamespace}`,
    { metadata: { labels: Object.fromEntries(['enforce', 'warn', 'audit'].map(level)) } },
    'application/merge-patch+json',
  );
  await ensureServiceAccount(rig.client, floorNamespace, 'role');
  await until('the webhook is in force', () => isInForce(rig.client));
  const names = { ours: namespace, floor: floorNamespace } as const;
  const times = { ours: [] as number[], floor: [] as number[] };
  // The first hundred warm both sides up.
  for (let index = -100; index < sequential; index++) {
    for (const side of ['ours', 'floor'] as const) {
      const ms = await create(rig.client, names[side], `one-${String(index + 100)}`);
      if (index >= 0) times[side].push(ms);
    }
  }
  const rates = { ours: [] as number[], floor: [] as number[] };
  for (let round = 0; round < 4; round++) {
    for (const side of ['ours', 'floor'] as const) {
      const started = performance.now();
      const pods = Array.from(
        { length: concurrent / 4 },
        (_, index) => `many-${String(round)}-${String(index)}`,
      );
      await mapConcurrently(pods, 16, (name) => create(rig.client, names[side], name));
      rates[side].push((1000 * pods.length) / (performance.now() - started));
    }
  }
  const figures = (side: 'ours' | 'floor'): AdmissionFigures => ({
    p50: quantile(times[side], 0.5),
    p99: quantile(times[side], 0.99),
    perSecond: quantile(rates[side], 0.5),
  });
  return { ours: figures('ours'), floor: figures('floor') };
}

async function create(client: KubernetesClient, where: string, name: string): Promise<number> {
  const started = performance.now();
  await client.create(`/api/v1/namespaces/${where}/pods`, { ...canary, metadata: { name } });
  return performance.now() - started;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
