import { deepStrictEqual } from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  GetOpenIDConnectProviderCommand,
  GetRoleCommand,
  ListOpenIDConnectProvidersCommand,
  ListRolesCommand,
} from '@aws-sdk/client-iam';
import {
  GetBucketPolicyCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
} from '@aws-sdk/client-s3';
import { manifestsToYaml, webhookManifests } from 'irsa/cluster';
import { s3Issuer } from 'irsa/oidc';
import { accountId, region } from '../environment/hosts.js';
import { makeSigningKey } from '../environment/signing-key.js';
import { serviceAccountArguments } from '../environment/start-api-server.js';
import type { ApiServer } from '../environment/start-api-server.js';
import type { VerifyingAws } from '../environment/start-aws.js';
import type { World } from '../environment/world.js';
import { createRole } from '../setup/create-role.js';
import { ensureServiceAccount } from '../setup/ensure-service-account.js';
import { publishIssuer, registerIssuer } from '../setup/publish-issuer.js';
import { until } from '../setup/register-webhook.js';
import { runIrsa, runKubectl, tryIrsa } from '../setup/run-irsa.js';
import type { Scenario } from './types.js';

const bucket = 'irsa-oidc-teardown';
const foreignBucket = 'irsa-oidc-foreign';
const upBucket = 'irsa-oidc-up';
const issuer = s3Issuer({ bucket, region });

/** What irsa made is gone, what others made is untouched, and each command run twice changes nothing. */
export const teardown: Scenario = {
  id: 'teardown',
  about: 'what irsa made is taken down, everything else stays, and every command may be run twice',
  parts: ['etcd', 'kube-apiserver', 'kubectl', 'versitygw'],
  buckets: [bucket, foreignBucket, upBucket],
  run,
};

async function run(world: World): Promise<string> {
  const aws = await world.aws();
  const awsPart = await tearDownIssuer(world, aws);
  const clusterPart = await tearDownWebhook(world);
  return `${awsPart}; ${clusterPart}; ${await runTwice(world, aws)}`;
}

interface Snapshot {
  readonly objects: Readonly<Record<string, unknown>>;
  readonly bucketPolicies: Readonly<Record<string, unknown>>;
  /** Each with its URL, audiences, thumbprints and tags. */
  readonly providers: readonly string[];
  /** Role and trust policy. */
  readonly trust: readonly (readonly [string, string])[];
}

/** Everything in the account that a teardown could touch. */
async function snapshot(aws: VerifyingAws): Promise<Snapshot> {
  const { Buckets = [] } = await aws.s3.send(new ListBucketsCommand({}));
  const objects: Record<string, unknown> = {};
  const bucketPolicies: Record<string, unknown> = {};
  for (const { Name } of Buckets) {
    const { Contents = [] } = await aws.s3.send(new ListObjectsV2Command({ Bucket: Name }));
    objects[Name!] = Contents.map(({ Key, ETag, LastModified }) => [
      Key,
      ETag,
      LastModified?.toISOString(),
    ]);
    const policy = await aws.s3
      .send(new GetBucketPolicyCommand({ Bucket: Name }))
      .catch(() => ({}));
    bucketPolicies[Name!] = 'Policy' in policy ? policy.Policy : undefined;
  }
  const { OpenIDConnectProviderList = [] } = await aws.iam.send(
    new ListOpenIDConnectProvidersCommand({}),
  );
  const providers = await Promise.all(
    OpenIDConnectProviderList.map(async ({ Arn }) => {
      const { Url, ClientIDList, ThumbprintList, Tags } = await aws.iam.send(
        new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: Arn }),
      );
      return JSON.stringify([Arn, Url, ClientIDList, ThumbprintList, Tags]);
    }),
  );
  const { Roles = [] } = await aws.iam.send(new ListRolesCommand({}));
  const trust = await Promise.all(
    Roles.map(async ({ RoleName }) => {
      const { Role } = await aws.iam.send(new GetRoleCommand({ RoleName }));
      return [RoleName!, Role?.AssumeRolePolicyDocument ?? ''] as const;
    }),
  );
  return {
    objects,
    bucketPolicies,
    providers: providers.sort(),
    trust: trust.sort(),
  };
}

async function tearDownIssuer(world: World, aws: VerifyingAws): Promise<string> {
  const env = aws.env();
  const key = makeSigningKey(world.data, 'sa', 'RSA-2048');
  const foreign = s3Issuer({ bucket: foreignBucket, region });
  await publishIssuer(aws, foreignBucket, [
    {
      path: 'index.html',
      url: `${foreign}/index.html`,
      body: 'not ours',
      contentType: 'application/json',
      cacheControl: '',
      sha256: '',
    },
  ]);
  await registerIssuer(aws, foreign);
  await createRole(aws, {
    name: 'foreign',
    issuer: foreign,
    subjects: [{ namespace: 'a', name: 'b' }],
  });
  const before = await snapshot(aws);
  const common = [
    '--name',
    'teardown',
    '--account-id',
    accountId,
    '--bucket',
    bucket,
    '--region',
    region,
  ];
  const apply = [
    'issuer',
    'apply',
    ...common,
    '--key',
    key.publicKeyFile,
    '--role',
    'torn=default/reader',
    '--yes',
  ];
  await runIrsa(world, apply, env);
  const applied = await snapshot(aws);
  await runIrsa(world, apply, env);
  deepStrictEqual(await snapshot(aws), applied, 'irsa issuer apply, run twice, changed something');
  const teardownArguments = [
    'issuer',
    'teardown',
    ...common,
    '--role',
    'torn=default/reader',
    '--release-bucket-name',
    '--yes',
  ];
  await runIrsa(world, teardownArguments, env);
  const after = await snapshot(aws);
  const { closed: closedBefore, ...there } = withoutClosedRoles(before);
  const { closed, ...left } = withoutClosedRoles(after);
  deepStrictEqual(left, there, 'irsa issuer teardown left something or took too much');
  const newlyClosed = closed.filter((name) => !closedBefore.includes(name));
  deepStrictEqual(newlyClosed, ['torn'], 'the role that trusted the issuer is not closed');
  await runIrsa(world, teardownArguments, env);
  deepStrictEqual(await snapshot(aws), after, 'irsa issuer teardown, run twice, changed something');
  return `issuer ${issuer}: applied twice, torn down twice, the other's bucket, provider and role untouched (the role itself stays, with a trust policy that denies: its permissions may be somebody else's)`;
}

/** Teardown keeps roles, since others may have given them permissions, and leaves a trust policy that lets nobody in. */
function withoutClosedRoles(seen: Snapshot): Snapshot & { readonly closed: readonly string[] } {
  const isClosed = ([, policy]: readonly [string, string]): boolean => {
    const { Statement } = JSON.parse(decodeURIComponent(policy)) as {
      Statement: { Effect: string }[];
    };
    return Statement.every(({ Effect }) => Effect === 'Deny');
  };
  return {
    ...seen,
    trust: seen.trust.filter((role) => !isClosed(role)),
    closed: seen.trust.filter(isClosed).map(([name]) => name),
  };
}

async function tearDownWebhook(world: World): Promise<string> {
  const key = makeSigningKey(world.data, 'api', 'RSA-2048');
  const api = await world.apiServer({
    name: 'api',
    serviceAccountArguments: serviceAccountArguments({
      issuers: [issuer],
      signingKeyFile: key.privateKeyFile,
      verificationKeyFiles: [key.publicKeyFile],
    }),
  });
  await ensureServiceAccount(api.client, 'default', 'somebody-else');
  // The API server makes its own Service a moment after it is ready.
  const ownService = '/api/v1/namespaces/default/services/kubernetes';
  await until(
    "the API server's own Service is there",
    async () => (await api.client.send('GET', ownService)).status === 200,
  );
  const before = await clusterSnapshot(api);
  const manifests = manifestsToYaml(
    webhookManifests({
      namespace: 'irsa-system',
      image: 'registry.example.com/irsa-webhook:0.1.0',
      certificates: 'self-managed',
    }),
  );
  const apply = () => runKubectl(world, api.kubeconfig, ['apply', '-f', '-'], manifests);
  await apply();
  const applied = await clusterSnapshot(api, true);
  await apply();
  // By version, since kubectl calls a PodDisruptionBudget configured even where nothing changed.
  deepStrictEqual(
    await clusterSnapshot(api, true),
    applied,
    'kubectl apply, run twice, changed something',
  );
  // No controller is there to finish the end of a namespace.
  const remove = ['delete', '--wait=false', '--ignore-not-found', '-f', '-'];
  await runKubectl(world, api.kubeconfig, remove, manifests);
  const after = await clusterSnapshot(api);
  await runKubectl(world, api.kubeconfig, remove, manifests);
  deepStrictEqual(
    await clusterSnapshot(api),
    after,
    'kubectl delete, run twice, changed something',
  );
  const strays = after.filter((name) => !before.includes(name));
  // The namespace itself stays `Terminating` for want of that controller.
  const left = strays.filter((name) => name !== '/api/v1/namespaces//irsa-system');
  const taken = before.filter((name) => !after.includes(name));
  if (left.length > 0) throw new Error(`kubectl delete left ${left.join(', ')}`);
  if (taken.length > 0) throw new Error(`kubectl delete took ${taken.join(', ')}`);
  return 'manifests applied twice without a change and deleted without a trace';
}

/** The names of all objects that a manifest could touch, with their versions where asked. */
async function clusterSnapshot({ client }: ApiServer, versions = false): Promise<string[]> {
  const lists = [
    '/api/v1/namespaces',
    '/api/v1/serviceaccounts',
    '/api/v1/services',
    '/api/v1/secrets',
    '/apis/apps/v1/deployments',
    '/apis/policy/v1/poddisruptionbudgets',
    '/apis/rbac.authorization.k8s.io/v1/roles',
    '/apis/rbac.authorization.k8s.io/v1/rolebindings',
    '/apis/rbac.authorization.k8s.io/v1/clusterroles',
    '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings',
    '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations',
  ];
  const found = await Promise.all(
    lists.map(async (path) =>
      (await client.get(path)).items.map(
        ({
          metadata,
        }: {
          metadata: { namespace?: string; name: string; resourceVersion: string };
        }) =>
          `${path}/${metadata.namespace ?? ''}/${metadata.name}${versions ? ` ${metadata.resourceVersion}` : ''}`,
      ),
    ),
  );
  return found.flat().sort();
}

/** Every other command that makes something, run twice: the second time nothing changes, or it refuses to overwrite. */
async function runTwice(world: World, aws: VerifyingAws): Promise<string> {
  const keys = join(world.data, 'twice');
  const filesIn = (folder: string): string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'))
      .sort();
  for (const [folder, ...create] of [
    [keys, 'keys', 'create'],
    [join(world.data, 'certs'), 'certs'],
  ] as const) {
    const command = create.join(' ');
    await runIrsa(world, [...create, '--out', folder]);
    const made = filesIn(folder);
    const again = await tryIrsa(world, [...create, '--out', folder]);
    if (again.code === 0) throw new Error(`irsa ${command}, run twice, does not refuse`);
    deepStrictEqual(filesIn(folder), made, `irsa ${command}, run twice, changed a file`);
  }
  const account = ['--account-id', accountId, '--service-account', 'default/reader'];
  const trust = ['--issuer', issuer, ...account];
  const role = ['role', 'create', '--name', 'twice', ...trust, '--yes'];
  await runIrsa(world, role, aws.env());
  const before = await snapshot(aws);
  await runIrsa(world, role, aws.env());
  deepStrictEqual(await snapshot(aws), before, 'irsa role create, run twice, changed something');
  await upTwice(world, aws, filesIn);
  const policyFile = join(world.data, 'policy.json');
  writeFileSync(policyFile, await runIrsa(world, ['trust-policy', 'build', ...trust]));
  const written = [
    ['trust-policy', 'bind', policyFile, ...trust],
    ['jwks', join(keys, 'sa.pub')],
    ['trust-policy', 'build', ...trust],
    ['manifests', '--image', 'registry.example.com/irsa-webhook:0.1.0', '--region', region],
    ['apiserver-config', '--for', 'kubeadm-v1beta4', '--issuer', issuer],
  ];
  for (const args of written) {
    const [first, second] = [await runIrsa(world, args), await runIrsa(world, args)];
    if (first === '') throw new Error(`irsa ${args.join(' ')} wrote nothing`);
    deepStrictEqual(second, first, `irsa ${args.join(' ')} writes something else the second time`);
  }
  const bound = JSON.parse(await runIrsa(world, written[0]!));
  const once = JSON.parse(readFileSync(policyFile, 'utf8'));
  deepStrictEqual(bound, once, 'irsa trust-policy bind changed a policy that has the binding');
  return `irsa role create twice is once, and so is irsa up; irsa keys create and certs overwrite nothing; ${[...new Set(written.map(([name]) => name))].join(', ')} write the same twice`;
}

/** The whole walk-through, run again, finds every step done. */
async function upTwice(
  world: World,
  aws: VerifyingAws,
  filesIn: (folder: string) => string[],
): Promise<void> {
  const out = join(world.data, 'up');
  const up = [
    ...['up', '--name', 'up', '--account-id', accountId, '--bucket', upBucket, '--region', region],
    ...['--image', 'registry.example.com/irsa-webhook:0.1.0', '--role', 'up=default/up'],
    ...['--out', out, '--yes', '--output', 'json'],
  ];
  await runIrsa(world, up, aws.env());
  const before = [await snapshot(aws), filesIn(out)];
  const { steps } = JSON.parse(await runIrsa(world, up, aws.env())) as {
    steps: { id: string; outcome: string }[];
  };
  const notKept = steps.filter(({ outcome }) => outcome !== 'kept');
  if (steps.length === 0 || notKept.length > 0) {
    throw new Error(`irsa up, run twice: ${JSON.stringify(notKept)}`);
  }
  deepStrictEqual(
    [await snapshot(aws), filesIn(out)],
    before,
    'irsa up, run twice, changed something',
  );
}
