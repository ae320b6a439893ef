import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { webhookManifests, type KubernetesObject } from 'irsa/cluster';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createLogger } from '../src/create-logger.js';
import { parseOptions } from '../src/parse-options.js';
import { runWebhook, type RunningWebhook } from '../src/run-webhook.js';
import {
  startFakeApiServer,
  type FakeApiServer,
  type FakeRequest,
} from './support/start-fake-api-server.js';
import { call, fixture, testIdentity } from './support/webhook-client.js';

const soon = { timeout: 20_000 };
let api: FakeApiServer;
let folder: string;
let running: RunningWebhook | undefined;
beforeEach(async () => {
  api = await startFakeApiServer();
  folder = await mkdtemp(join(tmpdir(), 'irsa-webhook-rights-'));
});
afterEach(async () => {
  await running?.close();
  await api.stop();
  await rm(folder, { recursive: true });
});

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** One thing that somebody may do: `namespace group/resource verb name`, `*` for every one. */
interface Right {
  readonly namespace: string;
  readonly resource: string;
  readonly verb: string;
  readonly name: string;
}

const rightsOf = (objects: readonly KubernetesObject[]): Right[] =>
  objects.flatMap((object) => {
    if (object.kind !== 'Role' && object.kind !== 'ClusterRole') return [];
    const { rules, metadata } = object as never as {
      rules: Rule[];
      metadata: { namespace?: string };
    };
    return rules.flatMap(({ apiGroups: [group = ''], resources, verbs, resourceNames = ['*'] }) =>
      resources.flatMap((resource) =>
        verbs.flatMap((verb) =>
          resourceNames.map((name) => ({
            namespace: metadata.namespace ?? '*',
            resource: `${group}/${resource}`,
            verb,
            name,
          })),
        ),
      ),
    );
  });

/** What the API server asks its authorizer about a request. */
const askedBy = ({ method, path, query }: FakeRequest): Right => {
  const [, group = '', namespace = '', resource = '', name = ''] =
    /^\/api(?:s\/([^/]+))?\/v1(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?$/.exec(path) ?? [];
  const read = name !== '' ? 'get' : query.has('watch') ? 'watch' : 'list';
  const verb = { GET: read, POST: 'create', PUT: 'update', PATCH: 'patch' }[method] ?? method;
  // A list or watch whose field selector names one object counts as one of that object.
  const selected = /^metadata\.name=(.*)$/.exec(query.get('fieldSelector') ?? '')?.[1] ?? '';
  return { namespace, resource: `${group}/${resource}`, verb, name: name || selected };
};

const covers = (right: Right, asked: Right): boolean =>
  right.resource === asked.resource &&
  right.verb === asked.verb &&
  (right.namespace === '*' || right.namespace === asked.namespace) &&
  (right.name === '*' || right.name === asked.name);

it.each(['self-managed', 'provided', 'cert-manager'] as const)(
  'the manifests grant each call that the program makes, and no other (%s)',
  async (certificates) => {
    const objects = webhookManifests({
      namespace: 'irsa-system',
      image: 'x',
      certificates,
      ...(certificates === 'provided' && { caBundle: 'Y2E=' }),
    });
    const rights = rightsOf(objects);
    const used = new Set<Right>();
    const refused: Right[] = [];
    api.fault = (request) => {
      const asked = askedBy(request);
      const right = rights.find((one) => covers(one, asked));
      if (right === undefined) refused.push(asked);
      else used.add(right);
      return right === undefined ? { status: 403 } : undefined;
    };
    const webhooks = objects.find(({ kind }) => kind === 'MutatingWebhookConfiguration')!;
    api.put('mutatingwebhookconfigurations', webhooks);
    api.put('serviceaccounts', fixture('service-account-s3-echoer') as never);
    const { certificatePem, privateKeyPem } = await testIdentity();
    await writeFile(join(folder, 'tls.crt'), certificatePem);
    await writeFile(join(folder, 'tls.key'), privateKeyPem);
    const deployment = objects.find(({ kind }) => kind === 'Deployment') as never as {
      spec: { template: { spec: { containers: { args: string[] }[] } } };
    };
    const command = parseOptions(
      [
        ...deployment.spec.template.spec.containers[0]!.args,
        `--tls-cert=${folder}/tls.crt`,
        `--tls-key=${folder}/tls.key`,
        '--bind-address=127.0.0.1',
        '--port=0',
        '--metrics-port=0',
        '--lame-duck=0',
      ],
      {},
    );
    if (command.kind !== 'run') throw new Error(command.kind);
    running = await runWebhook({
      options: command.options,
      loadAccess: () => api.access(),
      log: createLogger({ level: 'error', write: () => {} }),
    });
    await expect.poll(() => api.watchers.size, soon).toBe(2);
    const ca = certificates === 'self-managed' ? caBundleOf(api) : undefined;
    const { status } = await call(running.url, {
      body: JSON.stringify(fixture('admission-review-s3-echoer')).replaceAll('s3-echoer', 'other'),
      ...(ca !== undefined && { ca, servername: 'irsa-webhook.irsa-system.svc' }),
    });
    expect(status).toBe(200);
    expect(refused).toEqual([]);
    expect(rights.filter((right) => !used.has(right))).toEqual([]);
  },
);

const caBundleOf = (server: FakeApiServer): string => {
  const { webhooks } = server.get('mutatingwebhookconfigurations', '', 'irsa-webhook') as never as {
    webhooks: { clientConfig: { caBundle: string } }[];
  };
  return Buffer.from(webhooks[0]!.clientConfig.caBundle, 'base64').toString();
};
