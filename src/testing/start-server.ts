import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { AwsReply, AwsRequest } from './exchange.js';
import { parseQuery } from './exchange.js';
import { LocalAwsError } from '../errors.js';
import type { TlsIdentity } from './types.js';

/** What to do with a request: answer it, answer with half the body, cut the connection, or stay silent for ever. */
export type Outcome = AwsReply | 'reset' | 'hang' | { readonly half: AwsReply };

/** A listening server. */
export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

const maxBodyBytes = 64 * 1024 * 1024;

/** Listens on 127.0.0.1, reads every request whole and hands it over. */
export async function startServer(options: {
  readonly what: string;
  readonly port: number;
  readonly tls: TlsIdentity | false;
  readonly answer: (request: AwsRequest) => Promise<Outcome>;
}): Promise<RunningServer> {
  const { what, port, tls, answer } = options;
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new LocalAwsError(
      `${what}: port: expected a whole number from 0 (any free one) to 65535, got ${JSON.stringify(port)}`,
      { path: 'port', expected: 'a port' },
    );
  }
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void serve(request, response, answer);
  };
  const server =
    tls === false
      ? (await import('node:http')).createServer(listener)
      : await createTlsServer(what, tls, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const why =
        cause.code === 'EADDRINUSE' ? 'it is taken; pass port 0 for a free one' : cause.message;
      reject(
        new LocalAwsError(`${what}: cannot listen on 127.0.0.1:${String(port)}: ${why}`, { cause }),
      );
    });
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function createTlsServer(
  what: string,
  tls: TlsIdentity,
  listener: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<Server> {
  const { createServer } = await import('node:https');
  const expected = 'certificatePem, privateKeyPem and caBundlePem as PEM texts';
  // Callers without types pass what they like; without a certificate OpenSSL would only fail at the first handshake.
  const given = tls as Partial<Record<keyof TlsIdentity, unknown>> | null;
  const texts = [given?.certificatePem, given?.privateKeyPem, given?.caBundlePem];
  if (!texts.every((text) => typeof text === 'string' && text !== '')) {
    throw new LocalAwsError(
      `${what}: tls: expected ${expected}, got an object without them; pass what generateServerIdentity returns`,
      { path: 'tls', expected },
    );
  }
  try {
    return createServer({ key: tls.privateKeyPem, cert: tls.certificatePem }, listener);
  } catch (cause) {
    throw new LocalAwsError(
      `${what}: tls: expected ${expected} that belong together, got a pair that cannot be used; pass what generateServerIdentity returns`,
      { cause, path: 'tls', expected },
    );
  }
}

async function serve(
  incoming: IncomingMessage,
  response: ServerResponse,
  answer: (request: AwsRequest) => Promise<Outcome>,
): Promise<void> {
  try {
    if (incoming.headers.expect === '100-continue') response.writeContinue();
    const outcome = await answer(await readRequest(incoming));
    if (outcome === 'hang') return;
    if (outcome === 'reset') {
      incoming.socket.destroy();
      return;
    }
    if ('half' in outcome) writeHalf(response, outcome.half);
    else write(response, outcome);
  } catch (error) {
    // A fault of the local server itself must be seen, not be taken for one of AWS's.
    response.writeHead(500, { 'content-type': 'text/plain' });
    response.end(
      `local server: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    );
  }
}

async function readRequest(incoming: IncomingMessage): Promise<AwsRequest> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of incoming as AsyncIterable<Uint8Array>) {
    length += chunk.length;
    if (length > maxBodyBytes)
      throw new LocalAwsError(
        `body: expected at most ${String(maxBodyBytes)} bytes; send a smaller object`,
      );
    chunks.push(chunk);
  }
  const [path, query] = splitOnce(incoming.url ?? '/', '?');
  return {
    method: incoming.method ?? 'GET',
    path,
    query: parseQuery(query.replaceAll('+', '%2B')),
    headers: Object.fromEntries(
      Object.entries(incoming.headers).map(([name, value]) => [
        name,
        Array.isArray(value) ? value.join(',') : (value ?? ''),
      ]),
    ),
    body: new Uint8Array(Buffer.concat(chunks)),
  };
}

const splitOnce = (text: string, separator: string): [string, string] => {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
};

const headersOf = (reply: AwsReply, length: number): Record<string, string> => ({
  ...(reply.body === undefined ? {} : { 'content-type': 'text/xml' }),
  ...reply.headers,
  ...(reply.status === 204 || reply.status === 304 ? {} : { 'content-length': String(length) }),
});

function write(response: ServerResponse, reply: AwsReply): void {
  const body = reply.body === undefined ? undefined : Buffer.from(reply.body);
  response.writeHead(reply.status, headersOf(reply, body?.length ?? 0));
  response.end(body);
}

function writeHalf(response: ServerResponse, reply: AwsReply): void {
  const body = Buffer.from(reply.body ?? '');
  response.writeHead(reply.status, headersOf(reply, body.length));
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => {
    response.destroy();
  });
}
