import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import fastJsonPatch from 'fast-json-patch';
import type { ClusterAccess } from '../../src/kubernetes/types.js';
import { testIdentity } from './webhook-client.js';

export interface KubernetesObject {
  metadata: {
    name: string;
    namespace?: string;
    resourceVersion?: string;
    annotations?: Record<string, unknown>;
  };
  [field: string]: unknown;
}

export interface FakeRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

/** What a test lets go wrong with a request. */
export type Fault = { status: number; body?: unknown } | 'hang' | 'reset' | undefined;

interface Event {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly resource: string;
  readonly object: KubernetesObject;
}

interface Place {
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

const placeOf = (path: string): Place | undefined => {
  const match =
    /^\/(?:api\/v1|apis\/[^/]+\/v1)(?:\/namespaces\/([^/]+))?\/([a-z]+)(?:\/([^/]+))?$/.exec(path);
  if (match === null) return undefined;
  const [, namespace, resource = '', name] = match;
  return {
    resource,
    ...(namespace !== undefined && { namespace }),
    ...(name !== undefined && { name: decodeURIComponent(name) }),
  };
};

const keyOf = (resource: string, object: KubernetesObject): string =>
  `${resource}/${object.metadata.namespace ?? ''}/${object.metadata.name}`;

/**
 * A small Kubernetes API server over https: list in pages, watch with resume, 410 and bookmarks, get, create, replace with
 * optimistic locking, JSON Patch. As strict as the real one where the adapter leans on it.
 */
export class FakeApiServer {
  readonly requests: FakeRequest[] = [];
  fault: (request: FakeRequest) => Fault = () => undefined;
  /** Watches open now. */
  readonly watchers: Set<{ place: Place; selector: string | null; response: ServerResponse }> =
    new Set<{
      place: Place;
      selector: string | null;
      response: ServerResponse;
    }>();
  /** While true, watches hear nothing. */
  silent = false;
  port = 0;
  private version = 100;
  private oldest = 0;
  private readonly objects = new Map<string, { resource: string; object: KubernetesObject }>();
  private history: Event[] = [];
  private server: ReturnType<typeof createServer> | undefined;

  async start(): Promise<this> {
    const { certificatePem, privateKeyPem } = await testIdentity();
    const server = createServer(
      { cert: certificatePem, key: privateKeyPem },
      (request, response) => {
        void this.serve(request, response);
      },
    );
    await new Promise<void>((resolve) => server.listen(this.port, '127.0.0.1', resolve));
    this.port = (server.address() as AddressInfo).port;
    this.server = server;
    return this;
  }

  /** The server is gone, with all its connections; its state stays. */
  async stop(): Promise<void> {
    const { server } = this;
    this.watchers.clear();
    if (server === undefined) return;
    this.server = undefined;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  async access(): Promise<ClusterAccess> {
    const { caBundlePem } = await testIdentity();
    return {
      host: '127.0.0.1',
      port: this.port,
      caPem: caBundlePem,
      headers: { authorization: 'Bearer test-token' },
    };
  }

  put(resource: string, object: KubernetesObject): KubernetesObject {
    const key = keyOf(resource, object);
    const type = this.objects.has(key) ? 'MODIFIED' : 'ADDED';
    const stored = this.stamp(object);
    this.objects.set(key, { resource, object: stored });
    this.publish({ version: this.version, type, resource, object: stored });
    return stored;
  }

  remove(resource: string, namespace: string, name: string): void {
    const key = `${resource}/${namespace}/${name}`;
    const found = this.objects.get(key);
    if (found === undefined) return;
    this.objects.delete(key);
    this.publish({
      version: this.version + 1,
      type: 'DELETED',
      resource,
      object: this.stamp(found.object),
    });
  }

  get(resource: string, namespace: string, name: string): KubernetesObject | undefined {
    return this.objects.get(`${resource}/${namespace}/${name}`)?.object;
  }

  /** etcd was compacted: older resource versions are gone. */
  expire(): void {
    this.version += 1;
    this.oldest = this.version;
    this.history = [];
  }

  /** Ends every watch in peace, as the server does every few minutes. */
  endWatches(): void {
    for (const { response } of this.watchers) response.end();
    this.watchers.clear();
  }

  bookmark(): void {
    const metadata = { resourceVersion: String(this.version) };
    for (const { response } of this.watchers) {
      response.write(`${JSON.stringify({ type: 'BOOKMARK', object: { metadata } })}\n`);
    }
  }

  /** Requests to a path, watches apart from lists. */
  count(path: string, kind: 'watch' | 'list' | 'get' = 'get'): number {
    return this.requests.filter(
      (request) =>
        request.path === path &&
        (kind === 'get' || request.query.has('watch') === (kind === 'watch')),
    ).length;
  }

  private stamp(object: KubernetesObject): KubernetesObject {
    this.version += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.version) } };
  }

  private publish(event: Event): void {
    this.history.push(event);
    if (this.silent) return;
    for (const watcher of this.watchers) this.send(watcher, event);
  }

  private send(
    watcher: { place: Place; selector: string | null; response: ServerResponse },
    event: Event,
  ): void {
    if (!this.fits(watcher.place, watcher.selector, event)) return;
    const line = Buffer.from(`${JSON.stringify({ type: event.type, object: event.object })}\n`);
    // Cut in the middle, as a network may.
    watcher.response.write(line.subarray(0, line.length / 2));
    watcher.response.write(line.subarray(line.length / 2));
  }

  private fits(
    place: Place,
    selector: string | null,
    { resource, object }: { resource: string; object: KubernetesObject },
  ): boolean {
    return (
      resource === place.resource &&
      (place.namespace === undefined || place.namespace === object.metadata.namespace) &&
      (selector === null || selector === `metadata.name=${object.metadata.name}`)
    );
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'https://api');
    const seen: FakeRequest = {
      method: request.method ?? '',
      path: url.pathname,
      query: url.searchParams,
      headers: request.headers,
    };
    this.requests.push(seen);
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const fault = this.fault(seen);
    if (fault === 'hang') return;
    if (fault === 'reset') {
      request.socket.destroy();
      return;
    }
    const place = placeOf(url.pathname);
    if (fault !== undefined || place === undefined) {
      this.answer(
        response,
        fault?.status ?? 404,
        fault?.body ?? { kind: 'Status', message: 'fault' },
      );
    } else if (place.name === undefined && seen.query.has('watch')) {
      this.watch(place, seen, response);
    } else {
      const body: unknown =
        chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString());
      const [status, answer] = this.handle(place, seen, body);
      this.answer(response, status, answer);
    }
  }

  private handle(place: Place, request: FakeRequest, body: unknown): [number, unknown] {
    const { resource, namespace = '', name } = place;
    if (name === undefined) {
      if (request.method === 'GET') return this.list(place, request.query);
      const object = body as KubernetesObject;
      if (this.objects.has(keyOf(resource, object)))
        return [409, { kind: 'Status', message: 'AlreadyExists' }];
      return [201, this.put(resource, object)];
    }
    const found = this.objects.get(`${resource}/${namespace}/${name}`);
    if (found === undefined) return [404, { kind: 'Status', message: 'NotFound' }];
    switch (request.method) {
      case 'PUT': {
        const object = body as KubernetesObject;
        const { resourceVersion } = object.metadata;
        if (
          resourceVersion !== undefined &&
          resourceVersion !== found.object.metadata.resourceVersion
        ) {
          return [409, { kind: 'Status', message: 'Conflict' }];
        }
        return [200, this.put(resource, object)];
      }
      case 'PATCH': {
        try {
          const patched = structuredClone(found.object);
          fastJsonPatch.applyPatch(patched, body as fastJsonPatch.Operation[], true);
          return [200, this.put(resource, patched)];
        } catch {
          return [422, { kind: 'Status', message: 'the server rejected our request' }];
        }
      }
      default:
        return [200, found.object];
    }
  }

  private list(place: Place, query: URLSearchParams): [number, unknown] {
    const selector = query.get('fieldSelector');
    const all = [...this.objects.values()]
      .filter((entry) => this.fits(place, selector, entry))
      .map(({ object }) => object);
    const [from = '0', at = String(this.version)] = query.get('continue')?.split(':') ?? [];
    if (Number(at) < this.oldest)
      return [410, { kind: 'Status', code: 410, message: 'continue expired' }];
    const limit = Number(query.get('limit') ?? all.length);
    const next = Number(from) + limit;
    return [
      200,
      {
        kind: 'List',
        metadata: { resourceVersion: at, ...(next < all.length && { continue: `${next}:${at}` }) },
        items: all.slice(Number(from), next),
      },
    ];
  }

  private watch(place: Place, { query }: FakeRequest, response: ServerResponse): void {
    const from = Number(query.get('resourceVersion') ?? 0);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.flushHeaders();
    if (from < this.oldest) {
      const object = {
        kind: 'Status',
        code: 410,
        reason: 'Expired',
        message: 'too old resource version',
      };
      response.end(`${JSON.stringify({ type: 'ERROR', object })}\n`);
      return;
    }
    const watcher = { place, selector: query.get('fieldSelector'), response };
    this.watchers.add(watcher);
    response.on('close', () => this.watchers.delete(watcher));
    for (const event of this.history) if (event.version > from) this.send(watcher, event);
  }

  private answer(response: ServerResponse, status: number, body: unknown): void {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body));
  }
}

export const startFakeApiServer = (): Promise<FakeApiServer> => new FakeApiServer().start();
