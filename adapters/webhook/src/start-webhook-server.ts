import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { CertificateError, ClusterError } from 'irsa/errors';
import { createWebhookHandler } from './create-webhook-handler.js';
import type {
  CertificatePair,
  CloseOptions,
  ServerTimeouts,
  WebhookServer,
  WebhookServerOptions,
} from './types.js';

/** The time limits where options say nothing. */
export const defaultTimeouts: Readonly<ServerTimeouts> = Object.freeze({
  handshakeMs: 5_000,
  headersMs: 5_000,
  requestMs: 15_000,
  idleMs: 120_000,
  stalledMs: 20_000,
});

/**
 * Starts the HTTPS admission server: `POST /mutate` answers AdmissionReviews, `GET /healthz` and `GET /readyz` answer probes.
 *
 * HTTP/1.1 only: the API server pins it for webhooks (kubernetes/kubernetes#75791), so HTTP/2 is not offered.
 *
 * @throws {@link CertificateError} `ERR_CERTIFICATE` when the pair or the TLS settings cannot be used
 * @throws {@link ClusterError} `ERR_CLUSTER` when the address cannot be listened on
 * @example
 * ```ts
 * import { generateServerIdentity } from 'irsa/certs';
 * import { startWebhookServer } from 'irsa-webhook';
 *
 * const identity = await generateServerIdentity({ dnsNames: ['localhost'], ipAddresses: ['127.0.0.1'], now: new Date() });
 * const accounts = new Map([
 *   ['default/s3-echoer', { metadata: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/s3-echoer' } } }],
 * ]);
 * const server = await startWebhookServer({
 *   certificate: identity,
 *   findServiceAccount: (namespace, name) => accounts.get(`${namespace}/${name}`),
 * });
 * server.url; // https://127.0.0.1:PORT
 * await server.close();
 * ```
 */
export async function startWebhookServer(options: WebhookServerOptions): Promise<WebhookServer> {
  const { host = '127.0.0.1', port = 0, maxConnections = 1_024, onDrop = () => {} } = options;
  checkOptions(options, port);
  const timeouts = { ...defaultTimeouts, ...options.timeouts };
  const handler = createWebhookHandler(options);
  const server = createTlsServer(options, timeouts);
  server.on('request', handler);
  server.maxConnections = maxConnections;
  server.on('drop', onDrop);
  server.keepAliveTimeout = timeouts.idleMs;
  server.setTimeout(timeouts.stalledMs);

  try {
    await listen(server, host, port);
  } catch (error) {
    handler.close();
    throw error;
  }
  const bound = (server.address() as AddressInfo).port; // `as`: a listening TCP server has an AddressInfo.
  let closing: Promise<void> | undefined;

  return {
    url: `https://${hostOf(host)}:${bound}`,
    port: bound,
    inFlight: () => handler.gate.inFlight,
    setCertificate: (pair) => {
      useCertificate(() => {
        server.setSecureContext(tlsSettings(options, pair));
      });
    },
    close: (closeOptions) => {
      closing ??= close(server, handler.drain, closeOptions).finally(handler.close);
      return closing;
    },
  };
}

const hostOf = (address: string): string =>
  address.includes(':') ? `[${address}]` : address === '' ? 'localhost' : address;

/** Wrong calls are told at the start, not at the first review. */
function checkOptions(options: WebhookServerOptions, port: number): void {
  const lookUp: unknown = options.findServiceAccount;
  if (typeof lookUp !== 'function') {
    throw new TypeError(
      `findServiceAccount: expected a function (namespace, name) => ServiceAccount, got ${typeof lookUp}`,
    );
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new TypeError(
      `port: expected a whole number from 0 (any free one) to 65535, got ${JSON.stringify(port)}`,
    );
  }
  checkPair(options.certificate);
}

function checkPair(pair: Partial<Record<keyof CertificatePair, unknown>> | undefined): void {
  const texts = [pair?.certificatePem, pair?.privateKeyPem];
  if (!texts.every((text) => typeof text === 'string' && text.includes('-----BEGIN '))) {
    throw new CertificateError(
      'serving certificate: expected certificatePem and privateKeyPem as PEM texts, got something else; read both files as text',
      { path: 'certificate', expected: 'certificatePem and privateKeyPem' },
    );
  }
}

function createTlsServer(options: WebhookServerOptions, timeouts: ServerTimeouts): Server {
  return useCertificate(() =>
    createServer({
      ...tlsSettings(options, options.certificate),
      ALPNProtocols: ['http/1.1'],
      handshakeTimeout: timeouts.handshakeMs,
      headersTimeout: timeouts.headersMs,
      requestTimeout: timeouts.requestMs,
      // How often the two limits above are looked at; the default of 30 s would make them 35 s.
      connectionsCheckingInterval: Math.min(1_000, timeouts.headersMs),
      maxHeaderSize: 16 * 1024,
      keepAlive: true,
      noDelay: true,
    }),
  );
}

function tlsSettings(
  options: WebhookServerOptions,
  pair: CertificatePair,
): { cert: string; key: string; minVersion: 'TLSv1.2' | 'TLSv1.3'; ciphers?: string } {
  const { minVersion = 'TLSv1.2', ciphers } = options.tls ?? {};
  return {
    cert: pair.certificatePem,
    key: pair.privateKeyPem,
    minVersion,
    ...(ciphers !== undefined && { ciphers: ciphers.join(':') }),
  };
}

function useCertificate<T>(use: () => T): T {
  try {
    return use();
  } catch (cause) {
    // OpenSSL's message names a reason, never key material.
    const reason = cause instanceof Error ? cause.message : 'unknown';
    throw new CertificateError(
      `serving certificate: expected a PEM certificate chain, its unencrypted private key and ciphers that OpenSSL knows, got ${reason}; check that the two files belong together`,
      { cause },
    );
  }
}

function listen(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (cause: Error): void => {
      reject(
        new ClusterError(
          `webhook: expected to listen on ${host}:${port}, got ${cause.message}; choose another port or stop what uses it`,
          { cause },
        ),
      );
    };
    server.once('error', fail);
    server.listen(port, host, () => {
      server.removeListener('error', fail);
      resolve();
    });
  });
}

async function close(server: Server, drain: () => void, options: CloseOptions = {}): Promise<void> {
  const { lameDuckMs = 0, drainMs = 10_000 } = options;
  drain();
  if (lameDuckMs > 0) await new Promise((resolve) => setTimeout(resolve, lameDuckMs));
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  server.closeIdleConnections();
  const force = setTimeout(() => {
    server.closeAllConnections();
  }, drainMs);
  await closed;
  clearTimeout(force);
}
