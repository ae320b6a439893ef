import { mkdtemp, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateServerIdentity } from 'irsa/certs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createLogger } from '../src/create-logger.js';
import { parseOptions } from '../src/parse-options.js';
import { runWebhook, type RunningWebhook, type RunWebhookOptions } from '../src/run-webhook.js';
import { startFakeApiServer, type FakeApiServer } from './support/start-fake-api-server.js';
import { call, fixture, patchOf, testIdentity, type Answer } from './support/webhook-client.js';

const body = JSON.stringify(fixture('admission-review-s3-echoer'));
const account = fixture('service-account-s3-echoer') as Parameters<FakeApiServer['put']>[1];
const soon = { timeout: 15_000 };
let api: FakeApiServer;
let folder: string;
let lines: string[];
let running: RunningWebhook | undefined;
beforeEach(async () => {
  api = await startFakeApiServer();
  folder = await mkdtemp(join(tmpdir(), 'irsa-webhook-'));
  lines = [];
  await mount(join(folder, 'certs'), 'one', await pairFiles());
});
afterEach(async () => {
  vi.restoreAllMocks();
  await running?.close();
  running = undefined;
  await api.stop();
  await rm(folder, { recursive: true });
});

const pairFiles = async (): Promise<Record<string, string>> => {
  const { certificatePem, privateKeyPem } = await testIdentity();
  return { 'tls.crt': certificatePem, 'tls.key': privateKeyPem };
};

/** Writes files as kubelet does: a folder of their own, then `..data` is swapped at once. */
const mount = async (at: string, version: string, files: Record<string, string>): Promise<void> => {
  await mkdir(join(at, `..${version}`), { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(at, `..${version}`, name), text);
    await symlink(join('..data', name), join(at, name)).catch(() => {});
  }
  await symlink(`..${version}`, join(at, '..data_tmp'));
  await rename(join(at, '..data_tmp'), join(at, '..data'));
};

const start = async (
  args: string[] = [],
  more: Partial<RunWebhookOptions> = {},
): Promise<RunningWebhook> => {
  const command = parseOptions(
    [
      '--bind-address=127.0.0.1',
      '--port=0',
      '--metrics-port=0',
      '--namespace=irsa-system',
      `--tls-cert=${folder}/certs/tls.crt`,
      `--tls-key=${folder}/certs/tls.key`,
      '--lame-duck=0',
      '--drain-timeout=100ms',
      '--log-level=debug',
      ...args,
    ],
    {},
  );
  if (command.kind !== 'run') throw new Error(command.kind);
  running = await runWebhook({
    options: command.options,
    loadAccess: () => api.access(),
    log: createLogger({ level: 'debug', write: (line) => lines.push(line) }),
    pollMs: 50,
    ...more,
  });
  return running;
};

const metrics = (port: number, path = '/metrics', method = 'GET'): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request({ port, host: '127.0.0.1', path, method }, (response) => {
      let text = '';
      response.on('data', (chunk: Buffer) => (text += chunk.toString()));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    sent.on('error', reject);
    sent.end();
  });

const ready = async ({ url }: RunningWebhook): Promise<void> =>
  expect
    .poll(async () => (await call(url, { method: 'GET', path: '/readyz' })).status, soon)
    .toBe(200);

/** The inputs that Prometheus is told to be unusable. */
const broken = async (): Promise<string[]> =>
  [
    ...(await metrics(running!.metricsPort)).text.matchAll(
      /^irsa_webhook_input_broken\{source="([^"]+)"\} 1$/gm,
    ),
  ].map(([, source]) => source!);

describe('runWebhook', () => {
  it('reads ServiceAccounts, answers reviews, logs and counts them', async () => {
    api.put('serviceaccounts', account);
    const webhook = await start(['--aws-default-region=us-west-2']);
    await ready(webhook);
    expect(patchOf(await call(webhook.url, { body })).length).toBeGreaterThan(0);
    await call(webhook.url, { body: 'x' });
    const { status, headers, text } = await metrics(webhook.metricsPort);
    expect([status, headers['content-type']]).toEqual([200, expect.stringContaining('text/plain')]);
    for (const line of [
      'irsa_webhook_reviews_total{decision="mutated"} 1',
      'irsa_webhook_reviews_total{decision="not-json"} 1',
      'irsa_webhook_http_requests_total{route="mutate",status="200"} 1',
      'irsa_webhook_review_duration_seconds_count 2',
      'irsa_webhook_service_accounts 1',
      'irsa_webhook_service_account_lookups_total{result="hit"} 1',
      'irsa_webhook_cache_behind_seconds{resource="serviceaccounts"} 0',
      'irsa_webhook_ready 1',
      'irsa_webhook_watch_events_total{resource="serviceaccounts",event="listed"} 1',
    ]) {
      expect(text).toContain(line);
    }
    expect(text).toMatch(
      /irsa_webhook_certificate_expiry_timestamp_seconds\{kind="serving"\} \d{10}/,
    );
    expect(text).toContain('process_resident_memory_bytes');
    const logged = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(logged).toContainEqual(
      expect.objectContaining({
        level: 'info',
        message: 'reviewed',
        decision: 'mutated',
        namespace: 'default',
        serviceAccount: 's3-echoer',
      }),
    );
    expect(lines.join('')).not.toContain('TARGET_BUCKET');
  });

  it('writes no part of a pod to its log or its metrics, whatever the review is like', async () => {
    api.put('serviceaccounts', account);
    const webhook = await start();
    await ready(webhook);
    const review = JSON.parse(body) as {
      request: { object: { spec: { containers: { env?: object[] }[] } } };
    };
    review.request.object.spec.containers[0]!.env = [{ name: 'PASSWORD', value: 'swordfish' }];
    const whole = JSON.stringify(review);
    const answers = await Promise.all(
      [
        whole,
        whole.slice(0, whole.indexOf('swordfish') + 20),
        `${whole}}`,
        whole.replace('"value":"swordfish"', '"value":swordfish'),
        whole.replace('"containers":[', '"containers":"swordfish","x":['),
        whole.replace('"AdmissionReview"', '5'),
        '"swordfish"',
        JSON.stringify({ request: { uid: 'u', object: 'swordfish' } }),
        JSON.stringify({ request: { uid: 'u', object: { spec: 'swordfish' } } }),
      ].map((text) => call(webhook.url, { body: text })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 400]));
    const { text } = await metrics(webhook.metricsPort);
    for (const told of [text, lines.join('')]) {
      expect(told).not.toContain('swordfish');
      expect(told).not.toContain(Buffer.from('swordfish').toString('base64').slice(0, 8));
    }
    expect(lines.join('')).toContain('"decision":"mutated"');
  });

  it('serves nothing but GET /metrics on the metrics port', async () => {
    const { metricsPort } = await start();
    expect((await metrics(metricsPort, '/debug/alpha/cache')).status).toBe(404);
    expect((await metrics(metricsPort, '/metrics', 'POST')).status).toBe(405);
  });

  it('listens on IPv4 and IPv6 by default, as the Go webhook does: clusters of either kind probe it', async () => {
    const { certificatePem, privateKeyPem, caBundlePem } = await generateServerIdentity({
      ipAddresses: ['127.0.0.1', '::1'],
    });
    await mount(join(folder, 'certs'), 'two', {
      'tls.crt': certificatePem,
      'tls.key': privateKeyPem,
    });
    const webhook = await start(['--bind-address=']);
    const families = Object.values(networkInterfaces())
      .flat()
      .map((one) => one?.family);
    for (const host of ['127.0.0.1', ...(families.includes('IPv6') ? ['[::1]'] : [])]) {
      const options = { method: 'GET', path: '/healthz', ca: caBundlePem };
      const { status } = await call(`https://${host}:${webhook.port}`, options);
      expect([host, status]).toEqual([host, 200]);
      expect((await fetch(`http://${host}:${webhook.metricsPort}/metrics`)).status).toBe(200);
    }
    expect(webhook.url).toBe(`https://localhost:${webhook.port}`);
    expect(parseOptions([], {})).toMatchObject({ options: { bindAddress: '' } });
  });

  it('answers no review before the list is complete', async () => {
    api.put('serviceaccounts', account);
    let isHeld = true;
    api.fault = () => (isHeld ? { status: 500 } : undefined);
    const { url } = await start();
    expect((await call(url, { body })).text).toContain('serviceaccounts are not listed yet');
    expect((await call(url, { method: 'GET', path: '/readyz' })).status).toBe(503);
    expect((await call(url, { method: 'GET', path: '/healthz' })).status).toBe(200);
    isHeld = false;
    await ready(running!);
    expect((await call(url, { body })).status).toBe(200);
  });

  it('finds a ServiceAccount that is newer than its watch', async () => {
    const webhook = await start();
    await ready(webhook);
    api.silent = true;
    api.put('serviceaccounts', account);
    expect(patchOf(await call(webhook.url, { body })).length).toBeGreaterThan(0);
  });

  it('goes on from its cache while the API server is gone, and refuses what it does not know', async () => {
    api.put('serviceaccounts', account);
    const webhook = await start();
    await ready(webhook);
    await api.stop();
    expect(patchOf(await call(webhook.url, { body })).length).toBeGreaterThan(0);
    const unknown = await call(webhook.url, { body: body.replaceAll('s3-echoer', 'unknown') });
    expect([unknown.status, unknown.text]).toEqual([
      503,
      expect.stringContaining('default/unknown could not be read'),
    ]);
    const { text } = await metrics(webhook.metricsPort);
    expect(text).toMatch(/cache_behind_seconds\{resource="serviceaccounts"\} 0\.\d*[1-9]/);
    await api.start();
    await expect
      .poll(async () => (await metrics(webhook.metricsPort)).text, soon)
      .toContain('cache_behind_seconds{resource="serviceaccounts"} 0\n');
  });

  it('is away from the API server for ten minutes: answers, says so to people and to Prometheus, and recovers', async () => {
    api.put('serviceaccounts', account);
    const webhook = await start();
    await ready(webhook);
    const review = async (): Promise<{ status: number; patch?: string; warnings: string[] }> => {
      const { status, text } = await call(webhook.url, { body });
      const { patch, warnings = [] } = JSON.parse(text).response ?? {};
      return { status, patch, warnings };
    };
    const before = await review();
    expect([before.status, before.warnings]).toEqual([200, []]);
    await api.stop();
    await expect.poll(() => lines.join(''), soon).toContain('watch failed, trying again');
    // The clock that never steps back goes on by ten minutes.
    const now = performance.now.bind(performance);
    vi.spyOn(performance, 'now').mockImplementation(() => now() + 600_000);
    await expect.poll(async () => (await review()).status, soon).toBe(200);
    const during = await review();
    expect(during.patch).toBe(before.patch);
    expect(during.warnings.join()).toMatch(
      /irsa-webhook has heard nothing from the API server for 60\d s: newer changes of ServiceAccounts do not count yet/,
    );
    const { text } = await metrics(webhook.metricsPort);
    expect(text).toMatch(/cache_behind_seconds\{resource="serviceaccounts"\} 60\d\./);
    expect(text).toContain('irsa_webhook_ready 1');
    expect(
      (await call(webhook.url, { body: body.replaceAll('s3-echoer', 'unknown') })).status,
    ).toBe(503);
    await api.start();
    await expect.poll(async () => (await review()).warnings, soon).toEqual([]);
    expect(
      (await call(webhook.url, { body: body.replaceAll('s3-echoer', 'unknown') })).status,
    ).toBe(200);
  });

  it('reads role mappings from their ConfigMap, keeps good entries, and forgets a deleted one', async () => {
    const config = (mapping: unknown): Parameters<FakeApiServer['put']>[1] => ({
      metadata: { name: 'pod-identity-webhook', namespace: 'irsa-system' },
      data: { config: JSON.stringify(mapping) },
    });
    const roleOf = async (): Promise<string | undefined> =>
      /role\/[a-z]+/.exec(
        Buffer.from(
          JSON.parse((await call(running!.url, { body })).text).response.patch ?? '',
          'base64',
        ).toString(),
      )?.[0];
    const RoleARN = 'arn:aws:iam::111122223333:role/mapped';
    api.put('serviceaccounts', { metadata: { name: 's3-echoer', namespace: 'default' } });
    api.put('configmaps', config({ 'default/s3-echoer': { RoleARN }, broken: 5 }));
    await ready(await start(['--watch-config-map']));
    await expect.poll(roleOf, soon).toBe('role/mapped');
    expect(lines.join('')).toContain('role mapping broken is left out');
    api.put('configmaps', { metadata: { name: 'other', namespace: 'irsa-system' }, data: {} });
    api.put('configmaps', { ...config({}), data: { config: '{' } });
    await expect.poll(() => lines.join(''), soon).toContain('"source":"role-mappings"');
    expect(await roleOf()).toBe('role/mapped');
    expect(await broken()).toEqual(['role-mappings']);
    api.put('configmaps', config({ 'default/s3-echoer': { RoleARN } }));
    await expect.poll(broken, soon).toEqual([]);
    api.remove('configmaps', 'irsa-system', 'pod-identity-webhook');
    await expect.poll(roleOf, soon).toBeUndefined();
  });

  it('follows the identities file through the swap of its symbolic link', async () => {
    const at = join(folder, 'identities');
    const file = (...names: string[]): Record<string, string> => ({
      'ids.json': JSON.stringify({
        identities: names.map((serviceAccount) => ({ namespace: 'default', serviceAccount })),
      }),
    });
    const webhook = await start([`--watch-container-credentials-config=${at}/ids.json`]);
    // Without the file nobody can say who has an association: no pod is answered wrongly meanwhile.
    await expect
      .poll(async () => (await call(webhook.url, { body })).text, soon)
      .toContain('the identities file could not be read yet');
    await mount(at, 'one', file());
    await ready(webhook);
    const patch = async (): Promise<string> =>
      Buffer.from(
        JSON.parse((await call(running!.url, { body })).text).response.patch ?? '',
        'base64',
      ).toString();
    expect(await patch()).toBe('');
    await mount(at, 'two', file('s3-echoer'));
    await expect.poll(patch, soon).toContain('AWS_CONTAINER_CREDENTIALS_FULL_URI');
    await mount(at, 'three', { 'ids.json': '{' });
    await expect.poll(broken, soon).toEqual(['identities-file']);
    expect(lines.join('')).toContain('"source":"identities-file"');
    expect(await patch()).toContain('AWS_CONTAINER_CREDENTIALS_FULL_URI');
    // The same bytes as before the fault are good again, and the same fault is said again.
    await mount(at, 'four', file('s3-echoer'));
    await expect.poll(broken, soon).toEqual([]);
    const said = lines.length;
    await mount(at, 'five', { 'ids.json': '{' });
    await expect.poll(() => lines.slice(said).join(''), soon).toContain('"identities-file"');
  });

  it('serves a new certificate after the swap, and keeps the last good one over a bad one', async () => {
    const webhook = await start();
    const { authority } = await testIdentity();
    const next = await generateServerIdentity({ ipAddresses: ['127.0.0.1'], authority });
    const used = (): number => lines.filter((line) => line.includes('certificate in use')).length;
    expect(used()).toBe(1);
    const { certificatePem, privateKeyPem } = next;
    await mount(join(folder, 'certs'), 'two', { 'tls.crt': certificatePem, 'tls.key': 'corrupt' });
    await expect.poll(() => lines.join(''), soon).toContain('"source":"certificate"');
    expect(await broken()).toEqual(['certificate']);
    expect((await call(webhook.url, { method: 'GET', path: '/healthz' })).status).toBe(200);
    await mount(join(folder, 'certs'), 'three', {
      'tls.crt': certificatePem,
      'tls.key': privateKeyPem,
    });
    await expect.poll(used, soon).toBe(2);
    await expect.poll(broken, soon).toEqual([]);
    expect((await call(webhook.url, { method: 'GET', path: '/healthz' })).status).toBe(200);
  });

  it('manages its own certificates', async () => {
    api.put('mutatingwebhookconfigurations', {
      metadata: { name: 'irsa-webhook' },
      webhooks: [{ clientConfig: {} }],
    });
    const webhook = await start([
      '--certificates=self-managed',
      '--tls-secret=irsa-webhook-tls',
      '--webhook-configuration=irsa-webhook',
      '--service-name=irsa-webhook',
    ]);
    const configuration = api.get('mutatingwebhookconfigurations', '', 'irsa-webhook')!;
    const [{ clientConfig }] = configuration['webhooks'] as [
      { clientConfig: { caBundle: string } },
    ];
    const answer = await call(webhook.url, {
      method: 'GET',
      path: '/healthz',
      ca: Buffer.from(clientConfig.caBundle, 'base64').toString(),
      servername: 'irsa-webhook.irsa-system.svc',
    });
    expect(answer.status).toBe(200);
    const { text } = await metrics(webhook.metricsPort);
    expect(text).toMatch(/certificate_expiry_timestamp_seconds\{kind="authority"\} \d{10}/);
    api.fault = () => ({ status: 500 });
    await expect.poll(broken, soon).toEqual(['certificate']);
    api.fault = () => undefined;
    await expect.poll(broken, soon).toEqual([]);
  });

  it('says why it cannot start, and leaves nothing running', async () => {
    await writeFile(join(folder, 'certs', '..one', 'tls.key'), 'corrupt');
    await expect(start()).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE',
      message: expect.stringContaining('--tls-cert'),
    });
    await expect.poll(() => api.watchers.size, soon).toBe(0);
  });
});
