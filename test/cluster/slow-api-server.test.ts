import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateRsaKeyPair, generateServerIdentity } from 'irsa/certs';
import {
  apiServerSettings,
  manifestsToYaml,
  renderApiServerSettings,
  webhookManifests,
} from 'irsa/cluster';
import { cacheFolder } from '../../e2e/parts/cache-folder.js';
import { partsCatalogue, type PartId } from '../../e2e/parts/catalogue.js';
import { preparePart } from '../../e2e/parts/prepare-part.js';
import { startProcess, type RunningProcess } from '../../e2e/environment/start-process.js';
import { manifestCases } from './manifest-cases.js';

// A real kube-apiserver, started with the flags that we render, takes the manifests that we write. No controllers run, so nothing is scheduled.
const issuers = [
  'https://irsa-oidc-demo.s3.us-west-2.amazonaws.com',
  'https://a.example.com',
] as const;

let data: string;
let kubeconfig: string;
let kubectlPath: string;
let caBundle: string;
const processes: RunningProcess[] = [];

const part = async (id: PartId): Promise<string> => {
  const note = (line: string): void => void process.stderr.write(`${line}\n`);
  return join((await preparePart(partsCatalogue[id], { cache: cacheFolder(), note })).folder, id);
};

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => {
        resolve(port);
      });
    });
  });

const kubectl = (args: readonly string[], input?: string): string =>
  execFileSync(kubectlPath, ['--kubeconfig', kubeconfig, ...args], {
    encoding: 'utf8',
    stdio: 'pipe',
    ...(input === undefined ? {} : { input }),
  });

const apply = (yaml: string): string => kubectl(['apply', '--validate=strict', '-f', '-'], yaml);

const isUp = (url: string): Promise<boolean> =>
  fetch(url).then(
    (response) => response.ok,
    () => false,
  );

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'irsa-cluster-'));
  const file = (name: string, content: string): string => {
    writeFileSync(join(data, name), content, { mode: 0o600 });
    return join(data, name);
  };
  kubectlPath = await part('kubectl');
  const [client, peer, port] = await Promise.all([freePort(), freePort(), freePort()]);
  const etcd = `http://127.0.0.1:${client}`;
  const peerUrl = `http://127.0.0.1:${peer}`;
  processes.push(
    await startProcess({
      name: 'etcd',
      command: await part('etcd'),
      args: [
        ...['--data-dir', join(data, 'etcd'), '--unsafe-no-fsync', '--log-level', 'warn'],
        ...['--listen-client-urls', etcd, '--advertise-client-urls', etcd],
        ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
        ...['--initial-cluster', `default=${peerUrl}`],
      ],
      env: {},
      logs: data,
      readyWithinMs: 60_000,
      ready: () => isUp(`${etcd}/health`),
    }),
  );
  const identity = await generateServerIdentity({ ipAddresses: ['127.0.0.1'] });
  caBundle = identity.caBundle;
  const [current, previous] = await Promise.all([generateRsaKeyPair(), generateRsaKeyPair()]);
  const settings = apiServerSettings({
    issuers,
    signingKeyFile: file('sa.key', current.privateKeyPem),
    verificationKeyFiles: [
      file('sa.pub', current.publicKeyPem),
      file('old.pub', previous.publicKeyPem),
    ],
    apiAudiences: ['https://kubernetes.default.svc.cluster.local'],
    jwksUri: `${issuers[0]}/openid/v1/jwks`,
  });
  const [flags] = renderApiServerSettings(settings, { for: 'flags' });
  const server = `https://127.0.0.1:${port}`;
  const caFile = file('ca.pem', identity.caBundlePem);
  kubeconfig = file(
    'kubeconfig',
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      'current-context': 'test',
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      clusters: [{ name: 'test', cluster: { server, 'certificate-authority': caFile } }],
      users: [{ name: 'test', user: { token: 'test-admin' } }],
    }),
  );
  processes.push(
    await startProcess({
      name: 'kube-apiserver',
      command: await part('kube-apiserver'),
      args: [
        `--etcd-servers=${etcd}`,
        '--bind-address=127.0.0.1',
        `--secure-port=${port}`,
        // An address of documentation: nothing dials it, and there may be no default route to learn one from.
        '--advertise-address=198.51.100.10',
        `--tls-cert-file=${file('tls.crt', identity.certificatePem)}`,
        `--tls-private-key-file=${file('tls.key', identity.privateKeyPem)}`,
        `--token-auth-file=${file('tokens.csv', 'test-admin,admin,admin,system:masters\n')}`,
        '--authorization-mode=RBAC',
        '--service-cluster-ip-range=10.0.0.0/24',
        `--cert-dir=${join(data, 'certs')}`,
        ...flags!.content.trim().split('\n'),
      ],
      env: {},
      logs: data,
      readyWithinMs: 120_000,
      ready: () => {
        try {
          return Promise.resolve(kubectl(['get', '--raw', '/readyz']) === 'ok');
        } catch {
          return Promise.resolve(false);
        }
      },
    }),
  );
}, 1_800_000);

afterAll(async () => {
  for (const running of processes.reverse()) await running.stop();
  rmSync(data, { recursive: true, force: true });
});

describe('the flags', () => {
  it('start an API server that signs as the first issuer and names the public JWKS', () => {
    const discovery = JSON.parse(
      kubectl(['get', '--raw', '/.well-known/openid-configuration']),
    ) as Record<string, unknown>;
    expect(discovery['issuer']).toBe(issuers[0]);
    expect(discovery['jwks_uri']).toBe(`${issuers[0]}/openid/v1/jwks`);
    const jwks = JSON.parse(kubectl(['get', '--raw', '/openid/v1/jwks'])) as { keys: unknown[] };
    expect(jwks.keys).toHaveLength(2);
    kubectl(['create', 'serviceaccount', 'default']);
    const token = kubectl(['create', 'token', 'default']).trim();
    const claims = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()) as {
      iss: string;
      aud: string[];
    };
    expect(claims.iss).toBe(issuers[0]);
    expect(claims.aud).toEqual(['https://kubernetes.default.svc.cluster.local']);
    expect(kubectl(['--token', token, 'auth', 'whoami', '-o', 'name'])).toBeDefined();
  });
});

describe('the manifests', () => {
  // cert-manager's kinds are unknown to a bare API server.
  const native = (name: string): string =>
    manifestsToYaml(
      manifestCases[name]!().filter(({ apiVersion }) => !apiVersion.startsWith('cert-manager.io/')),
    );

  it.each(Object.keys(manifestCases))(
    '%s are accepted, strictly, and change nothing twice',
    (name) => {
      expect(apply(native(name))).toMatch(/created/);
      const again = apply(native(name)).trim().split('\n');
      // kubectl says so of every PodDisruptionBudget: the API replaces its selector as a whole.
      const quirk = 'poddisruptionbudget.policy/irsa-webhook configured';
      expect(again.filter((line) => !line.endsWith(' unchanged') && line !== quirk)).toEqual([]);
      if (name !== 'workload') {
        kubectl(['delete', 'mutatingwebhookconfiguration', 'irsa-webhook']);
      }
    },
  );

  it('leave a CA bundle alone that the webhook has written', () => {
    apply(native('webhook-self-managed'));
    const name = ['mutatingwebhookconfiguration', 'irsa-webhook'];
    const patch = [0, 1].map((index) => ({
      op: 'add',
      path: `/webhooks/${index}/clientConfig/caBundle`,
      value: caBundle,
    }));
    kubectl(['patch', ...name, '--type=json', '-p', JSON.stringify(patch)]);
    apply(native('webhook-self-managed'));
    const kept = kubectl(['get', ...name, '-o', 'jsonpath={.webhooks[*].clientConfig.caBundle}']);
    expect(kept.split(' ')).toEqual([caBundle, caBundle]);
  });

  const pod = (namespace: string): string =>
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { generateName: 'a-', namespace },
      spec: {
        automountServiceAccountToken: false,
        securityContext: { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } },
        containers: [
          {
            name: 'a',
            image: 'a',
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
      },
    });

  it('keep the cluster bootable while no webhook answers', () => {
    for (const namespace of ['kube-system', 'irsa-system']) {
      kubectl(['create', 'serviceaccount', 'default', '-n', namespace]);
      expect(kubectl(['create', '-f', '-'], pod(namespace))).toMatch(/created/);
    }
    expect(() => kubectl(['create', '-f', '-'], pod('default'))).toThrow(
      /failed calling webhook "pods\.irsa-webhook\.irsa-system\.svc"/,
    );
  });

  it('let cert-manager start before the webhook has the certificate that it makes', () => {
    kubectl(['delete', 'mutatingwebhookconfiguration', 'irsa-webhook']);
    kubectl(['create', 'namespace', 'cert-manager']);
    kubectl(['create', 'serviceaccount', 'default', '-n', 'cert-manager']);
    const objects = webhookManifests({
      namespace: 'irsa-system',
      image: 'registry.example.com/irsa-webhook:0.1.0',
      certificates: 'cert-manager',
    });
    apply(manifestsToYaml(objects.filter(({ apiVersion }) => !apiVersion.startsWith('cert-m'))));
    expect(kubectl(['create', '-f', '-'], pod('cert-manager'))).toMatch(/created/);
    expect(() => kubectl(['create', '-f', '-'], pod('default'))).toThrow(/failed calling webhook/);
  });
});
