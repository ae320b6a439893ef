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
    server: api.server,
    caFile: world.certificates.caFile,
    token,
  });
  const kept = options.args.filter((arg) => !/^--(port|metrics-port)=/.test(arg));
  const replica = await startProcess({
    name,
    command: process.execPath,
    args: [
      ...['--no-warnings', program, ...kept, `--kubeconfig=${kubeconfig}`],
      ...[
        '--bind-address=127.0.0.1',
        `--port=${String(port)}`,
        `--metrics-port=${String(metricsPort)}`,
      ],
    ],
    env: {},
    logs: world.logs,
    ready: () => answers(`http://127.0.0.1:${String(metricsPort)}/metrics`),
  });
  world.onEnd(() => replica.stop('SIGKILL'));
  return { port, url: `https://${webhookHost}:${String(port)}/mutate`, process: replica };
}

const answers = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    request(url, { timeout: 1000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on('error', () => {
        resolve(false);
      })
      .end();
  });
