import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { makeSigningKey } from '../environment/signing-key.js';
import { serviceAccountArguments } from '../environment/start-api-server.js';
import type { ApiServer } from '../environment/start-api-server.js';
import { startEtcd } from '../environment/start-etcd.js';
import type { Etcd } from '../environment/start-etcd.js';
import type { World } from '../environment/world.js';

/** One API server over an etcd of its own, each of which can be taken away and come back. */
export interface FaultyCluster {
  /** The API server as it runs now, or as it ran last. */
  api(): ApiServer;
  startApiServer(): Promise<void>;
  /** Without a farewell: as if its machine had lost power. */
  killApiServer(): Promise<void>;
  startEtcd(): Promise<void>;
  stopEtcd(): Promise<void>;
  /** Copies etcd's data while etcd is down. */
  backUp(): void;
  /** Throws etcd's data away, and puts the backup in its place where asked. */
  wipe(restore: 'from the backup' | 'empty'): void;
}

const name = 'faulty-etcd';

/** Starts both. */
export async function startFaultyCluster(world: World): Promise<FaultyCluster> {
  const key = makeSigningKey(world.data, 'faulty-sa', 'RSA-2048');
  const [port, etcdPort] = [world.nextPort(), world.nextPort()];
  // etcd's peers have the port after its clients'.
  world.nextPort();
  const [data, backup] = [join(world.data, name), join(world.data, 'backup')];
  let etcd: Etcd | undefined;
  let api: ApiServer | undefined;
  const cluster: FaultyCluster = {
    api: () => api!,
    startEtcd: async () => {
      etcd = await startEtcd({
        binary: world.part('etcd'),
        data: world.data,
        logs: world.logs,
        name,
        port: etcdPort,
      });
    },
    stopEtcd: async () => {
      await etcd?.process.stop();
    },
    startApiServer: async () => {
      api = await world.apiServer({
        name: 'api',
        etcd: etcd!.url,
        port,
        serviceAccountArguments: serviceAccountArguments({
          issuers: ['https://irsa-oidc-faults.s3.us-west-2.amazonaws.com'],
          signingKeyFile: key.privateKeyFile,
          verificationKeyFiles: [key.publicKeyFile],
        }),
      });
    },
    killApiServer: async () => {
      await api!.process.stop('SIGKILL');
    },
    backUp: () => {
      cpSync(data, backup, { recursive: true });
    },
    wipe: (restore) => {
      rmSync(data, { recursive: true, force: true });
      if (restore === 'from the backup') cpSync(backup, data, { recursive: true });
    },
  };
  world.onEnd(() => cluster.stopEtcd());
  await cluster.startEtcd();
  await cluster.startApiServer();
  return cluster;
}
