import { readFileSync } from 'node:fs';
import { startWebhookServer } from 'irsa-webhook';
import type { PartialMutationSettings, ServiceAccount } from 'irsa/patch';
import type { KubernetesClient, KubernetesJson } from '../clients/kubernetes-client.js';
import { sendHttps } from '../clients/send-https.js';
import { region } from '../environment/hosts.js';
import { makeSigningKey } from '../environment/signing-key.js';
import { serviceAccountArguments } from '../environment/start-api-server.js';
import type { ApiServer } from '../environment/start-api-server.js';
import { startProcess } from '../environment/start-process.js';
import type { World } from '../environment/world.js';
import { serviceAccounts } from '../pods/random-pods.js';
import { ensureServiceAccount } from './ensure-service-account.js';
import { registerWebhook, unregisterWebhook, until } from './register-webhook.js';

/** An API server whose webhooks come and go, and the service accounts in it. */
export interface AdmissionRig {
  readonly world: World;
  readonly client: KubernetesClient;
  readonly api: ApiServer;
  readonly accounts: ReadonlyMap<string, ServiceAccount>;
}

/** What the API server answered: the pod that it would store, or its refusal. */
export interface Verdict {
  readonly status: number;
  readonly pod: KubernetesJson;
}

/** The namespace of all pods. */
export const namespace = 'team-a';

/** Starts an API server with the service accounts of the random pods. */
export async function startAdmissionRig(world: World, name = 'api'): Promise<AdmissionRig> {
  const key = makeSigningKey(world.data, `${name}-sa`, 'RSA-2048');
  const api = await world.apiServer({
    name,
    serviceAccountArguments: serviceAccountArguments({
      issuers: ['https://irsa-oidc-admission.s3.us-west-2.amazonaws.com'],
      signingKeyFile: key.privateKeyFile,
      verificationKeyFiles: [key.publicKeyFile],
    }),
  });
  await api.client.create('/api/v1/namespaces', { metadata: { name: namespace } });
  const accounts = new Map<string, ServiceAccount>();
  for (const [name, annotations] of Object.entries({ default: {}, ...serviceAccounts })) {
    await ensureServiceAccount(api.client, namespace, name, annotations);
    accounts.set(name, { metadata: { name, namespace, annotations } });
  }
  return { world, client: api.client, api, accounts };
}

/** Asks what the API server would store, strictly and without storing it. */
export async function dryRun(
  client: KubernetesClient,
  pod: KubernetesJson,
  where: string = namespace,
): Promise<Verdict> {
  const path = `/api/v1/namespaces/${where}/pods?dryRun=All&fieldValidation=Strict`;
  const { status, body } = await client.send('POST', path, pod);
  return { status, pod: body };
}

/** A pod that every webhook mutates. */
export const canary: KubernetesJson = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'canary' },
  spec: { serviceAccountName: 'role', containers: [{ name: 'app', image: 'example.com/app:1' }] },
};

/** Whether a container has its role. */
export const hasRole = (container: KubernetesJson): boolean =>
  container.env?.some((variable: KubernetesJson) => variable.name === 'AWS_ROLE_ARN') ?? false;

/** Whether the canary is mutated at this moment. */
export async function isInForce(
  client: KubernetesClient,
  where: string = namespace,
  serviceAccountName = 'role',
): Promise<boolean> {
  const pod = { ...canary, spec: { ...canary.spec, serviceAccountName } };
  const { status, pod: stored } = await dryRun(client, pod, where);
  return status === 201 && hasRole(stored.spec.containers[0]);
}

/** Registers, does the work once the API server calls the webhook, and takes the registration away. */
export async function whileRegistered<T>(
  { world, client }: AdmissionRig,
  url: string,
  work: () => Promise<T>,
  reviewVersions?: readonly ('v1' | 'v1beta1')[],
): Promise<T> {
  const { ca } = world.certificates;
  await registerWebhook(client, {
    name: 'irsa',
    url,
    ca,
    ...(reviewVersions === undefined ? {} : { reviewVersions }),
  });
  await until('the webhook is in force', () => isInForce(client));
  try {
    return await work();
  } finally {
    await unregisterWebhook(client, 'irsa');
    await until('the webhook is out of force', async () => !(await isInForce(client)));
  }
}

/** Does the work while our server answers the API server. */
export async function throughOurs<T>(
  rig: AdmissionRig,
  settings: PartialMutationSettings,
  work: () => Promise<T>,
): Promise<T> {
  const { certFile, keyFile } = rig.world.certificates;
  const server = await startWebhookServer({
    certificate: {
      certificatePem: readFileSync(certFile, 'utf8'),
      privateKeyPem: readFileSync(keyFile, 'utf8'),
    },
    findServiceAccount: (_, name) => rig.accounts.get(name),
    settings,
  });
  try {
    return await whileRegistered(rig, `${server.url}/mutate`, work);
  } finally {
    await server.close();
  }
}

/** Does the work while the real Go webhook answers the API server. */
export async function throughGo<T>(rig: AdmissionRig, work: () => Promise<T>): Promise<T> {
  const webhook = await startGoWebhook(rig);
  try {
    return await whileRegistered(rig, webhook.url, work, goReviewVersions);
  } finally {
    await webhook.stop();
  }
}

/** This release answers v1 without a TypeMeta, which the API server takes for v1beta1 only. */
export const goReviewVersions = ['v1beta1'] as const;

/** Starts the real Go webhook beside the API server. */
export async function startGoWebhook({
  world,
  api,
}: AdmissionRig): Promise<{ readonly url: string; stop(): Promise<void> }> {
  const { ca, certFile, keyFile } = world.certificates;
  const [port, metricsPort] = [world.nextPort(), world.nextPort()];
  const url = `https://127.0.0.1:${String(port)}`;
  const webhook = await startProcess({
    name: 'eks-webhook',
    command: world.part('eks-webhook'),
    args: [
      ...['--in-cluster=false', `--kubeconfig=${api.kubeconfig}`, `--aws-default-region=${region}`],
      ...[`--port=${String(port)}`, `--metrics-port=${String(metricsPort)}`],
      ...[`--tls-cert=${certFile}`, `--tls-key=${keyFile}`],
    ],
    env: {},
    logs: world.logs,
    ready: async () => (await sendHttps({ url: `${url}/healthz`, ca })).status === 200,
  });
  return { url: `${url}/mutate`, stop: () => webhook.stop() };
}
