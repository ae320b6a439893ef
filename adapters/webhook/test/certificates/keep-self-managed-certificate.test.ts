import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspectCertificates } from 'irsa/certs';
import { describe, expect, it } from 'vitest';
import {
  bundles,
  day,
  isTrusted,
  namespace,
  secret,
  soon,
  start,
  world,
} from '../support/self-managed.js';

/** A certificate of its own, and its key, that nobody here would make. */
const opensslCertificate = async (
  key: string,
  extension: string,
): Promise<{ certificatePem: string; privateKeyPem: string }> => {
  const folder = await mkdtemp(join(tmpdir(), 'irsa-webhook-openssl-'));
  const [kind = '', curve = ''] = key.split(':');
  const newKey = kind === 'ec' ? ['ec', '-pkeyopt', `ec_paramgen_curve:${curve}`] : [key];
  const { status, stderr } = spawnSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', ...newKey, '-nodes', '-days', '3650', '-subj', '/CN=by hand'],
      ...['-addext', extension, '-keyout', join(folder, 'key'), '-out', join(folder, 'crt')],
    ],
    { encoding: 'utf8' },
  );
  if (status !== 0) throw new Error(stderr);
  const [certificatePem, privateKeyPem] = await Promise.all(
    ['crt', 'key'].map((name) => readFile(join(folder, name), 'utf8')),
  );
  await rm(folder, { recursive: true });
  return { certificatePem: certificatePem!, privateKeyPem: privateKeyPem! };
};

describe('keepSelfManagedCertificate', () => {
  it('makes authority and certificate, and has every webhook trust them before it serves', async () => {
    const replica = start();
    await replica.kept.ready;
    expect(replica.steps).toEqual(['create-authority', 'trust-authority', 'issue-serving']);
    const [pair] = replica.pairs;
    expect(new X509Certificate(pair!.certificatePem).subjectAltName).toContain(
      'DNS:irsa-webhook.irsa-system.svc',
    );
    expect(bundles().map((bundle) => isTrusted(pair!, bundle))).toEqual([true, true]);
    expect(secret()['ca.crt']).toBe(bundles()[0]);
    expect(replica.kept.authorityExpiry()!.getTime()).toBeGreaterThan(
      world.now.getTime() + 3000 * day,
    );
    expect(replica.errors).toEqual([]);
  });

  it('four replicas that start at once agree on one authority and one certificate', async () => {
    const replicas = [start(), start(), start(), start()];
    await Promise.all(replicas.map(({ kept: one }) => one.ready));
    await expect
      .poll(() => new Set(replicas.map(({ pairs }) => pairs.at(-1)?.certificatePem)).size)
      .toBe(1);
    expect((await inspectCertificates(bundles()[0]!)).length).toBe(1);
    expect(
      replicas.flatMap(({ steps }) => steps).filter((step) => step === 'issue-serving').length,
    ).toBe(1);
  });

  it('three replicas that see its end near at once renew the serving certificate once, under the same authority', async () => {
    const replicas = [start(), start(), start()];
    await Promise.all(replicas.map(({ kept: one }) => one.ready));
    await expect.poll(() => replicas.map(({ pairs }) => pairs.length), soon).toEqual([1, 1, 1]);
    const before = bundles();
    world.now = new Date(world.now.getTime() + 61 * day);
    await expect.poll(() => replicas.map(({ pairs }) => pairs.length), soon).toEqual([2, 2, 2]);
    expect(new Set(replicas.map(({ pairs }) => pairs[1]!.certificatePem)).size).toBe(1);
    const steps = replicas.flatMap(({ steps: done }) => done);
    expect(steps.filter((step) => step === 'issue-serving')).toHaveLength(2);
    expect(bundles()).toEqual(before);
    expect(isTrusted(replicas[0]!.pairs[1]!, before[0]!)).toBe(true);
  });

  it('survives a clock that jumps a year ahead and back again', async () => {
    const replica = start();
    await replica.kept.ready;
    const today = world.now;
    const begins = (): Date =>
      new Date(new X509Certificate(replica.pairs.at(-1)!.certificatePem).validFrom);
    world.now = new Date(today.getTime() + 365 * day);
    await expect.poll(() => replica.pairs.length, soon).toBe(2);
    expect(begins() > today).toBe(true);
    world.now = today;
    await expect.poll(() => replica.pairs.length, soon).toBe(3);
    expect(begins() <= today).toBe(true);
    expect(isTrusted(replica.pairs[2]!, bundles()[0]!)).toBe(true);
  });

  it.each([
    ['a year', 365 * day],
    ['an hour', day / 24],
  ])('makes an authority anew that was made by a clock %s ahead', async (_, ahead) => {
    const today = world.now;
    world.now = new Date(today.getTime() + ahead);
    const replica = start();
    await replica.kept.ready;
    world.now = today;
    await expect.poll(() => replica.pairs.length, soon).toBe(2);
    const [pair] = replica.pairs.slice(1);
    for (const pem of [pair!.certificatePem, secret()['ca.crt']!]) {
      expect(new Date(new X509Certificate(pem).validFrom) <= today).toBe(true);
    }
    expect(bundles().every((bundle) => isTrusted(pair!, bundle))).toBe(true);
    world.now = new Date(today.getTime() + 301_000);
    await expect.poll(async () => (await inspectCertificates(bundles()[0]!)).length, soon).toBe(1);
    expect(bundles()[0]).toBe(secret()['ca.crt']);
  });

  it.each([
    [
      'deleted',
      () => {
        world.api.remove('secrets', namespace, 'irsa-webhook-tls');
      },
    ],
    [
      'emptied by hand',
      () => world.api.put('secrets', { metadata: { name: 'irsa-webhook-tls', namespace } }),
    ],
    [
      'filled with garbage',
      () =>
        world.api.put('secrets', {
          metadata: { name: 'irsa-webhook-tls', namespace },
          data: { 'authorities.json': 'e30=', 'tls.crt': 'eA==', 'tls.key': 5 },
        }),
    ],
  ])('a Secret that is %s is written again from what the replica serves', async (_, harm) => {
    const replica = start();
    await replica.kept.ready;
    const before = secret();
    harm();
    await expect
      .poll(() => world.api.get('secrets', namespace, 'irsa-webhook-tls')?.['data'], soon)
      .toBeDefined();
    await expect.poll(() => secret()['tls.crt'], soon).toBe(before['tls.crt']);
    expect(secret()).toEqual(before);
    expect(replica.pairs).toHaveLength(1);
  });

  it('a Secret that was lost with every replica is made anew, and what is served is trusted', async () => {
    const first = start();
    await first.kept.ready;
    await first.kept.stop();
    world.api.remove('secrets', namespace, 'irsa-webhook-tls');
    const second = start();
    await second.kept.ready;
    expect(bundles().every((bundle) => isTrusted(second.pairs[0]!, bundle))).toBe(true);
    expect(second.pairs[0]).not.toEqual(first.pairs[0]);
  });

  it('a Secret whose certificate names another Service is not served: a Service that was renamed', async () => {
    const before = start();
    await before.kept.ready;
    await before.kept.stop();
    const after = start('renamed');
    await after.kept.ready;
    const [pair] = after.pairs;
    expect(new X509Certificate(pair!.certificatePem).checkHost('renamed.irsa-system.svc')).toBe(
      'renamed.irsa-system.svc',
    );
    expect(bundles().every((bundle) => isTrusted(pair!, bundle))).toBe(true);
    expect(after.steps).toEqual(['issue-serving']);
  });

  it.each([
    ['no authority', { extra: 'basicConstraints=CA:FALSE', key: 'rsa:2048' }],
    ['of another kind of key', { extra: 'basicConstraints=CA:TRUE', key: 'ec:prime256v1' }],
  ])('an authority of the Secret that is %s is passed over', async (_, { extra, key }) => {
    const authority = await opensslCertificate(key, extra);
    world.api.put('secrets', {
      metadata: { name: 'irsa-webhook-tls', namespace },
      data: {
        'authorities.json': Buffer.from(JSON.stringify([authority])).toString('base64'),
      },
    });
    const replica = start();
    await replica.kept.ready;
    expect(replica.steps[0]).toBe('create-authority');
    expect(replica.errors).toEqual([]);
  });

  it('succeeds an authority that an operator calls leaked, at once and with no moment without trust', async () => {
    const replicas = [start(), start()];
    await Promise.all(replicas.map(({ kept: one }) => one.ready));
    const [leaked] = bundles();
    const { metadata, ...rest } = world.api.get('secrets', namespace, 'irsa-webhook-tls')!;
    world.api.put('secrets', {
      ...rest,
      metadata: { ...metadata, annotations: { 'irsa-webhook/leaked': 'true', other: 'stays' } },
    });
    const annotations = (): unknown =>
      world.api.get('secrets', namespace, 'irsa-webhook-tls')?.metadata.annotations;
    await expect.poll(annotations, soon).toEqual({ other: 'stays' });
    await expect.poll(async () => (await inspectCertificates(bundles()[0]!)).length, soon).toBe(2);
    let trusted = true;
    const isDone = async (): Promise<boolean> => {
      world.now = new Date(world.now.getTime() + 30_000);
      for (const { pairs } of replicas) {
        trusted &&= bundles().every((bundle) => isTrusted(pairs.at(-1)!, bundle));
      }
      return (await inspectCertificates(bundles()[0]!)).length === 1;
    };
    await expect.poll(isDone, { timeout: 25_000, interval: 100 }).toBe(true);
    expect(trusted).toBe(true);
    expect(bundles()[0]).not.toBe(leaked);
    expect(secret()['ca.crt']).toBe(bundles()[0]);
    expect(replicas.map(({ pairs }) => isTrusted(pairs.at(-1)!, leaked!))).toEqual([false, false]);
    expect(replicas.flatMap(({ steps }) => steps).filter((step) => step === 'mark-leaked')).toEqual(
      ['mark-leaked'],
    );
  });

  it('knows what has leaked from memory too, when the Secret is emptied by the same edit', async () => {
    const replica = start();
    await replica.kept.ready;
    const { metadata } = world.api.get('secrets', namespace, 'irsa-webhook-tls')!;
    world.api.put('secrets', {
      metadata: { ...metadata, annotations: { 'irsa-webhook/leaked': 'true' } },
    });
    await expect.poll(() => replica.steps, soon).toContain('mark-leaked');
    await expect.poll(async () => (await inspectCertificates(bundles()[0]!)).length, soon).toBe(2);
    world.now = new Date(world.now.getTime() + 301_000);
    await expect.poll(() => replica.pairs.length, soon).toBe(2);
  });

  it('keeps what others wrote on the Secret: labels, annotations, owners', async () => {
    const owned = {
      labels: { team: 'platform' },
      annotations: { 'argocd.argoproj.io/sync-options': 'Prune=false' },
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'owner', uid: '1' }],
    };
    world.api.put('secrets', {
      metadata: { name: 'irsa-webhook-tls', namespace, ...owned },
      type: 'Opaque',
    });
    await start().kept.ready;
    const { metadata } = world.api.get('secrets', namespace, 'irsa-webhook-tls')!;
    expect(metadata).toMatchObject(owned);
  });

  it('says that a webhook configuration has no webhooks, and waits for them', async () => {
    const empty = { metadata: { name: 'irsa-webhook' }, webhooks: [] };
    world.api.put('mutatingwebhookconfigurations', empty);
    const replica = start();
    await expect.poll(() => replica.errors.at(-1), soon).toContain('expected webhooks');
    world.api.put('mutatingwebhookconfigurations', { ...empty, webhooks: [{ clientConfig: {} }] });
    await replica.kept.ready;
  });

  it.each([
    ['emptied', [{ clientConfig: {} }, { clientConfig: {} }]],
    ['garbled', [{ clientConfig: { caBundle: 'eHh4' } }, { clientConfig: { caBundle: '-' } }]],
    ['uneven', undefined],
  ])('a bundle that is %s by hand is written again', async (_, webhooks) => {
    const replica = start();
    await replica.kept.ready;
    const [good] = bundles();
    const { metadata } = world.api.get('mutatingwebhookconfigurations', '', 'irsa-webhook')!;
    const even = { clientConfig: { caBundle: Buffer.from(good!).toString('base64') } };
    world.api.put('mutatingwebhookconfigurations', {
      metadata,
      webhooks: webhooks ?? [even, { clientConfig: {} }],
    });
    await expect.poll(() => bundles(), soon).toEqual([good, good]);
    expect(replica.pairs).toHaveLength(1);
  });

  it('waits, says why, and goes on when it may not write or nobody answers', async () => {
    world.api.fault = ({ method }) =>
      method === 'POST'
        ? { status: 403, body: { kind: 'Status', message: 'forbidden' } }
        : undefined;
    const replica = start();
    await expect.poll(() => replica.errors.length, soon).toBeGreaterThan(1);
    expect(replica.errors[0]).toContain('got 403 forbidden');
    world.api.fault = () => 'reset';
    await expect.poll(() => replica.errors.at(-1), soon).toContain('expected an answer');
    world.api.fault = () => undefined;
    await replica.kept.ready;
  });
});
