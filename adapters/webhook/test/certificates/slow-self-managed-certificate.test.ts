import { inspectCertificates } from 'irsa/certs';
import { describe, expect, it } from 'vitest';
import type { CertificatePair } from '../../src/types.js';
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

describe('keepSelfManagedCertificate, over years and failures', () => {
  it('succeeds its authority with overlap: what is served is trusted at every moment', async () => {
    const replicas = [start(), start()];
    await Promise.all(replicas.map(({ kept: one }) => one.ready));
    const [old] = await inspectCertificates(bundles()[0]!);
    const seen = new Set<number>();
    const served = (): CertificatePair[] => replicas.map(({ pairs }) => pairs.at(-1)!);
    // The authority lives 3,650 days, and is succeeded 180 days before its end.
    world.now = new Date(world.now.getTime() + 3469 * day);
    await expect.poll(() => replicas.every(({ pairs }) => pairs.length === 2), soon).toBe(true);
    world.now = new Date(world.now.getTime() + 2 * day);
    let trusted = true;
    // Time passes while the replicas work; the API server may have any bundle written so far.
    const isDone = async (): Promise<boolean> => {
      world.now = new Date(world.now.getTime() + 10_000);
      const found = await inspectCertificates(bundles()[0]!);
      seen.add(found.length);
      for (const pair of served()) trusted &&= bundles().every((bundle) => isTrusted(pair, bundle));
      return found.length === 1 && found[0]!.fingerprint !== old!.fingerprint;
    };
    await expect.poll(isDone, { timeout: 25_000, interval: 100 }).toBe(true);
    expect(trusted).toBe(true);
    expect([...seen].sort()).toEqual([1, 2]);
    expect(JSON.parse(secret()['authorities.json']!)).toHaveLength(1);
  });

  it('goes on from any write that fails in the middle', async () => {
    for (let failing = 1; failing <= 5; failing += 1) {
      world.api.remove('secrets', namespace, 'irsa-webhook-tls');
      world.api.put('mutatingwebhookconfigurations', {
        metadata: { name: 'irsa-webhook' },
        webhooks: [{ clientConfig: {} }],
      });
      let writes = 0;
      world.api.fault = ({ method }) =>
        method !== 'GET' && (writes += 1) === failing ? { status: 500 } : undefined;
      const replica = start();
      await replica.kept.ready;
      expect(isTrusted(replica.pairs.at(-1)!, bundles()[0]!)).toBe(true);
      await replica.kept.stop();
    }
  });
});
