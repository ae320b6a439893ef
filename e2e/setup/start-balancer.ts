import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { Transform } from 'node:stream';

/** Stands for the Service: each new connection goes to the next replica, whether or not it is still there. */
export interface Balancer {
  readonly port: number;
  /** The replicas' ports. */
  setReplicas(ports: readonly number[]): void;
  /** How many connections lead to the replica now. */
  openTo(port: number): number;
  /** Holds every piece of an answer back for so long, one after the other: a slow server. */
  setDelay(ms: number): void;
  /** Ends every connection that is open now. */
  dropConnections(): void;
  close(): Promise<void>;
}

/** Starts the balancer on the loopback device. */
export async function startBalancer(port: number): Promise<Balancer> {
  let replicas: readonly number[] = [];
  let turn = 0;
  let delayMs = 0;
  const slowly = (): Transform =>
    new Transform({
      transform: (piece: Buffer, _, done) => {
        if (delayMs === 0) done(null, piece);
        else setTimeout(done, delayMs, null, piece);
      },
    });
  const open = new Set<Socket>();
  const leading = new Map<Socket, number>();
  const server = createServer((incoming) => {
    open.add(incoming);
    incoming.once('close', () => open.delete(incoming));
    incoming.on('error', () => incoming.destroy());
    forward(incoming);
  });
  const forward = (incoming: Socket): void => {
    const replica = replicas[turn++ % Math.max(1, replicas.length)];
    if (replica === undefined) {
      incoming.destroy();
      return;
    }
    const outgoing = connect(replica, '127.0.0.1');
    outgoing.once('connect', () => {
      leading.set(outgoing, replica);
      outgoing.once('close', () => leading.delete(outgoing));
      incoming.pipe(outgoing).pipe(slowly()).pipe(incoming);
      incoming.once('close', () => outgoing.destroy());
      outgoing.once('close', () => incoming.destroy());
    });
    outgoing.once('error', () => incoming.destroy());
  };
  const dropConnections = (): void => {
    for (const socket of open) socket.destroy();
  };
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    setReplicas: (ports) => {
      replicas = ports;
    },
    openTo: (wanted) => [...leading.values()].filter((replica) => replica === wanted).length,
    setDelay: (ms) => {
      delayMs = ms;
    },
    dropConnections,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        dropConnections();
      }),
  };
}
