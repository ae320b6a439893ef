import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jsonPatch from 'fast-json-patch';
import { generateServerIdentity } from 'irsa/certs';
import type { ServiceAccount } from 'irsa/patch';
import { startWebhookServer } from 'irsa-webhook';
import { postJson } from '../post-json.js';
import { readPodIdentity, type PodIdentity } from '../read-pod-identity.js';
import { story, type Stage } from '../story.js';
import type { AwsSide } from './set-up-iam.js';

/** The webhook as the later steps use it. */
export interface Webhook {
  /** The demo's own folder, where the node's volumes are. */
  readonly folder: string;
  /** What the patched s3-echoer pod says. */
  readonly identity: PodIdentity;
  /** Has another service account's pod mutated. */
  readonly mutate: (serviceAccount: string) => Promise<PodIdentity>;
  readonly detail: string;
}

interface Review {
  readonly request: { readonly object: Pod };
}
interface Pod {
  readonly spec: Record<string, unknown> & { readonly containers: readonly Container[] };
}
interface Container {
  readonly env: readonly { readonly name: string; readonly value?: string }[];
  readonly volumeMounts: { name: string; mountPath: string }[];
}

const readJson = async (name: string): Promise<unknown> =>
  JSON.parse(await readFile(new URL(`../${name}`, import.meta.url), 'utf8'));

/** The walk-through's ServiceAccount, and two of the wrong kind for the refusals. */
const readServiceAccounts = async (roleArn: string): Promise<Map<string, ServiceAccount>> => {
  const recorded = (await readJson('service-account-s3-echoer.json')) as ServiceAccount;
  const named = (name: string, annotations: Record<string, string>): [string, ServiceAccount] => [
    `${story.namespace}/${name}`,
    { metadata: { namespace: story.namespace, name, annotations } },
  ];
  return new Map([
    [`${story.namespace}/${story.serviceAccount}`, recorded],
    named('intruder', { 'eks.amazonaws.com/role-arn': roleArn }),
    named('other-audience', {
      'eks.amazonaws.com/role-arn': roleArn,
      'eks.amazonaws.com/audience': 'https://kubernetes.default.svc',
    }),
  ]);
};

const describe = ({ env, volumeMounts }: Container): string[] => [
  ...env.map(({ name, value }) => `env    ${name}=${value ?? '(from a source)'}`),
  ...volumeMounts.map(({ name, mountPath }) => `mount  ${name} at ${mountPath}`),
];

/** Starts the webhook, sends it the review that a real API server sent, and applies the patch with an independent library. */
export async function mutatePod(stage: Stage, { roleArn }: AwsSide): Promise<Webhook> {
  const { tell, breaks, ports, cleanUp, check } = stage;
  const folder = await mkdtemp(join(tmpdir(), 'irsa-demo-')).catch((cause: unknown) => {
    throw new Error(
      `cannot write to the temporary folder ${tmpdir()} (${(cause as NodeJS.ErrnoException).code ?? ''}); set TMPDIR to one that you may write to`,
      { cause },
    );
  });
  cleanUp(() => rm(folder, { recursive: true, force: true }));
  const accounts = await readServiceAccounts(roleArn);
  const certificate = await generateServerIdentity({
    dnsNames: ['localhost'],
    ipAddresses: ['127.0.0.1'],
  });
  const webhook = await startWebhookServer({
    certificate,
    findServiceAccount: (namespace, name) => accounts.get(`${namespace}/${name}`),
    settings: { region: story.region, tokenMountPath: join(folder, 'token-volume') },
    ...(ports.webhook === undefined ? {} : { port: ports.webhook }),
  });
  cleanUp(() => webhook.close());

  const mutate = async (name: string): Promise<{ before: Pod; after: Pod; operations: number }> => {
    const { request } = (await readJson('admission-review-s3-echoer.json')) as Review;
    const review = structuredClone({
      kind: 'AdmissionReview',
      apiVersion: 'admission.k8s.io/v1',
      request,
    });
    const before = review.request.object;
    before.spec['serviceAccountName'] = before.spec['serviceAccount'] = name;
    const answer = await postJson(
      `${webhook.url}/mutate?timeout=5s`,
      review,
      certificate.caBundlePem,
    );
    const { patch } = (answer as { response: { patch?: string } }).response;
    if (patch === undefined) throw new Error(`the webhook left the pod of ${name} as it was`);
    const operations = JSON.parse(Buffer.from(patch, 'base64').toString()) as jsonPatch.Operation[];
    const after = jsonPatch.applyPatch(structuredClone(before), operations, true).newDocument;
    return { before, after, operations: operations.length };
  };

  const { before, after, operations } = await mutate(story.serviceAccount);
  const [was] = before.spec.containers;
  const [is] = after.spec.containers;
  if (was === undefined || is === undefined) throw new Error('the recorded pod has no container');
  tell('the container before:');
  for (const line of describe(was)) tell(`  ${line}`);
  tell(`and after ${operations} operations:`);
  for (const line of describe(is)) tell(`${describe(was).includes(line) ? ' ' : '+'} ${line}`);

  const moved = breaks.mountPath;
  if (moved !== undefined) {
    for (const mount of is.volumeMounts) {
      if (mount.mountPath.startsWith(folder)) mount.mountPath = join(folder, moved);
    }
  }
  const identity = readPodIdentity(after);
  check(
    identity.env['AWS_WEB_IDENTITY_TOKEN_FILE'] === `${identity.mountPath}/${identity.path}`,
    `the container looks for its token at ${identity.env['AWS_WEB_IDENTITY_TOKEN_FILE'] ?? '(nowhere)'}, but the volume is mounted at ${identity.mountPath}`,
  );
  check(
    identity.env['AWS_ROLE_ARN'] === roleArn,
    `the pod asks for ${identity.env['AWS_ROLE_ARN'] ?? 'no role'}, IAM has ${roleArn}`,
  );
  return {
    folder,
    identity,
    mutate: async (name) => readPodIdentity((await mutate(name)).after),
    detail: `${webhook.url}/mutate patched the pod with ${operations} operations`,
  };
}
