import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { webhookManifests } from 'irsa/cluster';
import type { KubernetesJson } from '../clients/kubernetes-client.js';
import { sendHttps } from '../clients/send-https.js';
import { region, webhookHost } from '../environment/hosts.js';
import type { World } from '../environment/world.js';
import { canary, hasRole } from '../setup/admission-rig.js';
import { deployWebhook } from '../setup/deploy-webhook.js';
import { ensureServiceAccount } from '../setup/ensure-service-account.js';
import { startFaultyCluster } from '../setup/faulty-cluster.js';
import type { FaultyCluster } from '../setup/faulty-cluster.js';
import { keepCreatingPods } from '../setup/keep-creating-pods.js';
import type { PodStream } from '../setup/keep-creating-pods.js';
import { until } from '../setup/register-webhook.js';
import { startBalancer } from '../setup/start-balancer.js';
import type { Balancer } from '../setup/start-balancer.js';
import { startWebhookProcess } from '../setup/start-webhook-process.js';
import type { WebhookReplica } from '../setup/start-webhook-process.js';
import type { Scenario } from './types.js';

const namespace = 'default';
const pods = `/api/v1/namespaces/${namespace}/pods`;
const secretPath = '/api/v1/namespaces/irsa-system/secrets/irsa-webhook-tls';
const configurationPath =
  '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/irsa-webhook';

/** What goes wrong around the webhook: pods are created throughout, and none may be stored without its role. */
export const webhookFaults: Scenario = {
  id: 'webhook-faults',
  about: 'no fault around the webhook lets a pod through unmutated, or ends the webhook',
  parts: ['etcd', 'kube-apiserver', 'kubectl'],
  buckets: [],
  run,
};

interface Site {
  readonly world: World;
  readonly cluster: FaultyCluster;
  readonly args: readonly string[];
  /** The webhook's Service. */
  readonly service: Balancer;
  /** The way from the webhook to the API server. */
  readonly uplink: Balancer;
  readonly replicas: WebhookReplica[];
  readonly pods: PodStream;
}

async function run(world: World): Promise<string> {
  const site = await startSite(world);
  const said: string[] = [];
  const faults = {
    'API server down and back': loseApiServer,
    'etcd wiped and restored': restoreEtcd,
    'Secret and caBundle edited by hand': editByHand,
    'slow API server': slowDown,
    'webhook cut off from the API server': cutOff,
    'clock skew': skewClocks,
  };
  for (const [name, fault] of Object.entries(faults)) {
    const before = site.pods.refusals().length;
    const started = performance.now();
    const detail = await fault(site).catch((error: unknown) => {
      throw new Error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    });
    mustHold(site, name);
    const seconds = ((performance.now() - started) / 1000).toFixed(0);
    const refused = site.pods.refusals().length - before;
    said.push(`${name} (${seconds} s, ${String(refused)} pods refused): ${detail}`);
    world.note(said.at(-1)!);
  }
  await site.pods.stop();
  const listed: KubernetesJson[] = (await site.cluster.api().client.get(pods)).items;
  const bare = listed.filter((pod) => !pod.spec.containers.every(hasRole));
  if (bare.length > 0) throw new Error(`${String(bare.length)} pods are stored without role`);
  return `${String(site.pods.stored())} pods stored, each with its role, and no replica ended by itself; ${said.join('; ')}`;
}

/** After each fault: every replica that was not stopped on purpose runs, and no pod was stored without its role. */
function mustHold({ pods: stream, replicas }: Site, fault: string): void {
  const unmutated = stream.unmutated();
  if (unmutated.length > 0) {
    throw new Error(`${fault}: ${String(unmutated.length)} pods stored without role`);
  }
  const ended = replicas.filter(({ process: program }) => !program.isRunning());
  if (ended.length > 0) {
    throw new Error(`${fault}: ended: ${ended.map(({ process: { name } }) => name).join(', ')}`);
  }
}

async function startSite(world: World): Promise<Site> {
  const cluster = await startFaultyCluster(world);
  const [service, uplink] = [
    await startBalancer(world.nextPort()),
    await startBalancer(world.nextPort()),
  ];
  world.onEnd(() => service.close());
  world.onEnd(() => uplink.close());
  uplink.setReplicas([Number(new URL(cluster.api().server).port)]);
  const manifests = webhookManifests({
    namespace: 'irsa-system',
    image: 'registry.example.com/irsa-webhook:0.1.0',
    certificates: 'self-managed',
    region,
  });
  const url = `https://${webhookHost}:${String(service.port)}/mutate`;
  const args = await deployWebhook(world, cluster.api(), manifests, url);
  const { client } = cluster.api();
  await ensureServiceAccount(client, namespace, 'default');
  await account(cluster, 'role', 'reader');
  await account(cluster, 'moved', 'before');
  const stream = keepCreatingPods({
    client: () => cluster.api().client,
    path: pods,
    pod: canary,
    isMutated: (pod) => roleOf(pod) === arn('reader'),
  });
  world.onEnd(() => stream.stop());
  const site: Site = { world, cluster, args, service, uplink, replicas: [], pods: stream };
  await addReplica(site);
  await addReplica(site);
  await stream.nextStored();
  return site;
}

let started = 0;

async function addReplica(site: Site, clockAheadSeconds = 0): Promise<WebhookReplica> {
  const { world, cluster, args, uplink, service, replicas } = site;
  const replica = await startWebhookProcess(world, cluster.api(), {
    name: `faults-webhook-${String(started++)}`,
    args,
    server: `https://127.0.0.1:${String(uplink.port)}`,
    clockAheadSeconds,
  });
  replicas.push(replica);
  service.setReplicas(replicas.map(({ port }) => port));
  await until(`${replica.process.name} is ready`, () => replica.isReady(), 60_000);
  return replica;
}

async function removeReplicas({ replicas, service }: Site): Promise<void> {
  const gone = replicas.splice(0);
  service.setReplicas([]);
  await Promise.all(gone.map(({ process: program }) => program.stop('SIGKILL')));
}

const arn = (role: string): string => `arn:aws:iam::111122223333:role/${role}`;

const account = (cluster: FaultyCluster, name: string, role: string): Promise<void> =>
  ensureServiceAccount(cluster.api().client, namespace, name, {
    'eks.amazonaws.com/role-arn': arn(role),
  });

const roleOf = (pod: KubernetesJson): string | undefined =>
  pod.spec.containers[0].env?.find(({ name }: { name: string }) => name === 'AWS_ROLE_ARN')?.value;

let number = 0;

/** What becomes of a pod of the service account now: the role that it gets (`none` where it would be stored without one), or its refusal. */
async function podNow(
  { cluster }: Site,
  serviceAccountName: string,
): Promise<{ readonly role?: string; readonly refusal?: string }> {
  const pod = {
    ...canary,
    metadata: { name: `probe-${String(number++)}` },
    spec: { ...canary.spec, serviceAccountName },
  };
  const { status, body } = await cluster.api().client.send('POST', `${pods}?dryRun=All`, pod);
  return status === 201 ? { role: roleOf(body) ?? 'none' } : { refusal: String(body?.message) };
}

/** A new service account's pod is created a moment after it; it has its role, or it is refused. */
async function useNewAccount(site: Site, name: string): Promise<void> {
  await account(site.cluster, name, name);
  await until(
    `a pod of the new service account ${name}`,
    async () => {
      const { role } = await podNow(site, name);
      if (role !== undefined && role !== arn(name)) throw new Error(`${name} was given ${role}`);
      return role !== undefined;
    },
    60_000,
  );
}

/** Asks the webhook itself, as the API server would. */
async function askWebhook({ service }: Site, ca: string): Promise<string> {
  const object = { ...canary, metadata: { name: 'asked', namespace } };
  const request = {
    uid: 'e2e',
    kind: { group: '', version: 'v1', kind: 'Pod' },
    resource: { group: '', version: 'v1', resource: 'pods' },
    operation: 'CREATE',
    namespace,
    object,
  };
  const { status, text } = await sendHttps({
    url: `https://${webhookHost}:${String(service.port)}/mutate`,
    ca,
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', request }),
  });
  const { response } = JSON.parse(text) as { response: { allowed: boolean; patch?: string } };
  const patch = Buffer.from(response.patch ?? '', 'base64').toString('utf8');
  if (status !== 200 || !response.allowed || !patch.includes(arn('reader'))) {
    throw new Error(`the webhook alone answered ${String(status)} ${text.slice(0, 300)}`);
  }
  return 'the webhook alone still decides';
}

const caOf = async ({ cluster }: Site): Promise<string> => {
  const { webhooks } = await cluster.api().client.get(configurationPath);
  return Buffer.from(webhooks[0].clientConfig.caBundle, 'base64').toString('utf8');
};

async function loseApiServer(site: Site): Promise<string> {
  const { cluster } = site;
  const ca = await caOf(site);
  await cluster.killApiServer();
  await sleep(3000);
  const alone = await askWebhook(site, ca);
  await cluster.startApiServer();
  await site.pods.nextStored();
  await useNewAccount(site, 'after-the-outage');
  return `killed for 3 s, ${alone}; a service account made after it has its role at once or its pod is refused`;
}

async function restoreEtcd(site: Site): Promise<string> {
  const { cluster } = site;
  const ca = await caOf(site);
  await cluster.stopEtcd();
  cluster.backUp();
  await cluster.startEtcd();
  await site.pods.nextStored();
  await account(cluster, 'moved', 'after');
  await until(
    'the changed role is given',
    async () => (await podNow(site, 'moved')).role === arn('after'),
  );
  const replaceData = async (restore: 'empty' | 'from the backup'): Promise<void> => {
    await cluster.killApiServer();
    await cluster.stopEtcd();
    cluster.wipe(restore);
    await cluster.startEtcd();
    await cluster.startApiServer();
  };
  await replaceData('empty');
  await sleep(3000);
  const alone = await askWebhook(site, ca);
  await replaceData('from the backup');
  const back = performance.now();
  await site.pods.nextStored();
  await until(
    'the role of the restored service account is given',
    async () => (await podNow(site, 'moved')).role === arn('before'),
    90_000,
  );
  const seconds = ((performance.now() - back) / 1000).toFixed(0);
  await useNewAccount(site, 'after-the-restore');
  return `etcd restarted, then emptied (${alone}), then put back: a role that had changed since the backup is the old one again after ${seconds} s`;
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

async function editByHand(site: Site): Promise<string> {
  const { client } = site.cluster.api();
  const merge = async (path: string, change: unknown): Promise<void> => {
    const { status } = await client.send('PATCH', path, change, 'application/merge-patch+json');
    if (status !== 200) throw new Error(`PATCH ${path}: ${String(status)}`);
  };
  const before = (await client.get(secretPath)).data;
  const configuration = await client.get(configurationPath);
  const strangersCa = base64(readFileSync(site.world.certificates.caFile, 'utf8'));
  for (const webhook of configuration.webhooks) webhook.clientConfig.caBundle = strangersCa;
  await merge(secretPath, {
    data: { 'tls.key': base64('typed by hand'), 'authorities.json': base64('[{"spoiled":') },
  });
  await merge(configurationPath, { webhooks: configuration.webhooks });
  const edited = performance.now();
  await until(
    'the Secret is as it was',
    async () => {
      const { data } = await client.get(secretPath);
      return ['tls.crt', 'tls.key', 'authorities.json'].every((key) => data[key] === before[key]);
    },
    120_000,
  );
  const secretSeconds = ((performance.now() - edited) / 1000).toFixed(0);
  await site.pods.nextStored();
  const podSeconds = ((performance.now() - edited) / 1000).toFixed(0);
  return `the Secret was written again from memory after ${secretSeconds} s, and the webhook trusted again after ${podSeconds} s`;
}

/** What the webhook asks the API server comes back after 1.5 s a piece, so that its reads of unknown service accounts end before the answer. */
async function slowDown(site: Site): Promise<string> {
  const { uplink } = site;
  uplink.setDelay(1500);
  const before = site.pods.stored();
  await useNewAccount(site, 'while-it-is-slow');
  // Nobody but the new replica answers.
  const old = site.replicas.splice(0);
  await addReplica(site);
  await site.pods.nextStored();
  site.replicas.push(...old);
  site.service.setReplicas(site.replicas.map(({ port }) => port));
  const during = site.pods.stored() - before;
  uplink.setDelay(0);
  return `1.5 s for each piece of an answer: a new service account got its role or its pods were refused, and a new replica alone took over; ${String(during)} pods meanwhile`;
}

/** The webhook can neither know nor ask about a new service account: for that reason, and no other, its pods are refused. */
async function cutOff(site: Site): Promise<string> {
  const { cluster, uplink } = site;
  const name = 'while-cut-off';
  uplink.setReplicas([]);
  uplink.dropConnections();
  await account(cluster, name, name);
  for (let pod = 0; pod < 10; pod++) {
    const { role, refusal = '' } = await podNow(site, name);
    if (role !== undefined) throw new Error(`${name} was given ${role}`);
    if (!refusal.includes(`ServiceAccount ${namespace}/${name} could not be read`)) {
      throw new Error(`a pod of ${name} is refused for another reason: ${refusal}`);
    }
  }
  await site.pods.nextStored();
  uplink.setReplicas([Number(new URL(cluster.api().server).port)]);
  const free = performance.now();
  await until(
    `the role of ${name} is given`,
    async () => (await podNow(site, name)).role === arn(name),
  );
  const seconds = ((performance.now() - free) / 1000).toFixed(1);
  return `ten pods of a new service account were refused because it could not be read, one of a known service account was stored, and ${seconds} s after the way was free the new one's role was given`;
}

/** Certificates made by a webhook whose clock is wrong: four minutes are borne; an hour means refusals, and heals with the clock. */
async function skewClocks(site: Site): Promise<string> {
  const { cluster } = site;
  const startOver = async (clockAheadSeconds: number): Promise<void> => {
    await removeReplicas(site);
    await cluster.api().client.remove(secretPath);
    await addReplica(site, clockAheadSeconds);
  };
  for (const seconds of [240, -240]) {
    await startOver(seconds);
    await site.pods.nextStored();
  }
  await startOver(3600);
  await until('a refusal for a certificate that is not valid yet', () =>
    Promise.resolve(
      (site.pods.refusals().at(-1) ?? '').includes(
        'x509: certificate has expired or is not yet valid',
      ),
    ),
  );
  await removeReplicas(site);
  const corrected = performance.now();
  await addReplica(site);
  await site.pods.nextStored();
  const seconds = ((performance.now() - corrected) / 1000).toFixed(0);
  return `4 minutes ahead and behind are borne; an hour ahead the API server refuses (not yet valid), and ${seconds} s after a replica with the right clock came pods are taken again`;
}
