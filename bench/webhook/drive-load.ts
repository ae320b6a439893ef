import { connect, type TLSSocket } from 'node:tls';

/** What a round of load showed. */
export interface LoadResult {
  readonly answers: number;
  readonly refused: number;
  /** Connections that ended early. */
  readonly broken: number;
  readonly seconds: number;
  /** Sorted, in milliseconds. */
  readonly latencies: readonly number[];
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
}

/**
 * Kept-alive TLS connections which each send the next request when their answer is here. Written on bare sockets: node:https as a client
 * costs more than the servers that are measured.
 */
export async function driveLoad(options: LoadOptions): Promise<LoadResult> {
  const { port, ca, connections, seconds, body, path } = options;
  const request = Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: kube-apiserver-admission\r\nAccept: application/json, */*\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
  const latencies: number[] = [];
  let refused = 0;
  let broken = 0;
  const startedAt = performance.now();
  const until = startedAt + seconds * 1000;
  const drive = (socket: TLSSocket): Promise<void> =>
    new Promise((resolve) => {
      let sentAt = 0;
      let missing = -1;
      const send = (): void => {
        sentAt = performance.now();
        if (sentAt >= until) resolve();
        else socket.write(request);
      };
      socket.on('data', (chunk: Buffer) => {
        if (missing < 0) {
          // Each answer's head arrives in one piece, because it is written in one.
          const end = chunk.indexOf('\r\n\r\n');
          const head = chunk.toString('latin1', 0, end);
          if (!head.startsWith('HTTP/1.1 200')) refused += 1;
          const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
          missing = length - (chunk.length - end - 4);
        } else {
          missing -= chunk.length;
        }
        if (missing > 0) return;
        missing = -1;
        latencies.push(performance.now() - sentAt);
        send();
      });
      socket.on('error', () => {
        broken += 1;
        resolve();
      });
      send();
    });
  // Fifty at a time, as connections come: a handshake costs the server more than a review.
  const driven: Promise<void>[] = [];
  for (let at = 0; at < connections; at += 50) {
    const batch = Array.from({ length: Math.min(50, connections - at) }, () => dial(port, ca));
    for (const socket of await Promise.all(batch)) {
      driven.push(drive(socket).finally(() => socket.destroy()));
    }
  }
  await Promise.all(driven);
  const elapsed = (performance.now() - startedAt) / 1000;
  latencies.sort((a, b) => a - b);
  return { answers: latencies.length, refused, broken, seconds: elapsed, latencies };
}

const dial = (port: number, ca: string): Promise<TLSSocket> =>
  new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca }, () => {
      resolve(socket);
    });
    socket.setNoDelay(true);
    socket.on('error', reject);
  });
