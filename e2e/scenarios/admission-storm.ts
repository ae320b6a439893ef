import { setTimeout as sleep } from 'node:timers/promises';
import { auditPods } from 'irsa/patch';
import { webhookManifests } from 'irsa/cluster';
import type { KubernetesJson } from '../clients/kubernetes-client.js';
import { region, webhookHost } from '../environment/hosts.js';
import type { World } from '../environment/world.js';
import {
  canary,
  hasRole,
  isInForce,
  namespace,
  startAdmissionRig,
} from '../setup/admission-rig.js';
import type { AdmissionRig } from '../setup/admission-rig.js';
import { deployWebhook } from '../setup/deploy-webhook.js';
import { mapConcurrently } from '../setup/map-concurrently.js';
import { until } from '../setup/register-webhook.js';
import { startBalancer } from '../setup/start-balancer.js';
import type { Balancer } from '../setup/start-balancer.js';
import { startWebhookProcess } from '../setup/start-webhook-process.js';
import type { WebhookReplica } from '../setup/start-webhook-process.js';

const stormCount = 500;
const pods = `/api/v1/namespaces/${namespace}/pods`;

interface Storm {
  readonly world: World;
  readonly rig: AdmissionRig;
  readonly args: readonly string[];
  readonly balancer: Balancer;
  readonly replicas: WebhookReplica[];
}

/**
 * 500 pods at once while replicas are restarted and killed and the certificate is made anew: with Fail no pod is without its role;
 * with Ignore the audit finds every one that is.
 */
export async function surviveStorm(world: World): Promise<string> {
  const storm = await startStorm(world);
  const refusals = await createDuringFaults(storm);
  const stored: KubernetesJson[] = (await storm.rig.client.get(pods)).items;
  const without = stored.filter((pod) => !hasRole(pod.spec.containers[0]));
  if (stored.length !== stormCount || without.length > 0) {
    throw new Error(
      `failurePolicy Fail: ${String(stored.length)} pods, ${String(without.length)} without role`,
    );
  }
  const found = await auditIgnored(storm);
  return `${String(stormCount)} pods created during a restart, a new certificate and a killed replica: each has its role (${String(refusals)} refusals, each tried again); with Ignore and no replica the audit finds all ${String(found)} pods without role`;
}

async function startStorm(world: World): Promise<Storm> {
  const rig = await startAdmissionRig(world, 'storm');
  const balancer = await startBalancer(world.nextPort());
  world.onEnd(() => balancer.close());
  const manifests = webhookManifests({
    namespace: 'irsa-system',
    image: 'registry.example.com/irsa-webhook:0.1.0',
    certificates: 'self-managed',
    region,
  });
  const url = `https://${webhookHost}:${String(balancer.port)}/mutate`;
  const args = await deployWebhook(world, rig.api, manifests, url);
  const storm: Storm = { world, rig, args, balancer, replicas: [] };
  await startReplica(storm);
  await startReplica(storm);
  await until('the webhook is in force', () => isInForce(rig.client));
  return storm;
}

let started = 0;

async function startReplica({ world, rig, args, balancer, replicas }: Storm): Promise<void> {
  const name = `storm-webhook-${String(started++)}`;
  replicas.push(await startWebhookProcess(world, rig.api, { name, args }));
  balancer.setReplicas(replicas.map(({ port }) => port));
}

/** Takes the oldest replica away. */
async function endReplica({ balancer, replicas }: Storm, signal: NodeJS.Signals): Promise<void> {
  const replica = replicas.shift()!;
  // A killed replica is still in the Service for a while; one that ends in order is not.
  if (signal === 'SIGTERM') balancer.setReplicas(replicas.map(({ port }) => port));
  await replica.process.stop(signal);
  balancer.setReplicas(replicas.map(({ port }) => port));
}

/** Returns how often a pod was refused; each is tried again, as its ReplicaSet would. */
async function createDuringFaults(storm: Storm): Promise<number> {
  const { rig, world } = storm;
  let refusals = 0;
  let created = 0;
  const atShare = async (share: number, work: () => Promise<unknown>): Promise<void> => {
    await until(
      `${String(share)} of the pods`,
      () => Promise.resolve(created >= share * stormCount),
      240_000,
    );
    await work();
  };
  const faults = async (): Promise<void> => {
    await atShare(0.1, () => endReplica(storm, 'SIGTERM'));
    await startReplica(storm);
    world.note('a replica was restarted');
    await atShare(0.3, () =>
      rig.client.remove('/api/v1/namespaces/irsa-system/secrets/irsa-webhook-tls'),
    );
    world.note('the Secret with CA and certificate was deleted');
    await atShare(0.6, () => endReplica(storm, 'SIGKILL'));
    world.note('one of two replicas was killed');
  };
  const create = async (index: number): Promise<void> => {
    const pod = { ...canary, metadata: { name: `storm-${String(index)}` } };
    for (const deadline = Date.now() + 180_000; ;) {
      const { status, body } = await rig.client.send('POST', pods, pod);
      if (status === 201) break;
      refusals++;
      if (Date.now() > deadline)
        throw new Error(`storm-${String(index)} is refused: ${String(body.message)}`);
      await sleep(200);
    }
    created++;
  };
  const numbers = Array.from({ length: stormCount }, (_, index) => index);
  await Promise.all([faults(), mapConcurrently(numbers, 24, create)]);
  return refusals;
}

/** Nobody answers and the policy is Ignore: the pods are stored as they are, and the audit must name exactly them. */
async function auditIgnored(storm: Storm): Promise<number> {
  const { rig } = storm;
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/irsa-webhook';
  const configuration = await rig.client.get(path);
  for (const webhook of configuration.webhooks) webhook.failurePolicy = 'Ignore';
  await rig.client.send('PUT', path, configuration);
  while (storm.replicas.length > 0) await endReplica(storm, 'SIGKILL');
  await until(
    'pods are let through',
    async () => !(await isInForce(rig.client)) && (await isLetThrough(rig)),
  );
  const names = Array.from({ length: 20 }, (_, index) => `ignored-${String(index)}`);
  for (const name of names) await rig.client.create(pods, { ...canary, metadata: { name } });
  const all: KubernetesJson[] = (await rig.client.get(pods)).items;
  const truth = all
    .filter((pod) => !hasRole(pod.spec.containers[0]))
    .map((pod) => pod.metadata.name);
  const findings = auditPods({
    pods: all,
    serviceAccounts: [...rig.accounts.values()],
    settings: { region },
  });
  const named = [...new Set(findings.map(({ pod }) => pod.name))];
  if (truth.length < names.length || truth.sort().join() !== named.sort().join()) {
    throw new Error(
      `audit: ${String(truth.length)} pods are without role, found ${named.join(', ')}`,
    );
  }
  return truth.length;
}

const isLetThrough = async (rig: AdmissionRig): Promise<boolean> =>
  (await rig.client.send('POST', `${pods}?dryRun=All`, canary)).status === 201;
