import { connect, type TLSSocket } from 'node:tls';

/** What a round of load showed. */
export interface LoadResult {
  /** Requests that were answered with 200. */
  readonly answers: number;
  /** Connections that ended early. */
  readonly broken: number;
  readonly seconds: number;
  /** Of the answers; sorted, in milliseconds. */
  readonly latencies: readonly number[];
  /** Of what got another status; sorted, in milliseconds. */
  readonly refusals: readonly number[];
}

/** What {@link driveLoad} needs. */
export interface LoadOptions {
  readonly port: number;
  readonly ca: string;
  readonly connections: number;
  readonly seconds: number;
  readonly body: string;
  /** E.g. `/mutate?timeout=5s`. */
  readonly path: string;
  /** Requests a second that all connections together send at most. Default: each sends the next one when its answer is here. */
  readonly rate?: number;
  /** Called when all connections stand; returns what is called at the end. */
  readonly beforeLoad?: () => () => unknown;
}

/**
 * Kept-alive TLS connections which each send the next request when their answer is here. Written on bare sockets: node:https as a client
 * costs more than the servers that are measured.
 */
export async function driveLoad(options: LoadOptions): Promise<LoadResult> {
  const { port, ca, connections, seconds, body, path, rate = Infinity } = options;
  const request = Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: kube-apiserver-admission\r\nAccept: application/json, */*\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const sockets: TLSSocket[] = [];
  // Fifty at a time, as connections come: a handshake costs the server more than a review. Who connects asks at once.
  for (let at = 0; at < connections; at += 50) {
    const batch = Array.from({ length: Math.min(50, connections - at) }, () => dial(port, ca));
    sockets.push(...(await Promise.all(batch)));
    await Promise.all(sockets.slice(at).map((socket) => askOnce(socket, request)));
  }
  const latencies: number[] = [];
  const refusals: number[] = [];
  let broken = 0;
  const pauseMs = (connections / rate) * 1000;
  const drive = async (socket: TLSSocket): Promise<void> => {
    if (pauseMs > 0) await sleep(Math.random() * pauseMs);
    while (performance.now() < until) {
      const sentAt = performance.now();
      const isRefusal = await askOnce(socket, request);
      const took = performance.now() - sentAt;
      (isRefusal ? refusals : latencies).push(took);
      if (took < pauseMs) await sleep(pauseMs - took);
    }
  };
  const afterLoad = options.beforeLoad?.();
  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;
  await Promise.all(
    sockets.map((socket) =>
      drive(socket)
        .catch(() => (broken += 1))
        .finally(() => socket.destroy()),
    ),
  );
  const elapsed = (performance.now() - startedAt) / 1000;
  await afterLoad?.();
  latencies.sort((a, b) => a - b);
  refusals.sort((a, b) => a - b);
  return { answers: latencies.length, refusals, broken, seconds: elapsed, latencies };
}

/** Sends a request and waits for the end of its answer; true where it is not 200. Rejects when the connection ends before. */
function askOnce(socket: TLSSocket, request: Buffer): Promise<boolean> {
  return new Promise((resolve, reject) => {
    /** Bytes of the answer still to come; Infinity until the last chunk of one without a length; -1 before its head. */
    let missing = -1;
    let isRefusal = false;
    const onData = (chunk: Buffer): void => {
      if (missing < 0) {
        // Each answer's head arrives in one piece, because it is written in one.
        const end = chunk.indexOf('\r\n\r\n');
        const head = chunk.toString('latin1', 0, end);
        isRefusal = !head.startsWith('HTTP/1.1 200');
        missing = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Infinity) + end + 4;
      }
      missing -= chunk.length;
      // Go sends chunks, of which the last is empty.
      const isLast = chunk.toString('latin1', chunk.length - 5) === '0\r\n\r\n';
      if (missing <= 0 || (missing === Infinity && isLast)) settle();
    };
    const settle = (error?: Error): void => {
      socket.off('data', onData).off('error', settle).off('close', onClose);
      if (error === undefined) resolve(isRefusal);
      else reject(error);
    };
    const onClose = (): void => {
      settle(new Error('bench: the connection was closed'));
    };
    if (socket.destroyed) {
      // Its events have been; a write would tell nobody.
      onClose();
      return;
    }
    socket.on('data', onData).on('error', settle).on('close', onClose);
    socket.write(request);
  });
}

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const dial = (port: number, ca: string): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca }, () => {
      socket.off('error', reject);
      resolve(socket);
    });
    socket.setNoDelay(true);
    socket.on('error', reject);
  });
