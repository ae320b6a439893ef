import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createCertificateAuthority,
  generateRsaKeyPair,
  generateServerIdentity,
  issueServingCertificate,
  type ServerIdentity,
} from 'irsa/certs';
import { startLocalAws } from 'irsa/testing';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { apiServerDocuments } from '../../../test/support/build-set-up.js';
import {
  clock,
  createMaterial,
  issuerUrl,
  startLocalIrsa,
  type LocalIrsa,
  type Material,
} from '../../../test/support/local-irsa.js';
import { startApiServer } from '../../../test/support/start-api-server.js';
import { fakeKubectl, type Answers } from './fake-kubectl.js';
import { localNetwork } from './local-network.js';
import { irsa, scratchFolder, type CliRun } from './test-io.js';

const host = 'irsa-webhook.irsa-system.svc';
const roleArn = 'arn:aws:iam::111122223333:role/s3-echoer';
const mountPath = '/var/run/secrets/eks.amazonaws.com/serviceaccount';
let material: Material;
let identity: ServerIdentity;
let other: ServerIdentity;
let set: LocalIrsa;
let documents: { readonly discovery: string; readonly jwks: string };
const open: { close(): Promise<void> }[] = [];
beforeAll(async () => {
  [material, identity, other] = await Promise.all([
    createMaterial(),
    generateServerIdentity({ dnsNames: [host], now: clock }),
    generateServerIdentity({ dnsNames: [host], now: clock }),
  ]);
  documents = await apiServerDocuments(material, {});
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((one) => one.close()));
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const env = [
  { name: 'AWS_REGION', value: 'us-west-2' },
  { name: 'AWS_ROLE_ARN', value: roleArn },
  { name: 'AWS_WEB_IDENTITY_TOKEN_FILE', value: `${mountPath}/token` },
];
const tokenVolume = {
  name: 'aws-iam-token',
  projected: {
    sources: [{ serviceAccountToken: { audience: 'sts.amazonaws.com', path: 'token' } }],
  },
};
const mutated = {
  kind: 'Pod',
  metadata: { name: 'a', namespace: 'default', creationTimestamp: '2026-11-23T10:00:00Z' },
  spec: {
    serviceAccountName: 's3-echoer',
    containers: [{ name: 'app', env, volumeMounts: [{ name: 'aws-iam-token', mountPath }] }],
    volumes: [tokenVolume],
  },
};
const bare = {
  ...mutated,
  spec: { serviceAccountName: 's3-echoer', containers: [{ name: 'app' }] },
};
const account = {
  metadata: {
    name: 's3-echoer',
    namespace: 'default',
    creationTimestamp: '2026-11-20T10:00:00Z',
    annotations: { 'eks.amazonaws.com/role-arn': roleArn },
  },
};
const webhooks = (clientConfig: object = {}, rest: object = {}): object => ({
  items: [
    {
      metadata: { name: 'irsa-webhook' },
      webhooks: [
        {
          name: 'irsa-webhook.irsa-system.svc',
          failurePolicy: 'Fail',
          admissionReviewVersions: ['v1'],
          clientConfig: {
            caBundle: base64(identity.caBundlePem),
            service: { name: 'irsa-webhook', namespace: 'irsa-system' },
            ...clientConfig,
          },
          rules: [
            { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] },
          ],
          ...rest,
        },
      ],
    },
  ],
});
const secret = (pem: string, name = 'irsa-webhook-tls'): object => ({
  kind: 'Secret',
  metadata: { name, namespace: 'irsa-system' },
  data: { 'tls.crt': base64(pem), 'tls.key': base64('-----BEGIN PRIVATE KEY-----\nTOPSECRET\n') },
});
const ready = { items: [{ endpoints: [{ conditions: { ready: true } }] }] };
const flags = [
  'kube-apiserver',
  `--service-account-issuer=${issuerUrl}`,
  '--service-account-signing-key-file=/sa.key',
];
const apiServerPod = (command: readonly string[], name = 'kube-apiserver-1'): object => ({
  kind: 'Pod',
  metadata: { name, namespace: 'kube-system' },
  spec: { containers: [{ name: 'kube-apiserver', command }] },
});

/** A cluster in which all is well; what is given stands instead. */
const cluster = async (change: Answers = {}): Promise<Answers> => ({
  'get pod a -n default': mutated,
  'get pods -n default': { items: [mutated] },
  'get serviceaccount s3-echoer': account,
  'get mutatingwebhookconfigurations': webhooks(),
  'get namespace default': { metadata: { labels: {} } },
  'get events -n default': { items: [] },
  'get endpointslices -n irsa-system': ready,
  'get secrets -n irsa-system': { items: [secret(identity.certificatePem)] },
  'get pods -n kube-system': { items: [apiServerPod(flags)] },
  'get --raw /.well-known/openid-configuration': documents.discovery,
  'get --raw /openid/v1/jwks': documents.jwks,
  'create token s3-echoer -n default --audience sts.amazonaws.com': await set.mint(),
  ...change,
});

interface Report {
  readonly verdict: string;
  readonly findings: readonly {
    readonly id: string;
    readonly severity: string;
    readonly evidence: string;
  }[];
  readonly notLookedAt: readonly { readonly what: string; readonly why: string }[];
}
const report = ({ stdout }: CliRun): Report => JSON.parse(stdout) as Report;
const ids = (run: CliRun): string[] => report(run).findings.map(({ id }) => id);

async function doctor(
  change: Answers = {},
  argv: readonly string[] = ['--pod', 'default/a'],
  more: Readonly<Record<string, string>> = {},
): Promise<CliRun> {
  set = await startLocalIrsa(material);
  open.push(set);
  return irsa(['doctor', '--output', 'json', ...argv], {
    now: () => clock,
    fetch: localNetwork(set),
    env: {
      ...set.aws.env({ administrator: true }),
      KUBECTL: fakeKubectl(await cluster(change)),
      ...more,
    },
  });
}

describe('irsa doctor --pod', () => {
  it('finds nothing wrong in a healthy cluster, and says what stood in for the pod’s own token', async () => {
    const run = await doctor();
    expect(report(run)).toEqual({
      verdict: 'ok',
      findings: [],
      notLookedAt: [
        { what: 'the token file inside the pod', why: expect.stringContaining('a fresh token') },
      ],
    });
    expect(run.exitCode).toBe(0);
    expect(run.stdout).not.toContain('TOPSECRET');
  });

  it.each<readonly [string, readonly string[], () => Answers]>([
    [
      'no webhook',
      ['webhook-missing'],
      () => ({ 'get mutatingwebhookconfigurations': { items: [] } }),
    ],
    [
      'no replica ready',
      ['webhook-not-ready'],
      () => ({
        'get endpointslices -n irsa-system': {
          items: [{ endpoints: [{ conditions: { ready: false } }] }],
        },
      }),
    ],
    [
      'a CA bundle of before the rotation',
      ['webhook-ca-stale'],
      () => ({ 'get secrets -n irsa-system': { items: [secret(other.certificatePem)] } }),
    ],
    [
      'events of failed calls',
      ['webhook-call-failed'],
      () => ({
        'get events -n default': {
          items: [
            {
              message:
                'Error creating: Internal error occurred: failed calling webhook "irsa-webhook.irsa-system.svc": x509: certificate signed by unknown authority',
            },
          ],
        },
      }),
    ],
    [
      'no such ServiceAccount',
      ['service-account-missing'],
      () => ({ 'get serviceaccount s3-echoer': undefined }),
    ],
  ])('%s', async (_, expected, change) => {
    const run = await doctor({ 'get pod a -n default': bare, ...change() });
    expect(ids(run)).toEqual(expected);
    expect(run.exitCode).toBe(1);
  });

  it.each<
    readonly [string, string, (names: readonly string[], from: Date, to: Date) => Promise<string>]
  >([
    [
      'another name',
      'webhook-certificate-name',
      (_, from, to) => issue(['irsa-webhook'], from, to),
    ],
    [
      'a certificate of last year',
      'webhook-certificate-expired',
      (names) => issue(names, new Date('2025-01-01T00:00:00Z'), new Date('2025-12-31T00:00:00Z')),
    ],
    [
      'a certificate that ends this week',
      'webhook-certificate-ends-soon',
      (names, from) => issue(names, from, new Date(clock.getTime() + 3 * 86_400_000)),
    ],
  ])('%s', async (_, id, make) => {
    const pem = await make(
      [host],
      new Date('2026-01-01T00:00:00Z'),
      new Date('2027-01-01T00:00:00Z'),
    );
    const { chain, root } = JSON.parse(pem) as { readonly chain: string; readonly root: string };
    const run = await doctor({
      'get mutatingwebhookconfigurations': webhooks({ caBundle: base64(root) }),
      'get secrets -n irsa-system': { items: [secret(chain)] },
    });
    expect(ids(run)).toEqual([id]);
  });

  it('looks at what is really served where the webhook has a URL', async () => {
    const served = await generateServerIdentity({
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
    });
    const server = await startLocalAws({ tls: served });
    open.push(server);
    const url = `https://127.0.0.1:${String(server.port)}/mutate`;
    const config = (caBundlePem: string, at = url): Answers => ({
      'get mutatingwebhookconfigurations': webhooks({
        url: at,
        service: undefined,
        caBundle: base64(caBundlePem),
      }),
    });
    expect(ids(await doctor(config(served.caBundlePem)))).not.toContain('webhook-ca-stale');
    expect(ids(await doctor(config(other.caBundlePem)))).toEqual(['webhook-ca-stale']);
    await server.close();
    expect(ids(await doctor(config(served.caBundlePem)))).toEqual(['webhook-unreachable']);
  });

  it('is not misled by the tokens that others have in the pod', async () => {
    const own = {
      ...mutated,
      spec: {
        ...mutated.spec,
        volumes: [
          {
            name: 'istio-token',
            projected: {
              sources: [{ serviceAccountToken: { audience: 'istio-ca', path: 'istio-token' } }],
            },
          },
          ...mutated.spec.volumes,
        ],
      },
    };
    const run = await doctor({
      'get pod a -n default': own,
      'create token s3-echoer -n default --audience istio-ca': await tokenFor('istio-ca'),
    });
    expect(ids(run)).toEqual([]);
  });

  it('takes role, audience, region and session from the pod itself', async () => {
    const own = {
      ...mutated,
      spec: {
        ...mutated.spec,
        containers: [
          { name: 'app', env: [...env, { name: 'AWS_ROLE_SESSION_NAME', value: 'a b' }] },
        ],
        volumes: [
          {
            name: 'aws-iam-token',
            projected: { sources: [{ serviceAccountToken: { audience: 'vault', path: 'token' } }] },
          },
        ],
      },
    };
    const run = await doctor({
      'get pod a -n default': own,
      'create token s3-echoer -n default --audience sts.amazonaws.com': undefined,
      'create token s3-echoer -n default --audience vault': await tokenFor('vault'),
    });
    expect(ids(run)).toContain('call-session-name-invalid');
    expect(ids(run)).toContain('token-audience-wrong');
  });

  it('warns of a role that the ServiceAccount has given up, unless a role mapping gives it', async () => {
    const { annotations, ...metadata } = account.metadata;
    const change = { 'get serviceaccount s3-echoer': { metadata } };
    const removed = await doctor(change);
    expect(report(removed).findings).toMatchObject([
      { id: 'pod-role-removed', evidence: expect.stringContaining(roleArn) },
    ]);
    const file = join(scratchFolder(), 'role-mappings.json');
    writeFileSync(
      file,
      JSON.stringify({
        kind: 'ConfigMap',
        metadata: { name: 'pod-identity-webhook' },
        data: {
          config: JSON.stringify({
            'default/s3-echoer': { RoleARN: Object.values(annotations)[0] },
          }),
        },
      }),
    );
    const mapped = await doctor(change, ['--pod', 'default/a', '--role-mappings', file]);
    expect(report(mapped)).toMatchObject({ verdict: 'ok', findings: [] });
  });

  it('says that there is no such pod', async () => {
    const run = await doctor({ 'get pod a -n default': undefined });
    expect(run.exitCode).toBe(1);
    expect(report(run).notLookedAt).toContainEqual({
      what: 'pod default/a',
      why: expect.stringContaining('there is no such pod'),
    });
  });

  it('takes a credential plug-in that is not found for no answer about the object', async () => {
    const file = join(scratchFolder(), 'kubectl');
    writeFileSync(
      file,
      `#!${process.execPath}\nconsole.error('Unable to connect: getting credentials: exec: executable aws not found'); process.exit(1);`,
    );
    chmodSync(file, 0o755);
    const run = await irsa(['doctor', '--pod', 'default/a', '--output', 'json'], {
      env: { KUBECTL: file },
    });
    expect(ids(run)).toEqual([]);
    expect(report(run).notLookedAt[0]?.why).toContain('executable aws not found');
  });

  it('works without kubectl, and says so once', async () => {
    const run = await irsa(['doctor', '--pod', 'default/a'], {
      env: { KUBECTL: '/nowhere/kubectl' },
    });
    expect(run.exitCode).toBe(1);
    expect(run.stdout.match(/there is no kubectl here/g)).toHaveLength(1);
  });
});

describe('irsa doctor --pod, the API server', () => {
  const internal = 'https://kubernetes.default.svc.cluster.local';

  it.each<readonly [string, string, () => Promise<Answers>]>([
    [
      'signs with an issuer that only the cluster knows',
      'apiserver-issuer-order',
      async () => ({
        'create token s3-echoer -n default --audience sts.amazonaws.com': await tokenFor(
          'sts.amazonaws.com',
          internal,
        ),
        'get --raw /.well-known/openid-configuration': JSON.stringify({ issuer: internal }),
        'get pods -n kube-system': {
          items: [
            apiServerPod([
              'kube-apiserver',
              `--service-account-issuer=${internal}`,
              `--service-account-issuer=${issuerUrl}`,
            ]),
          ],
        },
      }),
    ],
    [
      'accepts a key that is not published',
      'apiserver-key-unpublished',
      async () => ({
        'get --raw /openid/v1/jwks': (await apiServerDocuments(material, { keys: 'both' })).jwks,
      }),
    ],
    [
      'has AWS’s audience for its own',
      'apiserver-audience-shared',
      () =>
        Promise.resolve({
          'get pods -n kube-system': {
            items: [apiServerPod([...flags, '--api-audiences=a,sts.amazonaws.com'])],
          },
        }),
    ],
    [
      'is one of two that differ',
      'apiserver-flags-differ',
      () =>
        Promise.resolve({
          'get pods -n kube-system': {
            items: [
              apiServerPod(flags),
              apiServerPod([...flags.slice(0, 2), '--service-account-signing-key-file=/b'], 'b'),
            ],
          },
        }),
    ],
  ])('%s', async (_, id, change) => {
    expect(ids(await doctor(await change()))).toEqual([id]);
  });

  it('is named where it may not be asked', async () => {
    const run = await doctor({
      'get --raw /openid/v1/jwks': 'forbidden',
      'get --raw /.well-known/openid-configuration': 'forbidden',
      'get pods -n kube-system': { items: [] },
    });
    expect(ids(run)).toEqual([]);
    expect(
      report(run)
        .notLookedAt.map(({ what }) => what)
        .sort(),
    ).toEqual([
      'the API server’s discovery document',
      'the API server’s flags',
      'the API server’s keys',
      'the token file inside the pod',
    ]);
  });

  it('is asked by the pod itself with the token that every pod has', async () => {
    const server = await startApiServer({
      tls: material.tls,
      token: 'default-token',
      documents: {
        '/.well-known/openid-configuration': documents.discovery,
        '/openid/v1/jwks': (await apiServerDocuments(material, { keys: 'both' })).jwks,
      },
    });
    open.push(server);
    set = await startLocalIrsa(material);
    open.push(set);
    const folder = scratchFolder();
    writeFileSync(join(folder, 'ca.crt'), material.tls.caBundlePem);
    writeFileSync(join(folder, 'token'), 'default-token\n');
    writeFileSync(join(folder, 'own'), await set.mint());
    const run = (token: string): Promise<CliRun> => {
      writeFileSync(join(folder, 'token'), token);
      return irsa(['doctor', '--output', 'json', '--no-sts'], {
        now: () => clock,
        podServiceAccountFolder: folder,
        fetch: localNetwork(set),
        env: {
          ...set.aws.env({ administrator: true }),
          KUBERNETES_SERVICE_HOST: '127.0.0.1',
          KUBERNETES_SERVICE_PORT: String(server.port),
          AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'own'),
          AWS_ROLE_ARN: set.roleArn,
        },
      });
    };
    expect(ids(await run('default-token\n'))).toEqual(['apiserver-key-unpublished']);
    const refused = report(await run('another'));
    expect(refused.notLookedAt.map(({ what, why }) => `${what}: ${why}`)).toEqual([
      'the API server’s discovery document: HTTP 403',
      'the API server’s keys: HTTP 403',
      'STS itself: --no-sts',
    ]);
  });
});

describe('irsa doctor --service-account', () => {
  const argv = ['--service-account', 'default/s3-echoer'];

  it('looks at every pod that runs under it', async () => {
    const pods = [mutated, { ...bare, metadata: { ...bare.metadata, name: 'b' } }];
    const foreign = { ...bare, spec: { containers: [{ name: 'app' }] } };
    const run = await doctor({ 'get pods -n default': { items: [...pods, foreign] } }, argv);
    expect(ids(run)).toEqual(['pod-not-mutated']);
    expect(report(run).findings[0]?.evidence).toContain('pod default/b');
  });

  it('looks ahead where there is none', async () => {
    expect(report(await doctor({ 'get pods -n default': { items: [] } }, argv))).toEqual({
      verdict: 'ok',
      findings: [],
      notLookedAt: [],
    });
    const down = await doctor(
      {
        'get pods -n default': { items: [] },
        'get endpointslices -n irsa-system': { items: [] },
      },
      argv,
    );
    expect(ids(down)).toEqual(['webhook-not-ready']);
  });
});

const tokenFor = async (audience: string, issuer = issuerUrl): Promise<string> => {
  const own = await startLocalIrsa(material);
  open.push(own);
  return own.mint({ audience, issuer });
};

/** A certificate of an authority of its own, with that authority; as JSON, so that a table can hold it. */
async function issue(
  dnsNames: readonly string[],
  notBefore: Date,
  notAfter: Date,
): Promise<string> {
  const [keys, leafKeys] = await Promise.all([generateRsaKeyPair(), generateRsaKeyPair()]);
  const authority = await createCertificateAuthority({
    keyPair: keys,
    commonName: 'test',
    serialNumber: '01',
    notBefore: new Date('2024-01-01T00:00:00Z'),
    notAfter: new Date('2030-01-01T00:00:00Z'),
  });
  const { certificatePem } = await issueServingCertificate({
    authority,
    keyPair: leafKeys,
    dnsNames,
    serialNumber: '02',
    notBefore,
    notAfter,
  });
  return JSON.stringify({ chain: certificatePem, root: authority.certificatePem });
}
