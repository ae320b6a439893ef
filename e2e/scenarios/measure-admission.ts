import { webhookManifests } from 'irsa/cluster';
import type { KubernetesJson } from '../clients/kubernetes-client.js';
import { region, webhookHost } from '../environment/hosts.js';
import type { World } from '../environment/world.js';
import {
  canary,
  dryRun,
  goReviewVersions,
  hasRole,
  startAdmissionRig,
  startGoWebhook,
} from '../setup/admission-rig.js';
import type { AdmissionRig } from '../setup/admission-rig.js';
import { deployWebhook } from '../setup/deploy-webhook.js';
import { ensureServiceAccount } from '../setup/ensure-service-account.js';
import { mapConcurrently } from '../setup/map-concurrently.js';
import { registerWebhook, until } from '../setup/register-webhook.js';
import { startWebhookProcess } from '../setup/start-webhook-process.js';
import type { Scenario } from './types.js';

/** Who mutates a pod: each has a namespace of its own, and the pods are created in turn. */
const sides = ['ours', 'go', 'floor'] as const;
type Side = (typeof sides)[number];
const sequential = 400;
const concurrent = 600;

/** What `npm run bench admission` reads: pod creations with our webhook and, in turn, with the Go webhook and with none. No scenario: it proves nothing. */
export const measureAdmission: Scenario = {
  id: 'measure-admission',
  about: 'pod creations with our webhook, the Go webhook and none',
  parts: ['etcd', 'kube-apiserver', 'kubectl', 'eks-webhook'],
  buckets: [],
  run: async (world) => JSON.stringify(await measure(world)),
};

/** Milliseconds and pods per second. */
export interface AdmissionFigures {
  readonly p50: number;
  readonly p99: number;
  readonly perSecond: number;
}

async function measure(world: World): Promise<Record<Side, AdmissionFigures>> {
  const rig = await startAdmissionRig(world);
  await prepareNamespaces(rig);
  await startBothWebhooks(rig);
  const times: Record<Side, number[]> = { ours: [], go: [], floor: [] };
  // The first hundred warm all sides up.
  for (let index = -100; index < sequential; index++) {
    for (const side of sides) {
      const ms = await create(rig, side, `one-${String(index + 100)}`);
      if (index >= 0) times[side].push(ms);
    }
  }
  const rates: Record<Side, number[]> = { ours: [], go: [], floor: [] };
  for (let round = 0; round < 4; round++) {
    for (const side of sides) {
      const started = performance.now();
      const pods = Array.from(
        { length: concurrent / 4 },
        (_, index) => `many-${String(round)}-${String(index)}`,
      );
      await mapConcurrently(pods, 16, (name) => create(rig, side, name));
      rates[side].push((1000 * pods.length) / (performance.now() - started));
    }
  }
  const figures = (side: Side): AdmissionFigures => ({
    p50: quantile(times[side], 0.5),
    p99: quantile(times[side], 0.99),
    perSecond: quantile(rates[side], 0.5),
  });
  return { ours: figures('ours'), go: figures('go'), floor: figures('floor') };
}

async function prepareNamespaces({ client }: AdmissionRig): Promise<void> {
  for (const side of sides) {
    await client.create('/api/v1/namespaces', { metadata: { name: side } });
    await ensureServiceAccount(client, side, 'role', {
      'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/measured',
    });
  }
}

async function startBothWebhooks(rig: AdmissionRig): Promise<void> {
  const { world, api, client } = rig;
  const port = world.nextPort();
  const manifests = webhookManifests({
    namespace: 'irsa-system',
    image: 'registry.example.com/irsa-webhook:0.1.0',
    certificates: 'self-managed',
    region,
  });
  const url = `https://${webhookHost}:${String(port)}/mutate`;
  const args = await deployWebhook(world, api, manifests, url);
  await startWebhookProcess(world, api, { name: 'measured-webhook', args, port });
  const go = await startGoWebhook(rig);
  world.onEnd(() => go.stop());
  await registerWebhook(client, {
    name: 'go',
    url: go.url,
    ca: world.certificates.ca,
    reviewVersions: goReviewVersions,
    namespace: 'go',
  });
  for (const [side, expected] of [
    ['ours', true],
    ['go', true],
    ['floor', false],
  ] as const) {
    await until(`pods of ${side} are mutated as they should`, async () => {
      const { status, pod } = await dryRun(client, podOf(side, 'probe'), side);
      return status === 201 && hasRole(pod.spec.containers[0]) === expected;
    });
  }
}

/** The same pod for all, but for the label by which our webhook leaves it to others. */
const podOf = (side: Side, name: string): KubernetesJson => ({
  ...canary,
  metadata: {
    name,
    ...(side !== 'ours' && { labels: { 'eks.amazonaws.com/skip-pod-identity-webhook': 'true' } }),
  },
});

async function create({ client }: AdmissionRig, side: Side, name: string): Promise<number> {
  const started = performance.now();
  await client.create(`/api/v1/namespaces/${side}/pods`, podOf(side, name));
  return performance.now() - started;
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
}
