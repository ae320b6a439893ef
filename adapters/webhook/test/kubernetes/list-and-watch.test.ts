import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServiceAccountStore } from '../../src/identities/create-service-account-store.js';
import { createKubernetesClient } from '../../src/kubernetes/create-kubernetes-client.js';
import {
  listAndWatch,
  type RunningWatch,
  type WatchEvent,
} from '../../src/kubernetes/list-and-watch.js';
import type { KubernetesClient } from '../../src/kubernetes/types.js';
import { startFakeApiServer, type FakeApiServer } from '../support/start-fake-api-server.js';

const path = '/api/v1/serviceaccounts';
const domain = 'eks.amazonaws.com';
const account = (name: string, role = 'r') => ({
  metadata: {
    name,
    namespace: 'default',
    annotations: { [`${domain}/role-arn`]: role, other: 'x' },
  },
});

let api: FakeApiServer;
let client: KubernetesClient;
let watch: RunningWatch | undefined;
let events: WatchEvent[];
let store: ReturnType<typeof createServiceAccountStore>;
beforeEach(async () => {
  api = await startFakeApiServer();
  client = createKubernetesClient(() => api.access());
  events = [];
  store = createServiceAccountStore(domain);
});
afterEach(async () => {
  await watch?.stop();
  client.close();
  await api.stop();
});

const start = (options: { silentMs?: number; pageSize?: number } = {}): RunningWatch =>
  (watch = listAndWatch({
    client,
    path,
    store,
    minBackoffMs: 10,
    maxBackoffMs: 50,
    observe: (event) => events.push(event),
    ...options,
  }));
const role = (name: string): unknown =>
  store.find('default', name)?.metadata?.annotations?.[`${domain}/role-arn`];
const kinds = (): string[] => events.map(({ kind }) => kind);

describe('listAndWatch', () => {
  it('lists in pages of 500 and keeps only what is needed', async () => {
    for (let n = 0; n < 1201; n += 1) api.put('serviceaccounts', account(`a${n}`, `role-${n}`));
    await start().synced;
    expect(store.size).toBe(1201);
    expect(role('a1200')).toBe('role-1200');
    expect(store.find('default', 'a0')).toEqual({
      metadata: {
        name: 'a0',
        namespace: 'default',
        annotations: { [`${domain}/role-arn`]: 'role-0' },
      },
    });
    expect(api.count(path, 'list')).toBe(3);
    expect(api.requests[0]?.query.get('limit')).toBe('500');
    expect(api.requests[0]?.headers.authorization).toBe('Bearer test-token');
  });

  it('follows what is added, changed and deleted', async () => {
    await start().synced;
    await expect.poll(() => api.watchers.size).toBe(1);
    api.put('serviceaccounts', account('a', 'one ü'));
    await expect.poll(() => role('a')).toBe('one ü');
    api.put('serviceaccounts', account('a', 'two'));
    await expect.poll(() => role('a')).toBe('two');
    api.remove('serviceaccounts', 'default', 'a');
    await expect.poll(() => store.size).toBe(0);
  });

  it('resumes where a watch ended, without listing again, and misses nothing', async () => {
    await start().synced;
    await expect.poll(() => api.watchers.size).toBe(1);
    for (let n = 0; n < 3; n += 1) {
      api.endWatches();
      api.put('serviceaccounts', account(`a${n}`));
      await expect.poll(() => role(`a${n}`)).toBe('r');
    }
    expect(api.count(path, 'list')).toBe(1);
    expect(watch?.behindSeconds()).toBe(0);
  });

  it('resumes from a bookmark', async () => {
    await start().synced;
    await expect.poll(() => api.watchers.size).toBe(1);
    api.put('configmaps', { metadata: { name: 'foreign', namespace: 'x' } });
    api.bookmark();
    await new Promise((resolve) => setTimeout(resolve, 50));
    api.endWatches();
    await expect.poll(() => api.count(path, 'watch')).toBe(2);
    const versions = api.requests
      .filter(({ query }) => query.has('watch'))
      .map(({ query }) => Number(query.get('resourceVersion')));
    expect(versions[1]).toBeGreaterThan(versions[0]!);
    expect(api.requests.at(-1)?.query.get('allowWatchBookmarks')).toBe('true');
  });

  it('lists again when its version is forgotten (410), and drops what was deleted meanwhile', async () => {
    api.put('serviceaccounts', account('gone'));
    await start().synced;
    await expect.poll(() => api.watchers.size).toBe(1);
    await api.stop();
    api.remove('serviceaccounts', 'default', 'gone');
    api.put('serviceaccounts', account('new'));
    api.expire();
    await api.start();
    await expect.poll(() => role('new')).toBe('r');
    expect(store.size).toBe(1);
    expect(kinds()).toContain('expired');
  });

  it('starts the list anew when its pages expire (410)', async () => {
    for (let n = 0; n < 5; n += 1) api.put('serviceaccounts', account(`a${n}`));
    let expired = false;
    api.fault = ({ query }) => {
      if (!expired && query.has('continue')) {
        expired = true;
        return { status: 410, body: { kind: 'Status', code: 410, message: 'expired' } };
      }
      return undefined;
    };
    await start({ pageSize: 2 }).synced;
    expect(store.size).toBe(5);
  });

  it('keeps its answers while the server is gone, says for how long, and comes back by itself', async () => {
    api.put('serviceaccounts', account('a'));
    const running = start();
    await running.synced;
    await expect.poll(() => running.behindSeconds()).toBe(0);
    await api.stop();
    await expect
      .poll(() => events.filter(({ kind }) => kind === 'failed').length)
      .toBeGreaterThan(3);
    expect(running.behindSeconds()).toBeGreaterThan(0);
    expect(role('a')).toBe('r');
    await api.start();
    api.put('serviceaccounts', account('b'));
    await expect.poll(() => role('b')).toBe('r');
    await expect.poll(() => running.behindSeconds()).toBe(0);
  });

  it('lists again when a watch cannot be opened: the server may have been restored from a backup', async () => {
    api.put('serviceaccounts', account('a', 'after the backup'));
    await start().synced;
    await expect.poll(() => api.watchers.size).toBe(1);
    api.fault = () => ({ status: 401, body: { kind: 'Status', message: 'Unauthorized' } });
    api.silent = true;
    api.put('serviceaccounts', account('a', 'before it'));
    api.endWatches();
    await expect.poll(() => kinds()).toContain('failed');
    expect(role('a')).toBe('after the backup');
    api.silent = false;
    api.fault = () => undefined;
    await expect.poll(() => role('a')).toBe('before it');
    expect(api.count(path, 'list')).toBeGreaterThan(1);
  });

  it('gives up a watch that goes silent', async () => {
    await start({ silentMs: 100 }).synced;
    await expect.poll(() => api.watchers.size).toBe(1);
    api.silent = true;
    api.put('serviceaccounts', account('quiet'));
    await expect.poll(() => role('quiet')).toBe('r');
    const failed = events.find((event) => event.kind === 'failed');
    expect(failed?.kind === 'failed' && String(failed.error)).toContain('silence for 100 ms');
    expect(api.count(path, 'list')).toBe(1);
  });

  it.each([
    [
      '403',
      { status: 403, body: { kind: 'Status', message: 'forbidden: cannot list' } },
      'grant get, list and watch',
    ],
    ['500', { status: 500 }, 'got 500'],
    ['a body that is no list', { status: 200, body: 'x' }, 'expected metadata.resourceVersion'],
    ['a cut connection', 'reset' as const, 'check the network'],
  ])('is not synced, and tries again, after %s', async (_, fault, message) => {
    api.fault = () => fault;
    const running = start();
    await expect.poll(() => events.length).toBeGreaterThan(1);
    expect(running.isSynced()).toBe(false);
    const [first] = events;
    expect(first?.kind === 'failed' && String(first.error)).toContain(message);
    api.fault = () => undefined;
    await running.synced;
  });

  it('survives objects of any shape', async () => {
    await start().synced;
    await expect.poll(() => api.watchers.size).toBe(1);
    for (const line of [
      '{"type":"ADDED","object":null}',
      '{"type":"ADDED"}',
      '{"object":{"metadata":{"name":1}}}',
      '1',
      '{"type":"NEW","object":{}}',
    ]) {
      for (const { response } of api.watchers) response.write(`${line}\n\n`);
    }
    api.put('serviceaccounts', account('after'));
    await expect.poll(() => role('after')).toBe('r');
    expect(api.count(path, 'watch')).toBe(1);
  });

  it('takes a line that is no JSON for a broken watch and resumes', async () => {
    await start().synced;
    await expect.poll(() => api.watchers.size).toBe(1);
    for (const { response } of api.watchers) response.write('{oops\n');
    await expect.poll(() => kinds()).toContain('failed');
    api.put('serviceaccounts', account('after'));
    await expect.poll(() => role('after')).toBe('r');
    expect(api.count(path, 'list')).toBe(1);
  });
});
