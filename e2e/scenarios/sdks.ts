import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CreateBucketCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { buildIssuerDocuments, readPublicKeys, s3Issuer } from 'irsa/oidc';
import { applyPodPatch, computePodPatch } from 'irsa/patch';
import type { KubernetesJson } from '../clients/kubernetes-client.js';
import { region } from '../environment/hosts.js';
import { makeSigningKey } from '../environment/signing-key.js';
import { serviceAccountArguments } from '../environment/start-api-server.js';
import type { ApiServer } from '../environment/start-api-server.js';
import type { World } from '../environment/world.js';
import { createRole } from '../setup/create-role.js';
import { ensureServiceAccount } from '../setup/ensure-service-account.js';
import { playKubelet } from '../setup/play-kubelet.js';
import { publishIssuer, registerIssuer } from '../setup/publish-issuer.js';
import type { Scenario } from './types.js';

const namespace = 'default';
const serviceAccount = 's3-echoer';

const bucketsOf = (id: string): { readonly issuer: string; readonly data: string } => ({
  issuer: `irsa-oidc-${id}`,
  data: `irsa-data-${id}`,
});

const parts = ['etcd', 'kube-apiserver', 'versitygw'] as const;

/** Every official SDK gets its credentials from what our patch put into the pod, and from nothing else. */
export const sdks: Scenario = {
  id: 'sdks',
  about: "official SDKs work with the pod's environment alone",
  parts: [...parts, 'boto3', 'client-go'],
  buckets: Object.values(bucketsOf('sdks')),
  run: (world) => runClients(world, 'sdks', quickClients(world)),
};

/** The same for the SDKs whose programs take long to build. */
export const sdksSlow: Scenario = {
  id: 'sdks-slow',
  about: "the official SDKs for Java and Rust work with the pod's environment alone",
  parts: [...parts, 'client-java', 'client-rust'],
  buckets: Object.values(bucketsOf('sdks-slow')),
  slow: true,
  run: async (world) => runClients(world, 'sdks-slow', await slowClients(world)),
};

/** A program that puts an object and lists the bucket. */
interface Client {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  /** Beyond the pod's: only how this client is told about the authority, and what its runtime needs. */
  readonly env: Readonly<Record<string, string>>;
}

const program = (path: string): string =>
  fileURLToPath(new URL(`../tools/clients/${path}`, import.meta.url));

function quickClients(world: World): readonly Client[] {
  const { caFile } = world.certificates;
  const javascript = {
    command: process.execPath,
    args: ['--no-warnings', program('javascript/put-and-list.mjs')],
  };
  return [
    { name: 'javascript-v3', ...javascript, env: { NODE_EXTRA_CA_CERTS: caFile } },
    { name: 'irsa', ...javascript, env: { NODE_EXTRA_CA_CERTS: caFile, PROVIDER: 'irsa' } },
    {
      name: 'boto3',
      command: 'python3',
      args: [program('python/put_and_list.py')],
      env: { AWS_CA_BUNDLE: caFile, PYTHONPATH: world.part('boto3') },
    },
    { name: 'go-v2', command: world.part('client-go'), args: [], env: { SSL_CERT_FILE: caFile } },
  ];
}

async function slowClients(world: World): Promise<readonly Client[]> {
  const { caFile } = world.certificates;
  const trustStore = join(world.data, 'authority.p12');
  const imported = await world.run('keytool', [
    ...['-importcert', '-noprompt', '-alias', 'e2e', '-file', caFile],
    ...['-keystore', trustStore, '-storetype', 'PKCS12', '-storepass', 'changeit'],
  ]);
  if (imported.code !== 0) throw new Error(`keytool: ${imported.stdout}${imported.stderr}`);
  const trust = `-Djavax.net.ssl.trustStore=${trustStore} -Djavax.net.ssl.trustStorePassword=changeit`;
  return [
    {
      name: 'java-v2',
      command: 'java',
      args: ['-cp', `${world.part('client-java')}/*`, 'PutAndList'],
      env: { JAVA_TOOL_OPTIONS: trust },
    },
    { name: 'rust', command: world.part('client-rust'), args: [], env: { SSL_CERT_FILE: caFile } },
  ];
}

/** Makes issuer, role and pod, and lets each client do the walk-through's echo with the pod's environment. */
async function runClients(world: World, id: string, clients: readonly Client[]): Promise<string> {
  const aws = await world.aws();
  const { issuer: bucket, data: dataBucket } = bucketsOf(id);
  const key = makeSigningKey(world.data, 'sa', 'RSA-2048');
  const issuer = s3Issuer({ bucket, region });
  const { keys } = await readPublicKeys(key.publicKeyPem);
  await publishIssuer(aws, bucket, await buildIssuerDocuments({ issuer, keys }));
  await registerIssuer(aws, issuer);
  await aws.s3.send(
    new CreateBucketCommand({
      Bucket: dataBucket,
      CreateBucketConfiguration: { LocationConstraint: region },
    }),
  );
  const subjects = [{ namespace, name: serviceAccount }];
  const roleArn = await createRole(aws, { name: id, issuer, subjects, bucket: dataBucket });
  const api = await world.apiServer({
    name: 'api',
    serviceAccountArguments: serviceAccountArguments({
      issuers: [issuer],
      signingKeyFile: key.privateKeyFile,
      verificationKeyFiles: [key.publicKeyFile],
      jwksUri: `${issuer}/openid/v1/jwks`,
    }),
  });
  const pod = await createPatchedPod(api, roleArn);
  const podEnv = await playKubelet(api.client, pod, 's3-echoer');
  const times: string[] = [];
  for (const client of clients) {
    const started = performance.now();
    await runClient(world, client, { ...podEnv, BUCKET: dataBucket });
    times.push(`${client.name} ${((performance.now() - started) / 1000).toFixed(1)} s`);
  }
  const listed = await aws.s3.send(new ListObjectsV2Command({ Bucket: dataBucket }));
  const found = listed.Contents?.map((item) => item.Key) ?? [];
  const lost = clients.filter(({ name }) => !found.includes(name));
  if (lost.length > 0)
    throw new Error(`nothing was put by ${lost.map(({ name }) => name).join(', ')}`);
  return `each put and listed with ${Object.keys(podEnv).join(', ')} alone: ${times.join(', ')}`;
}

async function createPatchedPod(api: ApiServer, roleArn: string): Promise<KubernetesJson> {
  await ensureServiceAccount(api.client, namespace, serviceAccount, {
    'eks.amazonaws.com/role-arn': roleArn,
  });
  const account = await api.client.get(
    `/api/v1/namespaces/${namespace}/serviceaccounts/${serviceAccount}`,
  );
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 's3-echoer' },
    spec: {
      serviceAccountName: serviceAccount,
      restartPolicy: 'Never',
      containers: [{ name: 's3-echoer', image: 'public.ecr.aws/aws-cli/aws-cli:2' }],
    },
  };
  const settings = { region, regionalSts: true };
  const outcome = computePodPatch({ pod, namespace, serviceAccount: account, settings });
  if (outcome.kind !== 'mutated')
    throw new Error(`the pod was not mutated: ${JSON.stringify(outcome)}`);
  return api.client.create(
    `/api/v1/namespaces/${namespace}/pods?fieldValidation=Strict`,
    applyPodPatch(pod, outcome.patch),
  );
}

async function runClient(
  world: World,
  client: Client,
  podEnv: Readonly<Record<string, string>>,
): Promise<void> {
  const { name, command, args } = client;
  const env = { ...podEnv, ...client.env, KEY: name };
  const result = await world.run(command, args, { env });
  if (result.code !== 0) throw new Error(`${name} failed: ${result.stderr.trim().slice(-1500)}`);
  const { keys } = JSON.parse(result.stdout) as { keys: string[] };
  if (!keys.includes(name))
    throw new Error(`${name} listed ${keys.join(', ')}, not what it had put`);
}
