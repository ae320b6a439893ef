import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { CreateBucketCommand, ListObjectsV2Command } from '@aws-sdk/client-s3';
import { s3EchoerJob, serviceAccountManifest } from 'irsa/cluster';
import type { KubernetesObject } from 'irsa/cluster';
import { roleArn } from 'irsa/iam';
import { s3Issuer } from 'irsa/oidc';
import { accountId, region, webhookHost } from '../environment/hosts.js';
import type { ApiServer } from '../environment/start-api-server.js';
import type { World } from '../environment/world.js';
import { canary, isInForce } from '../setup/admission-rig.js';
import { askDoctor } from '../setup/ask-doctor.js';
import { applyAll, deployWebhook as deployWebhookManifests } from '../setup/deploy-webhook.js';
import { playKubelet } from '../setup/play-kubelet.js';
import { until } from '../setup/register-webhook.js';
import { runIrsa } from '../setup/run-irsa.js';
import { startWebhookProcess } from '../setup/start-webhook-process.js';
import type { Scenario } from './types.js';

const bucket = 'irsa-oidc-walkthrough';
const dataBucket = 'irsa-data-walkthrough';
const role = 's3-echoer';
const issuer = s3Issuer({ bucket, region });
/** An issuer from before: still accepted, never signing. The order of the two decides. */
const previousIssuer = 'https://previous.example.com';

/** The five steps of the old walk-through with our commands only. */
export const walkthrough: Scenario = {
  id: 'walkthrough',
  about: 'keys, issuer, API server, webhook and echoer with the command irsa and kubectl',
  parts: ['etcd', 'kube-apiserver', 'kubectl', 'versitygw'],
  buckets: [bucket, dataBucket],
  run,
};

async function run(world: World): Promise<string> {
  const steps: string[] = [];
  const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const started = performance.now();
    const result = await work();
    steps.push(`${name} ${((performance.now() - started) / 1000).toFixed(1)} s`);
    return result;
  };
  const keys = join(world.data, 'keys');
  await step('keys', () => runIrsa(world, ['keys', 'create', '--out', keys]));
  await step('issuer', () => publish(world, keys));
  const api = await step('API server', () => startConfigured(world, keys));
  await createPodTooEarly(world, api);
  await step('webhook', () => deployWebhook(world, api));
  const key = await step('echoer', () => runEchoer(world, api));
  const said = await step('doctor', () => askAboutPods(world, api));
  return `${steps.join(', ')}; object ${key} listed; ${said}`;
}

/** Issuer, provider and role with irsa; buckets and permissions of the app are its owner's affair. */
async function publish(world: World, keys: string): Promise<void> {
  const aws = await world.aws();
  const env = aws.env();
  const issuerArguments = [
    ...['--name', 'walkthrough', '--account-id', accountId, '--bucket', bucket],
    ...['--region', region, '--key', join(keys, 'sa.pub'), '--yes'],
  ];
  await runIrsa(world, ['issuer', 'apply', ...issuerArguments], env);
  await runIrsa(world, ['issuer', 'verify', issuer, '--key', join(keys, 'sa.pub')], env);
  const account = ['--service-account', `default/${role}`];
  await runIrsa(
    world,
    [
      'role',
      'create',
      '--name',
      role,
      '--issuer',
      issuer,
      '--account-id',
      accountId,
      ...account,
      '--yes',
    ],
    env,
  );
  await aws.s3.send(
    new CreateBucketCommand({
      Bucket: dataBucket,
      CreateBucketConfiguration: { LocationConstraint: region },
    }),
  );
  const allow = (action: string, resource: string) => ({
    Effect: 'Allow',
    Action: action,
    Resource: resource,
  });
  const policy = {
    Version: '2012-10-17',
    Statement: [
      allow('s3:PutObject', `arn:aws:s3:::${dataBucket}/*`),
      allow('s3:ListBucket', `arn:aws:s3:::${dataBucket}`),
    ],
  };
  await aws.iam.send(
    new PutRolePolicyCommand({
      RoleName: role,
      PolicyName: 'echo',
      PolicyDocument: JSON.stringify(policy),
    }),
  );
}

/** kube-apiserver starts with the flags that `irsa apiserver-config --for flags` writes, to the letter. */
async function startConfigured(world: World, keys: string): Promise<ApiServer> {
  const written = await runIrsa(world, [
    ...[
      'apiserver-config',
      '--for',
      'flags',
      '--output',
      'json',
      '--issuer',
      issuer,
      previousIssuer,
    ],
    ...['--signing-key-file', join(keys, 'sa.key'), '--key-file', join(keys, 'sa.pub')],
    ...['--jwks-uri', `${issuer}/openid/v1/jwks`],
  ]);
  const { files } = JSON.parse(written) as { files: { path: string; content: string }[] };
  const flags = files.find(({ path }) => path === 'kube-apiserver.flags')!.content;
  return world.apiServer({ name: 'api', serviceAccountArguments: flags.trim().split('\n') });
}

/** The service accounts, and a pod of the role from before there is a webhook: nothing gives it its role any more. */
async function createPodTooEarly(world: World, api: ApiServer): Promise<void> {
  const arn = roleArn({ accountId, roleName: role });
  const defaultAccount = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default', namespace: 'default' },
  };
  const account = serviceAccountManifest({ namespace: 'default', name: role, roleArn: arn });
  await applyAll(world, api, [defaultAccount, account]);
  const metadata = { name: 'before-the-webhook', namespace: 'default' };
  const spec = { ...canary.spec, serviceAccountName: role };
  await applyAll(world, api, [{ ...canary, metadata, spec }]);
}

/** Our manifests through kubectl; the webhook runs beside the cluster, so its configuration names it by URL. */
async function deployWebhook(world: World, api: ApiServer): Promise<void> {
  const written = await runIrsa(world, [
    ...['manifests', '--image', 'registry.example.com/irsa-webhook:0.1.0'],
    ...['--region', region, '--output', 'json'],
  ]);
  const manifests = objectsOf(JSON.parse(written));
  const port = world.nextPort();
  const url = `https://${webhookHost}:${String(port)}/mutate`;
  const args = await deployWebhookManifests(world, api, manifests, url);
  await startWebhookProcess(world, api, { name: 'walkthrough-webhook', args, port });
}

const objectsOf = (written: unknown): KubernetesObject[] =>
  (written as { items: KubernetesObject[] }).items;

/** The s3-echoer as a pod (no controller makes one of the Job here), the kubelet's part, and the program itself. */
async function runEchoer(world: World, api: ApiServer): Promise<string> {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a Job's pod template is read as the JSON that it is
  const job = s3EchoerJob({ bucket: dataBucket, region, serviceAccount: role }) as any;
  const { metadata = {}, spec } = job.spec.template;
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { ...metadata, name: 's3-echoer', namespace: 'default' },
    spec,
  };
  await until('the webhook is in force', () => isInForce(api.client, 'default', role));
  await applyAll(world, api, [pod]);
  const stored = await api.client.get('/api/v1/namespaces/default/pods/s3-echoer');
  const env = await playKubelet(api.client, stored, stored.spec.containers[0].name);
  const program = fileURLToPath(
    new URL('../tools/clients/javascript/put-and-list.mjs', import.meta.url),
  );
  const key = 's3-echoer-object';
  const echoed = await world.run(process.execPath, ['--no-warnings', program], {
    env: {
      ...env,
      NODE_EXTRA_CA_CERTS: world.certificates.caFile,
      PROVIDER: 'irsa',
      BUCKET: dataBucket,
      KEY: key,
    },
  });
  if (echoed.code !== 0) throw new Error(`the echoer failed: ${echoed.stderr.trim().slice(-1500)}`);
  const aws = await world.aws();
  const listed = await aws.s3.send(new ListObjectsV2Command({ Bucket: dataBucket }));
  const found = listed.Contents?.find((item) => item.Key === key);
  if (found === undefined) throw new Error('the object is not in the bucket');
  return `${key} (${String(found.Size)} bytes)`;
}

/** `irsa doctor --pod` sees the live cluster through kubectl, and STS and the issuer besides. */
async function askAboutPods(world: World, api: ApiServer): Promise<string> {
  const env = { KUBECONFIG: api.kubeconfig, KUBECTL: world.part('kubectl') };
  const expected = {
    's3-echoer': 'ok, exit 0',
    'before-the-webhook': 'refused, exit 1: pod-not-mutated',
  };
  const said: string[] = [];
  for (const [pod, wanted] of Object.entries(expected)) {
    const { verdict, code, findings } = await askDoctor(world, ['--pod', `default/${pod}`], env);
    const wrong = findings.filter(({ severity }) => severity !== 'info').map(({ id }) => id);
    const got = [`${verdict}, exit ${String(code)}`, ...wrong].join(': ');
    if (got !== wanted) throw new Error(`irsa doctor --pod default/${pod}: ${got}, not ${wanted}`);
    said.push(`${pod} ${got}`);
  }
  return `irsa doctor --pod, asked about the live cluster: ${said.join(' and ')}`;
}
