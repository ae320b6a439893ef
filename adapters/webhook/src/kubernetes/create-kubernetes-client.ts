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
/** Until then the one before is used while a fresh one is read: a plugin may take longer than a review can wait. */
const accessGraceMs = 300_000;
/** Reading access is given up after this long, and tried again by whoever asks next. */
const accessPatienceMs = 30_000;
/** A page of 500 ServiceAccounts is about 500 kB; an answer past this is none that was asked for. */
const maxAnswerBytes = 64 * 1024 * 1024;

/** Why a call was ended. */
const late: unique symbol = Symbol('late');

type Sendable = Pick<KubernetesRequest, 'method' | 'path' | 'body' | 'contentType'>;

interface Connection {
  readonly access: ClusterAccess;
  readonly agent: Agent;
  readonly readAt: number;
}

/**
 * A Kubernetes client in one small file over node:https. The official one costs 110 MiB and 0.6 s before its first request
 * (docs/adr): here it would be most of the program.
 */
export function createKubernetesClient(loadAccess: LoadClusterAccess): KubernetesClient {
  /** What is under way. */
  const live = new Set<AbortController>();
  let isClosed = false;
  let connection: Connection | undefined;
  let isRefused = false;
  let reading: Promise<Connection> | undefined;

  const read = async (): Promise<Connection> => {
    const access = await within(loadAccess(), AbortSignal.timeout(accessPatienceMs));
    let agent = connection?.agent;
    if (agent === undefined || !sameConnection(connection?.access, access)) {
      agent?.destroy();
      agent = new Agent({ keepAlive: true, maxSockets: 64, timeout: 0 });
    }
    isRefused = false;
    connection = { access, agent, readAt: performance.now() };
    return connection;
  };

  /** Everybody who asks at the same time shares one reading. */
  const connect = async (signal: AbortSignal): Promise<Connection> => {
    const ageMs =
      connection === undefined || isRefused ? Infinity : performance.now() - connection.readAt;
    if (connection !== undefined && ageMs < accessLifetimeMs) return connection;
    reading ??= read().finally(() => {
      reading = undefined;
    });
    if (connection === undefined || ageMs > accessGraceMs) return within(reading, signal);
    // What cannot be read is told when the grace ends, or when the server refuses the old one.
    reading.catch(() => {});
    return connection;
  };

  const dispatch = (
    { access, agent }: Connection,
    request: Sendable,
    signal: AbortSignal,
  ): Promise<IncomingMessage> => {
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    return dispatchTo(
      {
        ...connectionOf(access),
        agent,
        method: request.method ?? 'GET',
        path: `${access.basePath ?? ''}${request.path}`,
        signal,
        headers: {
          accept: 'application/json',
          'user-agent': 'irsa-webhook',
          ...access.headers,
          ...(body !== undefined && {
            'content-type': request.contentType ?? 'application/json',
            'content-length': Buffer.byteLength(body),
          }),
        },
      },
      body,
    );
  };

  const send = async (request: Sendable, signal: AbortSignal): Promise<IncomingMessage> => {
    const known = await connect(signal);
    const response = await dispatch(known, request, signal);
    if (response.statusCode !== 401) return response;
    // The token may have been replaced a moment ago.
    isRefused = true;
    const fresh = await connect(signal);
    if (JSON.stringify(fresh.access) === JSON.stringify(known.access)) return response;
    response.resume();
    return dispatch(fresh, request, signal);
  };

  /** Runs a call that ends when the client is closed, or when nothing was heard for so long. */
  const call = async <T>(
    path: string,
    { ms, why }: { readonly ms: number; readonly why: string },
    run: (signal: AbortSignal, heard: () => void) => Promise<T>,
  ): Promise<T> => {
    const ending = new AbortController();
    live.add(ending);
    if (isClosed) ending.abort();
    const timer = setTimeout(() => {
      ending.abort(late);
    }, ms);
    try {
      return await run(ending.signal, () => timer.refresh());
    } catch (cause) {
      // Without access nothing was sent, and the message says what it takes.
      if (cause instanceof ClusterError) throw cause;
      throw unreachable(path, ending.signal.reason === late ? `${why} ${ms} ms` : cause, cause);
    } finally {
      clearTimeout(timer);
      live.delete(ending);
    }
  };

  return {
    request: (request) =>
      call(request.path, { ms: request.timeoutMs ?? 10_000, why: 'no answer in' }, async (signal) =>
        readAnswer(await send(request, signal)),
      ),
    stream: (stream) =>
      call(stream.path, { ms: stream.silentMs, why: 'silence for' }, async (ending, heard) => {
        const response = await send(stream, AbortSignal.any([stream.signal, ending]));
        heard();
        if (response.statusCode !== 200) return readAnswer(response);
        stream.onOpen?.();
        await followLines(response, stream, heard);
        return { status: 200, body: undefined };
      }),
    close: () => {
      isClosed = true;
      for (const ending of live) ending.abort();
      connection?.agent.destroy();
    },
  };
}

/** The promise, or a rejection as soon as the signal is aborted. */
function within<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      // What is thrown when no signal is given is an Error; the same here.
      reject(new Error('the time for it is over', { cause: signal.reason }));
    };
    if (signal.aborted) end();
    signal.addEventListener('abort', end, { once: true });
    promise.then(resolve, reject).finally(() => {
      signal.removeEventListener('abort', end);
    });
  });
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

function sameConnection(a: ClusterAccess | undefined, b: ClusterAccess): boolean {
  return JSON.stringify({ ...a, headers: 0 }) === JSON.stringify({ ...b, headers: 0 });
}

function dispatchTo(options: RequestOptions, body: string | undefined): Promise<IncomingMessage> {
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
