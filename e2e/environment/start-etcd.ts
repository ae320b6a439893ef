import { request } from 'node:http';
import { join } from 'node:path';
import { startProcess } from './start-process.js';
import type { RunningProcess } from './start-process.js';

export interface Etcd {
  readonly url: string;
  readonly process: RunningProcess;
}

/** Starts one etcd member, without waiting for the disk: its data does not outlive the run. */
export async function startEtcd(options: {
  readonly binary: string;
  readonly data: string;
  readonly logs: string;
  readonly name?: string;
  readonly port?: number;
}): Promise<Etcd> {
  const { name = 'etcd', port = 2379 } = options;
  const url = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${port + 1}`;
  const process = await startProcess({
    name,
    command: options.binary,
    args: [
      `--data-dir=${join(options.data, name)}`,
      `--listen-client-urls=${url}`,
      `--advertise-client-urls=${url}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=default=${peer}`,
      '--unsafe-no-fsync',
      '--log-level=warn',
    ],
    env: {},
    logs: options.logs,
    ready: () => isHealthy(`${url}/health`),
  });
  return { url, process };
}

function isHealthy(url: string): Promise<boolean> {
  return new Promise((resolve) => {
    request(url, { timeout: 1000 }, (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    })
      .on('error', () => {
        resolve(false);
      })
      .end();
  });
}
