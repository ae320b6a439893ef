import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createKubernetesClient } from '../../src/kubernetes/create-kubernetes-client.js';
import { loadInClusterAccess } from '../../src/kubernetes/load-in-cluster-access.js';
import type {
  ClusterAccess,
  KubernetesClient,
  LoadClusterAccess,
} from '../../src/kubernetes/types.js';
import { startFakeApiServer, type FakeApiServer } from '../support/start-fake-api-server.js';

const soon = { timeout: 15_000 };
const path = '/api/v1/namespaces/default/serviceaccounts/app';
let api: FakeApiServer;
let client: KubernetesClient | undefined;
let ahead = 0;
beforeEach(async () => {
  ahead = 0;
  const now = performance.now.bind(performance);
  vi.spyOn(performance, 'now').mockImplementation(() => now() + ahead);
  api = await startFakeApiServer();
  api.put('serviceaccounts', { metadata: { name: 'app', namespace: 'default' } });
});
afterEach(async () => {
  vi.restoreAllMocks();
  client?.close();
  await api.stop();
});

/** A client whose token is what `token()` says, and how often it was read. */
const clientOf = (token: () => string | Promise<string>) => {
  const reads = { count: 0 };
  const load: LoadClusterAccess = async () => {
    reads.count += 1;
    const access = await api.access();
    return { ...access, headers: { authorization: `Bearer ${await token()}` } };
  };
  client = createKubernetesClient(load);
  return { client, reads };
};
const sentTokens = (): (string | undefined)[] =>
  api.requests.map(({ headers }) => headers.authorization?.slice('Bearer '.length));
/** The clock that access ages by, moved ahead. */
const age = (ms: number): void => {
  ahead += ms;
};

describe('createKubernetesClient', () => {
  it('reads its access once for everybody who asks at the same time', async () => {
    const { client: asked, reads } = clientOf(() => 'one');
    await Promise.all(Array.from({ length: 20 }, () => asked.request({ path })));
    expect(reads.count).toBe(1);
  });

  it('reads a token that kubelet has replaced, and does not wait for it', async () => {
    let token = 'one';
    const { client: asked } = clientOf(() => token);
    await asked.request({ path });
    token = 'two';
    age(31_000);
    await asked.request({ path });
    await expect
      .poll(async () => {
        await asked.request({ path });
        return sentTokens().at(-1);
      }, soon)
      .toBe('two');
    expect(sentTokens().slice(0, 2)).toEqual(['one', 'one']);
  });

  it('waits for a fresh access when the one it has is old', async () => {
    let token = 'one';
    const { client: asked } = clientOf(() => token);
    await asked.request({ path });
    token = 'two';
    age(301_000);
    await asked.request({ path });
    expect(sentTokens()).toEqual(['one', 'two']);
  });

  it('reads its access anew when the server refuses it, and asks again', async () => {
    let token = 'one';
    const { client: asked } = clientOf(() => token);
    await asked.request({ path });
    token = 'two';
    api.fault = ({ headers }) =>
      headers.authorization === 'Bearer one' ? { status: 401 } : undefined;
    expect((await asked.request({ path })).status).toBe(200);
    expect(sentTokens()).toEqual(['one', 'one', 'two']);
  });

  it('leaves other calls alone when the server refuses one', async () => {
    const { client: asked } = clientOf(() => 'one');
    let lines = 0;
    const stopping = new AbortController();
    const watching = asked.stream({
      path: '/api/v1/serviceaccounts?watch=1&resourceVersion=0',
      silentMs: 60_000,
      signal: stopping.signal,
      onEvent: () => (lines += 1),
    });
    await expect.poll(() => lines, soon).toBe(1);
    api.fault = () => ({ status: 401 });
    expect((await asked.request({ path })).status).toBe(401);
    expect((await asked.request({ path })).status).toBe(401);
    api.put('serviceaccounts', { metadata: { name: 'later', namespace: 'default' } });
    await expect.poll(() => lines, soon).toBe(2);
    stopping.abort();
    await expect(watching).rejects.toMatchObject({ code: 'ERR_CLUSTER' });
  });

  it('says why there is no access, not that the API server did not answer', async () => {
    client = createKubernetesClient(() => loadInClusterAccess({ environment: {} }));
    await expect(client.request({ path })).rejects.toThrow(
      /^in-cluster access: expected KUBERNETES_SERVICE_HOST .* outside of a pod pass --kubeconfig$/,
    );
  });

  it('keeps its time limit when the access cannot be read, and goes on with the one before', async () => {
    let isHanging = false;
    const { client: asked } = clientOf(() => (isHanging ? new Promise(() => {}) : 'one'));
    await asked.request({ path });
    isHanging = true;
    age(31_000);
    expect((await asked.request({ path })).status).toBe(200);
    age(400_000);
    await expect(asked.request({ path, timeoutMs: 100 })).rejects.toMatchObject({
      message: expect.stringContaining('no answer in 100 ms'),
    });
  });

  it('asks below the path of its server', async () => {
    client = createKubernetesClient(async (): Promise<ClusterAccess> => ({
      ...(await api.access()),
      basePath: '/k8s/c-1',
    }));
    await client.request({ path });
    expect(api.requests[0]?.path).toBe(`/k8s/c-1${path}`);
  });

  it('ends what is under way when it is closed', async () => {
    const { client: asked } = clientOf(() => 'one');
    api.fault = () => 'hang';
    const answer = asked.request({ path, timeoutMs: 60_000 });
    await expect.poll(() => api.requests.length, soon).toBe(1);
    asked.close();
    await expect(answer).rejects.toMatchObject({ code: 'ERR_CLUSTER' });
  });
});
