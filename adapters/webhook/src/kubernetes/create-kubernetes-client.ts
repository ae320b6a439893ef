import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest, type RequestOptions } from 'node:https';
import { ClusterError } from 'irsa/errors';
import { splitLines } from './split-lines.js';
import type {
  ClusterAccess,
  KubernetesAnswer,
  KubernetesClient,
  KubernetesRequest,
  KubernetesStream,
  LoadClusterAccess,
} from './types.js';

/** Access is read anew after this long: kubelet renews the projected token well before it ends. */
const accessLifetimeMs = 30_000;
/** A page of 500 ServiceAccounts is about 500 kB; an answer past this is none that was asked for. */
const maxAnswerBytes = 64 * 1024 * 1024;

/**
 * A Kubernetes client in one small file over node:https. The official one costs 110 MiB and 0.6 s before its first request
 * (docs/adr): here it would be most of the program.
 */
export function createKubernetesClient(loadAccess: LoadClusterAccess): KubernetesClient {
  let known: { readonly access: ClusterAccess; readonly readAt: number } | undefined;
  let agent: Agent | undefined;

  const access = async (): Promise<ClusterAccess> => {
    if (known !== undefined && performance.now() - known.readAt < accessLifetimeMs)
      return known.access;
    const fresh = await loadAccess();
    if (known === undefined || !sameConnection(known.access, fresh)) {
      agent?.destroy();
      agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: 0 });
    }
    known = { access: fresh, readAt: performance.now() };
    return fresh;
  };

  const send = async (
    request: Pick<KubernetesRequest, 'method' | 'path' | 'body' | 'contentType'>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> => {
    const to = await access();
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const response = await dispatch(
      {
        ...connectionOf(to),
        agent,
        method: request.method ?? 'GET',
        path: request.path,
        signal,
        headers: {
          accept: 'application/json',
          'user-agent': 'irsa-webhook',
          ...to.headers,
          ...(body !== undefined && {
            'content-type': request.contentType ?? 'application/json',
            'content-length': Buffer.byteLength(body),
          }),
        },
      },
      body,
    );
    // A token that the server refuses is read anew for the next call, not half a minute later.
    if (response.statusCode === 401) known = undefined;
    return response;
  };

  return {
    request: async (request) => {
      const timeoutMs = request.timeoutMs ?? 10_000;
      const signal = AbortSignal.timeout(timeoutMs);
      try {
        return await readAnswer(await send(request, signal));
      } catch (cause) {
        throw unreachable(
          request.path,
          signal.aborted ? `no answer in ${timeoutMs} ms` : cause,
          cause,
        );
      }
    },
    stream: async (stream) => {
      const silence = new AbortController();
      const timer = setTimeout(() => {
        silence.abort();
      }, stream.silentMs);
      try {
        const response = await send(stream, AbortSignal.any([stream.signal, silence.signal]));
        timer.refresh();
        if (response.statusCode !== 200) return await readAnswer(response);
        stream.onOpen?.();
        await followLines(response, stream, () => timer.refresh());
        return { status: 200, body: undefined };
      } catch (cause) {
        throw unreachable(
          stream.path,
          silence.signal.aborted ? `silence for ${stream.silentMs} ms` : cause,
          cause,
        );
      } finally {
        clearTimeout(timer);
      }
    },
    close: () => agent?.destroy(),
  };
}

function connectionOf(access: ClusterAccess): RequestOptions {
  return {
    host: access.host,
    port: access.port,
    ...(access.caPem !== undefined && { ca: access.caPem }),
    ...(access.certificatePem !== undefined && { cert: access.certificatePem }),
    ...(access.privateKeyPem !== undefined && { key: access.privateKeyPem }),
    ...(access.serverName !== undefined && { servername: access.serverName }),
    ...(access.skipVerification === true && { rejectUnauthorized: false }),
  };
}

function sameConnection(a: ClusterAccess, b: ClusterAccess): boolean {
  return JSON.stringify({ ...a, headers: 0 }) === JSON.stringify({ ...b, headers: 0 });
}

function dispatch(options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const request = httpsRequest(options, resolve);
    request.on('error', reject);
    // A peer that vanished without a word is noticed by TCP too, not only by silence.
    request.on('socket', (socket) => socket.setKeepAlive(true, 15_000));
    request.end(body);
  });
}

async function readAnswer(response: IncomingMessage): Promise<KubernetesAnswer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxAnswerBytes) throw new Error(`answer longer than ${maxAnswerBytes} bytes`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, body: parseJson(Buffer.concat(chunks).toString()) };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

async function followLines(
  response: IncomingMessage,
  stream: KubernetesStream,
  heard: () => void,
): Promise<void> {
  const split = splitLines((line) => {
    stream.onEvent(JSON.parse(line) as unknown);
  });
  for await (const chunk of response as AsyncIterable<Buffer>) {
    heard();
    split(chunk);
  }
}

function unreachable(path: string, what: unknown, cause: unknown): ClusterError {
  const got = typeof what === 'string' ? what : what instanceof Error ? what.message : String(what);
  const [resource] = path.split('?', 1);
  return new ClusterError(
    `API server: expected an answer to ${resource ?? path}, got ${got}; check the network and the API server`,
    { cause, ...(resource !== undefined && { path: resource }) },
  );
}
