import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { webhookHost } from '../environment/hosts.js';
import { writeKubeconfig } from '../environment/start-api-server.js';
import type { ApiServer } from '../environment/start-api-server.js';
import { startProcess } from '../environment/start-process.js';
import type { RunningProcess } from '../environment/start-process.js';
import type { World } from '../environment/world.js';
import { requestToken } from './request-token.js';

const program = fileURLToPath(new URL('../../adapters/webhook/dist/main.js', import.meta.url));

/** A running replica of our webhook. */
export interface WebhookReplica {
  readonly port: number;
  /** By the name of its Service, for which its certificate is made. */
  readonly url: string;
  readonly process: RunningProcess;
  /** Whether it says that it is ready to answer. */
  isReady(): Promise<boolean>;
}

/**
 * Starts a replica of our webhook as its Deployment would: the same arguments, and the rights of its own service account and no others.
 * Only ports and the way to the API server are this machine's.
 */
export async function startWebhookProcess(
  world: World,
  api: ApiServer,
  options: {
    readonly name: string;
    /** Of the Deployment's container. */
    readonly args: readonly string[];
    readonly namespace?: string;
    readonly serviceAccount?: string;
    readonly port?: number;
    /** The API server's address, where it is not reached directly. */
    readonly server?: string;
    /** By how much the replica's clock is ahead (or, below zero, behind). */
    readonly clockAheadSeconds?: number;
  },
): Promise<WebhookReplica> {
  const { name, namespace = 'irsa-system', serviceAccount = 'irsa-webhook' } = options;
  const [port, metricsPort] = [options.port ?? world.nextPort(), world.nextPort()];
  const token = await requestToken(api.client, {
    namespace,
    serviceAccount,
    audiences: ['https://kubernetes.default.svc.cluster.local'],
  });
  const kubeconfig = writeKubeconfig({
    file: join(world.data, `${name}.kubeconfig`),
    server: options.server ?? api.server,
    caFile: world.certificates.caFile,
    token,
  });
  const kept = options.args.filter((arg) => !/^--(port|metrics-port)=/.test(arg));
  const metrics = (): Promise<string | undefined> =>
    read(`http://127.0.0.1:${String(metricsPort)}/metrics`);
  const replica = await startProcess({
    name,
    command: process.execPath,
    args: [
      ...['--no-warnings', ...clockArguments(options.clockAheadSeconds)],
      ...[program, ...kept, `--kubeconfig=${kubeconfig}`],
      ...[
        '--bind-address=127.0.0.1',
        `--port=${String(port)}`,
        `--metrics-port=${String(metricsPort)}`,
      ],
    ],
    env: {},
    logs: world.logs,
    ready: async () => (await metrics()) !== undefined,
  });
  world.onEnd(() => replica.stop('SIGKILL'));
  return {
    port,
    url: `https://${webhookHost}:${String(port)}/mutate`,
    process: replica,
    isReady: async () => /^irsa_webhook_ready 1$/m.test((await metrics()) ?? ''),
  };
}

/** No namespace has a wall clock of its own, so the program's `Date` is moved. */
function clockArguments(aheadSeconds = 0): readonly string[] {
  if (aheadSeconds === 0) return [];
  const source = `const Real = Date; const ahead = ${String(aheadSeconds * 1000)};
    globalThis.Date = class extends Real {
      constructor(...values) { if (values.length === 0) super(Real.now() + ahead); else super(...values); }
      static now() { return Real.now() + ahead; }
    };`;
  return ['--import', `data:text/javascript,${encodeURIComponent(source)}`];
}

/** The text of a good answer. */
const read = (url: string): Promise<string | undefined> =>
  new Promise((resolve) => {
    request(url, { timeout: 1000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        resolve(response.statusCode === 200 ? Buffer.concat(chunks).toString('utf8') : undefined);
      });
    })
      .on('error', () => {
        resolve(undefined);
      })
      .end();
  });
