import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createServiceAccountLookup } from '../../src/identities/create-service-account-lookup.js';
import { createServiceAccountStore } from '../../src/identities/create-service-account-store.js';
import { createKubernetesClient } from '../../src/kubernetes/create-kubernetes-client.js';
import type { KubernetesClient } from '../../src/kubernetes/types.js';
import { startFakeApiServer, type FakeApiServer } from '../support/start-fake-api-server.js';

const domain = 'eks.amazonaws.com';
const path = '/api/v1/namespaces/default/serviceaccounts/new';
const object = {
  metadata: {
    name: 'new',
    namespace: 'default',
    annotations: {
      [`${domain}/role-arn`]: 'r',
      'eks.amazon.com/role-arn': 'typo',
      'kubectl/x': 'y',
    },
  },
};
let api: FakeApiServer;
let client: KubernetesClient;
let results: string[];
const store = createServiceAccountStore(domain);
beforeEach(async () => {
  api = await startFakeApiServer();
  client = createKubernetesClient(() => api.access());
  results = [];
});
afterEach(async () => {
  client.close();
  await api.stop();
});
const lookup = (options: Partial<Parameters<typeof createServiceAccountLookup>[0]> = {}) =>
  createServiceAccountLookup({
    store,
    client,
    annotationDomain: domain,
    observe: (result) => results.push(result),
    ...options,
  });

describe('createServiceAccountLookup', () => {
  it('asks once for everybody who waits, and keeps the few annotations that matter', async () => {
    api.put('serviceaccounts', object);
    const find = lookup();
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => Promise.resolve(find('default', 'new'))),
    );
    expect(answers.every((answer) => answer === answers[0])).toBe(true);
    expect(answers[0]?.metadata?.annotations).toEqual({
      [`${domain}/role-arn`]: 'r',
      'eks.amazon.com/role-arn': 'typo',
    });
    expect(api.count(path)).toBe(1);
  });

  it('remembers "not there" for a moment, then asks again', async () => {
    const find = lookup({ rememberMs: 50 });
    expect(await find('default', 'new')).toBeUndefined();
    expect(await find('default', 'new')).toBeUndefined();
    expect(api.count(path)).toBe(1);
    api.put('serviceaccounts', object);
    await expect.poll(() => find('default', 'new')).toMatchObject({ metadata: { name: 'new' } });
    expect(results).toContain('remembered');
  });

  it('remembers no more than it may', async () => {
    const find = lookup({ maxRemembered: 2, rememberMs: 60_000 });
    for (const name of ['a', 'b', 'c', 'a']) await find('default', name);
    expect(results).toEqual(['absent', 'absent', 'absent', 'absent']);
  });

  it.each([
    ['a server error', { status: 500 }],
    ['no permission', { status: 403 }],
    ['a cut connection', 'reset' as const],
    ['no answer in time', 'hang' as const],
  ])('rejects after %s, and asks again the next time', async (_, fault) => {
    api.fault = () => fault;
    const find = lookup({ timeoutMs: 100 });
    await expect(find('default', 'new')).rejects.toMatchObject({ code: 'ERR_CLUSTER' });
    api.fault = () => undefined;
    api.put('serviceaccounts', object);
    expect(await find('default', 'new')).toBeDefined();
    expect(results).toEqual(['failed', 'found']);
  });

  it('refuses a storm of different names', async () => {
    api.fault = () => 'hang';
    const find = lookup({ maxConcurrent: 2, timeoutMs: 200 });
    const waiting = ['a', 'b'].map((name) => expect(find('default', name)).rejects.toThrow());
    expect(() => find('default', 'c')).toThrow('2 reads are under way');
    await Promise.all(waiting);
  });

  it('asks nobody with a timeout of 0, for what it knows, and without names', () => {
    store.set(object);
    expect(lookup()('default', 'new')).toMatchObject({ metadata: { name: 'new' } });
    store.remove(object);
    expect(lookup({ timeoutMs: 0 })('default', 'new')).toBeUndefined();
    expect(lookup()('default', '')).toBeUndefined();
    expect(lookup()('', 'new')).toBeUndefined();
    expect(api.requests).toEqual([]);
    expect(results).toEqual(['hit']);
  });

  it('keeps strange names inside the path', async () => {
    await lookup()('../../secrets', 'a/b?c#d');
    expect(api.requests[0]?.path).toBe(
      '/api/v1/namespaces/..%2F..%2Fsecrets/serviceaccounts/a%2Fb%3Fc%23d',
    );
  });
});
