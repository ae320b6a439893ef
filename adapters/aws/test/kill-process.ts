import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { IssuerSpec } from 'irsa/iam';
import { repository } from '../../../test/support/doc-fences.js';
import type { LocalTarget } from './local-target.js';

// Inside the repository, so that the published specifiers resolve to the built packages.
const folder = join(repository, 'node_modules/.cache/irsa-aws-killed');
const program = join(folder, 'publish.mjs');
mkdirSync(folder, { recursive: true });
writeFileSync(
  program,
  `import { applyIssuerChanges, observeIssuer } from 'irsa-aws';
import { planIssuer } from 'irsa/iam';
process.once('message', async (spec) => {
  const changes = planIssuer({ desired: spec, observed: await observeIssuer({ spec }) });
  process.send({ changes: changes.length });
  await applyIssuerChanges(changes, { spec }).catch((error) => {
    if (error.code !== 'ERR_PLAN') throw error;
    process.exit(3);
  });
  process.exit(0);
});
`,
);

/** What became of a process that published. */
export interface ProcessEnd {
  /** Requests that the local AWS answered. */
  readonly requests: number;
  /** Of these, how many came before the first change. */
  readonly reads: number;
  readonly signal: string | null;
  readonly code: number | null;
}

/**
 * Publishes in a process of its own, and kills it with SIGKILL when its request number `at` has been carried out and not
 * yet been answered: the worst moment, in which the change is made and nobody knows.
 */
export async function publishInProcess(
  local: LocalTarget,
  desired: IssuerSpec,
  at?: number,
): Promise<ProcessEnd> {
  let requests = 0;
  let reads = 0;
  const gate = createServer((incoming, reply) => {
    const { method = '', url = '', headers } = incoming;
    const target = new URL(url, local.aws.endpoint);
    const onward = forward(target, { method, headers }, (answer) => {
      requests += 1;
      if (requests === at) child.kill('SIGKILL');
      if (requests >= (at ?? Infinity)) return;
      reply.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(reply);
    });
    incoming.pipe(onward);
  });
  await once(gate.listen(0, '127.0.0.1'), 'listening');
  const { port } = gate.address() as AddressInfo;
  const { accessKeyId, secretAccessKey } = local.aws.administrator;
  const child = fork(program, {
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    env: {
      HOME: folder,
      NODE_NO_WARNINGS: '1',
      AWS_ENDPOINT_URL: `http://127.0.0.1:${String(port)}`,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: secretAccessKey,
    },
  });
  child.on('message', () => {
    reads = requests;
  });
  child.send(desired);
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  gate.closeAllConnections();
  gate.close();
  return { requests, reads, signal, code };
}
