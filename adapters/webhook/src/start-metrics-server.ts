import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ClusterError } from 'irsa/errors';

/** What {@link startMetricsServer} needs. */
export interface MetricsServerOptions {
  readonly host: string;
  readonly port: number;
  readonly contentType: string;
  readonly text: () => Promise<string>;
}

/** Serves `GET /metrics` over plain HTTP on a port of its own, as Prometheus expects it; nothing else, and no debug endpoints. */
export async function startMetricsServer(
  options: MetricsServerOptions,
): Promise<{ readonly port: number; readonly close: () => Promise<void> }> {
  const { host, port, contentType, text } = options;
  const server = createServer({
    requestTimeout: 10_000,
    headersTimeout: 5_000,
    connectionsCheckingInterval: 1_000,
  });
  server.maxConnections = 64;
  server.setTimeout(20_000);
  server.on('request', (request, response) => {
    const known = request.url?.split('?', 1)[0] === '/metrics';
    const readable = request.method === 'GET' || request.method === 'HEAD';
    if (!known || !readable) {
      response.writeHead(known ? 405 : 404, { 'content-type': 'text/plain; charset=utf-8' });
      response.end(known ? 'expected GET\n' : 'expected /metrics\n');
      return;
    }
    text().then(
      (body) => {
        response.writeHead(200, { 'content-type': contentType });
        response.end(body);
      },
      () => {
        response.writeHead(500);
        response.end();
      },
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new ClusterError(
          `metrics: expected to listen on ${host}:${port}, got ${cause.message}; choose another --metrics-port`,
          { cause },
        ),
      );
    });
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port, // `as`: a listening TCP server has an AddressInfo.
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
