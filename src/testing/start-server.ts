import type { IncomingMessage, ServerResponse } from 'node:http';
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
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    void serve(request, response, answer);
  };
  const server =
    tls === false
      ? (await import('node:http')).createServer(listener)
      : (await import('node:https')).createServer(
          { key: tls.privateKeyPem, cert: tls.certificatePem },
          listener,
        );
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
