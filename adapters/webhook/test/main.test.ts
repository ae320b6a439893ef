import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadInClusterAccess } from '../src/kubernetes/load-in-cluster-access.js';
import { loadKubeconfigAccess } from '../src/kubernetes/load-kubeconfig-access.js';
import { startFakeApiServer, type FakeApiServer } from './support/start-fake-api-server.js';
import { call, fixture, testIdentity } from './support/webhook-client.js';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const soon = { timeout: 20_000 };
let folder: string;
let api: FakeApiServer;
let child: ChildProcess | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'irsa-webhook-main-'));
  api = await startFakeApiServer();
});
afterEach(async () => {
  child?.kill('SIGKILL');
  await api.stop();
  await rm(folder, { recursive: true });
});

/** JSON is YAML. */
const writeKubeconfig = async (
  user: object = { token: 'secret-token' },
  more: object = {},
): Promise<string> => {
  const { caBundle } = await testIdentity();
  const file = join(folder, 'kubeconfig');
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    contexts: [{ name: 'test', context: { cluster: 'c', user: 'u' } }],
    clusters: [
      {
        name: 'c',
        cluster: {
          server: `https://127.0.0.1:${api.port}`,
          'certificate-authority-data': caBundle,
          ...more,
        },
      },
    ],
    users: [{ name: 'u', user }],
  };
  await writeFile(file, JSON.stringify(config));
  return file;
};

describe('loadKubeconfigAccess', () => {
  it('reads server, authority and token of the current context', async () => {
    const { caBundlePem } = await testIdentity();
    expect(await loadKubeconfigAccess({ file: await writeKubeconfig() })).toEqual({
      host: '127.0.0.1',
      port: api.port,
      caPem: caBundlePem,
      headers: { authorization: 'Bearer secret-token' },
    });
  });

  it('reads a client certificate, and takes another server', async () => {
    const { certificatePem, privateKeyPem } = await testIdentity();
    const data = (pem: string): string => Buffer.from(pem).toString('base64');
    const file = await writeKubeconfig({
      'client-certificate-data': data(certificatePem),
      'client-key-data': data(privateKeyPem),
    });
    const access = await loadKubeconfigAccess({ file, server: 'https://[::1]:6443' });
    expect(access).toMatchObject({ host: '::1', port: 6443, certificatePem, privateKeyPem });
  });

  it('keeps the path of a server behind a gateway', async () => {
    const file = await writeKubeconfig({}, { server: 'https://rancher.example/k8s/clusters/c-1/' });
    expect(await loadKubeconfigAccess({ file })).toMatchObject({
      host: 'rancher.example',
      port: 443,
      basePath: '/k8s/clusters/c-1',
    });
  });

  it('reads a token file each time, from beside the kubeconfig, as kubectl does', async () => {
    const file = await writeKubeconfig({ tokenFile: 'token' });
    for (const token of ['one', 'two']) {
      await writeFile(join(folder, 'token'), `${token}\n`);
      expect((await loadKubeconfigAccess({ file })).headers).toEqual({
        authorization: `Bearer ${token}`,
      });
    }
  });

  it.each([
    [
      'a proxy',
      async () => ({ file: await writeKubeconfig({}, { 'proxy-url': 'http://proxy:3128' }) }),
    ],
    [
      'a plugin that fails',
      async () => ({
        file: await writeKubeconfig({ exec: { command: 'false', interactiveMode: 'Never' } }),
      }),
    ],
    [
      'a token file that is none',
      async () => ({ file: await writeKubeconfig({ tokenFile: 'x' }) }),
    ],
    ['a missing file', () => Promise.resolve({ file: join(folder, 'none') })],
    ['plain http', async () => ({ file: await writeKubeconfig(), server: 'http://x' })],
    [
      'no context',
      async () => {
        const file = join(folder, 'empty');
        await writeFile(file, '{}');
        return { file };
      },
    ],
  ])('says what is wrong with %s', async (_, options) => {
    await expect(loadKubeconfigAccess(await options())).rejects.toMatchObject({
      code: 'ERR_CLUSTER',
      message: expect.not.stringContaining('secret-token'),
    });
  });
});

describe('loadInClusterAccess', () => {
  it('reads the pod’s own token and authorities', async () => {
    await writeFile(join(folder, 'token'), 'abc\n');
    await writeFile(join(folder, 'ca.crt'), 'PEM');
    const environment = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBERNETES_SERVICE_PORT: '443' };
    expect(await loadInClusterAccess({ environment, folder })).toEqual({
      host: '10.0.0.1',
      port: 443,
      caPem: 'PEM',
      headers: { authorization: 'Bearer abc' },
    });
    await expect(
      loadInClusterAccess({ environment, folder: join(folder, 'none') }),
    ).rejects.toMatchObject({ code: 'ERR_CLUSTER' });
    await expect(loadInClusterAccess({ environment: {}, folder })).rejects.toMatchObject({
      message: expect.stringContaining('--kubeconfig'),
    });
  });
});

describe('irsa-webhook, the program', () => {
  beforeAll(() => {
    // `npm test` builds before it starts; a run of this file alone may not have.
    if (!existsSync(main)) throw new Error(`${main} is not built: npm run build:js`);
  });

  const run = (...args: string[]): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, [main, ...args], { encoding: 'utf8', env: {} });

  it('has --help and --version, and refuses a wrong flag with exit code 2', () => {
    expect(run('--help')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('--token-audience'),
    });
    expect(run('--version')).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^irsa-webhook \d/),
    });
    expect(run('--tokn-audience=x')).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/^irsa-webhook: command line: .*--tokn-audience.*\n$/),
    });
  });

  it('says in its log why it cannot start, with exit code 1', () => {
    const { status, stdout } = run('--port=0', '--metrics-port=0', `--tls-cert=${folder}/none`);
    expect(status).toBe(1);
    expect(stdout).toContain('"message":"cannot start"');
  });

  /** The program with certificates, a kubeconfig and free ports; resolves when it is ready. */
  const launch = async (...args: string[]) => {
    const { certificatePem, privateKeyPem } = await testIdentity();
    await writeFile(join(folder, 'tls.crt'), certificatePem);
    await writeFile(join(folder, 'tls.key'), privateKeyPem);
    const program = spawn(
      process.execPath,
      [
        main,
        `--kubeconfig=${await writeKubeconfig()}`,
        `--tls-cert=${folder}/tls.crt`,
        `--tls-key=${folder}/tls.key`,
        '--bind-address=127.0.0.1',
        '--port=0',
        '--metrics-port=0',
        ...args,
      ],
      { env: {}, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    child = program;
    const told = { log: '' };
    program.stdout.on('data', (chunk: Buffer) => (told.log += chunk.toString()));
    const exited = new Promise((resolve) => program.on('exit', resolve));
    await expect.poll(() => told.log, soon).toMatch(/"message":"listening"/);
    await expect.poll(() => told.log, soon).toMatch(/"message":"listed"/);
    const port = /"listening","port":(\d+)/.exec(told.log)?.[1] ?? '';
    return { program, told, exited, url: `https://127.0.0.1:${port}` };
  };
  const body = JSON.stringify(fixture('admission-review-s3-echoer'));

  it('answers reviews with a kubeconfig, and ends with exit code 0 on SIGTERM', async () => {
    api.put('serviceaccounts', fixture('service-account-s3-echoer') as never);
    const { program, told, exited, url } = await launch('--lame-duck=100ms');
    const answer = await call(url, { body });
    expect(JSON.parse(answer.text).response.patchType).toBe('JSONPatch');
    expect(api.requests[0]?.headers.authorization).toBe('Bearer secret-token');
    program.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(told.log).toContain('"message":"reviewed","decision":"mutated"');
    expect(told.log).toContain('"message":"stopped"');
    expect(told.log).not.toContain('secret-token');
  });

  it('ends within its times while the API server says nothing', async () => {
    const { program, exited } = await launch('--lame-duck=0', '--drain-timeout=100ms');
    api.fault = ({ query }) => (query.has('watch') ? { status: 500 } : 'hang');
    api.endWatches();
    await expect.poll(() => api.count('/api/v1/serviceaccounts', 'list'), soon).toBe(2);
    const startedAt = performance.now();
    program.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
  });

  it('ends on SIGTERM before it has started, as the first process of a container must say itself', async () => {
    const file = await writeKubeconfig();
    const program = spawn(
      process.execPath,
      [
        main,
        `--kubeconfig=${file}`,
        '--certificates=self-managed',
        '--bind-address=127.0.0.1',
        '--port=0',
        '--metrics-port=0',
      ],
      { env: {}, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    child = program;
    let log = '';
    program.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()));
    const exited = new Promise((resolve) => {
      program.on('exit', (code, signal) => {
        resolve(code ?? signal);
      });
    });
    // There is no webhook configuration, so there is no pair and no server.
    await expect.poll(() => log, soon).toContain('"source":"certificate"');
    program.kill('SIGTERM');
    expect(await exited).toBe(0);
    expect(log).toContain('"message":"stopped"');
  });

  it('after SIGTERM is not ready and still answers; a second signal does not wait', async () => {
    const { program, told, exited, url } = await launch('--lame-duck=1h');
    const readiness = async (): Promise<string> =>
      (await call(url, { method: 'GET', path: '/readyz' })).text;
    expect(await readiness()).toBe('ok\n');
    program.kill('SIGTERM');
    await expect.poll(readiness, soon).toBe('not ready: shutting down\n');
    expect((await call(url, { body })).status).toBe(200);
    expect(program.exitCode).toBeNull();
    program.kill('SIGINT');
    expect(await exited).toBe(1);
    expect(told.log).toContain('"message":"shutting down","lameDuckMs":3600000');
  });

  it.skipIf(!existsSync('/dev/full'))('goes on when its log cannot be written', async () => {
    const { certificatePem, privateKeyPem } = await testIdentity();
    await writeFile(join(folder, 'tls.crt'), certificatePem);
    await writeFile(join(folder, 'tls.key'), privateKeyPem);
    // The log cannot tell the port, so one is chosen here.
    const probe = await startFakeApiServer();
    await probe.stop();
    const full = openSync('/dev/full', 'w');
    child = spawn(
      process.execPath,
      [
        main,
        `--kubeconfig=${await writeKubeconfig()}`,
        `--tls-cert=${folder}/tls.crt`,
        `--tls-key=${folder}/tls.key`,
        '--bind-address=127.0.0.1',
        `--port=${probe.port}`,
        '--metrics-port=0',
      ],
      { env: {}, stdio: ['ignore', full, 'inherit'] },
    );
    closeSync(full);
    const url = `https://127.0.0.1:${probe.port}`;
    const review = async (): Promise<number> =>
      (await call(url, { body: JSON.stringify(fixture('admission-review-s3-echoer')) })).status;
    await expect.poll(() => review().catch(() => 0), soon).toBe(200);
    expect(await review()).toBe(200);
  });
});
