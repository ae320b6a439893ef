import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:tls';
import { generateServerIdentity, webhookDnsNames } from 'irsa/certs';
import type { CertificateAuthority } from 'irsa/certs';
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
import { tryIrsa } from '../setup/run-irsa.js';
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
 * 500 pods at once while replicas are restarted and killed and the certificate is renewed: with Fail no pod is without its role; with
 * Ignore `irsa audit` finds every one that is.
 */
export async function surviveStorm(world: World): Promise<string> {
  const storm = await startStorm(world);
  const refusals = await createDuringFaults(storm, 'fail');
  const { all, without } = await roles(storm);
  if (all.length !== stormCount || without.length > 0) {
    throw new Error(
      `failurePolicy Fail: ${String(all.length)} pods, ${String(without.length)} without role`,
    );
  }
  if (refusals === 0) throw new Error('failurePolicy Fail: no fault was felt, so nothing is shown');
  await ignoreFailures(storm);
  await createDuringFaults(storm, 'ignore');
  const letThrough = (await roles(storm)).without.length;
  if (letThrough === 0) throw new Error('failurePolicy Ignore: no fault was felt');
  await createWithoutReplica(storm);
  const found = await auditAll(storm);
  return `${String(stormCount)} pods created during a restart, a new certificate and a killed replica: with Fail each has its role (${String(refusals)} refusals, each tried again); with Ignore ${String(letThrough)} of ${String(stormCount)} have none, and irsa audit names them and those without any replica, ${String(found)} in all, and no other`;
}

async function roles({ rig }: Storm): Promise<{
  readonly all: readonly KubernetesJson[];
  readonly without: readonly KubernetesJson[];
}> {
  const all: KubernetesJson[] = (await rig.client.get(pods)).items;
  return { all, without: all.filter((pod) => !hasRole(pod.spec.containers[0])) };
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
  const replica = await startWebhookProcess(world, rig.api, { name, args });
  await until(`${name} is ready`, () => replica.isReady(), 60_000);
  replicas.push(replica);
  balancer.setReplicas(replicas.map(({ port }) => port));
}

/** Takes the replica away to which most connections lead: the one whose end is felt. */
async function endReplica({ balancer, replicas }: Storm, signal: NodeJS.Signals): Promise<void> {
  replicas.sort((a, b) => balancer.openTo(b.port) - balancer.openTo(a.port));
  const replica = replicas.shift()!;
  // A killed replica is still in the Service for a while; one that ends in order is not, and answers what is under way.
  if (signal === 'SIGTERM') balancer.setReplicas(replicas.map(({ port }) => port));
  await replica.process.stop(signal);
  // Every connection is made anew while the Service still leads half of them to the dead replica.
  if (signal === 'SIGKILL') balancer.dropConnections();
  if (signal === 'SIGKILL') await sleep(2000);
  balancer.setReplicas(replicas.map(({ port }) => port));
}

/** Creates the pods while everything happens to the webhook, and returns how often one was refused; it is tried again, as its ReplicaSet would. */
async function createDuringFaults(storm: Storm, name: string): Promise<number> {
  const { rig, world } = storm;
  let refusals = 0;
  let created = 0;
  /** So many pods may be created by now: each fault has its own, and a tenth is for after all of them. */
  let open = stormCount * 0.4;
  const atShare = (share: number): Promise<void> =>
    until(
      `${String(share)} of the pods`,
      () => Promise.resolve(created >= share * stormCount),
      240_000,
    );
  const faults = async (): Promise<void> => {
    await atShare(0.1);
    const before = [await servedSerial(storm), await agePair(storm)];
    await endReplica(storm, 'SIGTERM');
    await startReplica(storm);
    world.note(`${name}: a replica was restarted, and finds a certificate that nears its end`);
    await until(
      'the certificate is renewed',
      async () => !before.includes(await servedSerial(storm)),
    );
    world.note(`${name}: a new certificate is served`);
    // Only now, so that the API server is busy when the replica dies, whatever the machine's speed.
    open = stormCount * 0.9;
    await atShare(0.5);
    await endReplica(storm, 'SIGKILL');
    world.note(`${name}: one of two replicas was killed`);
    await startReplica(storm);
  };
  const faultsDone = faults();
  void faultsDone.finally(() => (open = stormCount)).catch(() => {});
  const create = async (index: number): Promise<void> => {
    while (index >= open) await sleep(20);
    const pod = { ...canary, metadata: { name: `storm-${name}-${String(index)}` } };
    for (const deadline = Date.now() + 180_000; ;) {
      const { status, body } = await rig.client.send('POST', pods, pod);
      if (status === 201) break;
      refusals++;
      if (Date.now() > deadline)
        throw new Error(`${pod.metadata.name} is refused: ${String(body.message)}`);
      await sleep(200);
    }
    created++;
  };
  const numbers = Array.from({ length: stormCount }, (_, index) => index);
  await Promise.all([faultsDone, mapConcurrently(numbers, 24, create)]);
  return refusals;
}

const secretPath = '/api/v1/namespaces/irsa-system/secrets/irsa-webhook-tls';

/** Puts a pair of the same authority into the Secret that ends in ten days: the next replica that looks renews it. Returns its serial number. */
async function agePair({ rig }: Storm): Promise<string> {
  const { data } = await rig.client.get(secretPath);
  const text = (key: string): string => Buffer.from(data[key], 'base64').toString('utf8');
  const [authority] = JSON.parse(text('authorities.json')) as CertificateAuthority[];
  const aged = await generateServerIdentity({
    dnsNames: webhookDnsNames({ service: 'irsa-webhook', namespace: 'irsa-system' }),
    authority: authority!,
    lifetimeSeconds: 10 * 86_400,
  });
  const encode = (value: string): string => Buffer.from(value).toString('base64');
  const changed = {
    'tls.crt': encode(aged.certificatePem),
    'tls.key': encode(aged.privateKeyPem),
  };
  const { status } = await rig.client.send(
    'PATCH',
    secretPath,
    { data: changed },
    'application/merge-patch+json',
  );
  if (status !== 200) throw new Error(`PATCH ${secretPath}: ${String(status)}`);
  return new X509Certificate(aged.certificatePem).serialNumber;
}

/** The serial number of the certificate that the newest replica presents. */
function servedSerial({ replicas }: Storm): Promise<string> {
  return new Promise((resolve, reject) => {
    // Who signed it is not the question here: the API server checks that for every pod.
    const socket = connect(
      { port: replicas.at(-1)!.port, host: '127.0.0.1', rejectUnauthorized: false },
      () => {
        resolve(socket.getPeerCertificate().serialNumber);
        socket.destroy();
      },
    );
    socket.on('error', reject);
  });
}

async function ignoreFailures({ rig }: Storm): Promise<void> {
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/irsa-webhook';
  const configuration = await rig.client.get(path);
  for (const webhook of configuration.webhooks) webhook.failurePolicy = 'Ignore';
  await rig.client.send('PUT', path, configuration);
  // Nobody says when the API server has seen it; a second is many times what it takes.
  await sleep(1000);
}

/** Nobody answers and the policy is Ignore: the pods are stored as they are. */
async function createWithoutReplica(storm: Storm): Promise<void> {
  const { rig } = storm;
  while (storm.replicas.length > 0) await endReplica(storm, 'SIGKILL');
  const names = Array.from({ length: 20 }, (_, index) => `ignored-${String(index)}`);
  for (const name of names) await rig.client.create(pods, { ...canary, metadata: { name } });
}

/** The command must name the pods without role and no other; returns how many. */
async function auditAll(storm: Storm): Promise<number> {
  const { world, rig } = storm;
  const truth = (await roles(storm)).without.map((pod) => String(pod.metadata.name)).sort();
  const env = { KUBECONFIG: rig.api.kubeconfig, PATH: join(world.part('kubectl'), '..') };
  const args = ['audit', '--live', '--region', region, '--output', 'json'];
  const { code, stdout, stderr } = await tryIrsa(world, args, env);
  if (code !== 1) throw new Error(`irsa audit ended with ${String(code)}: ${stdout}${stderr}`);
  const { findings } = JSON.parse(stdout) as { findings: { pod: { name: string } }[] };
  const named = [...new Set(findings.map(({ pod }) => pod.name))].sort();
  if (truth.length < 20 || truth.join() !== named.join()) {
    throw new Error(
      `irsa audit: ${String(truth.length)} pods are without role, found ${named.join(', ')}`,
    );
  }
  return truth.length;
}
