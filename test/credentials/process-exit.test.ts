import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { assumedRoleXml } from '../support/nock-sts.js';
import { roleArn, tokenWith } from './support.js';

const child = fileURLToPath(new URL('process-exit-child.ts', import.meta.url));

// What kept the process alive would do so for ten minutes (the deadline) or two (the socket): past this test's own end.
it.each([
  ['credentials cached and nothing closed', 'ASIAEXAMPLE'],
  ['a call that is never answered and that nobody awaits', 'gone on'],
  ['its first credentials, which needed a second try', 'ASIACHILD'],
])('a process ends by itself with %s', async (what, said) => {
  const folder = await mkdtemp(join(tmpdir(), 'irsa-exit-'));
  const sts = createServer((request, response) => {
    request.resume().on('end', () => response.end(assumedRoleXml()));
  });
  sts.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve) => sts.listen(0, '127.0.0.1', resolve));
  await writeFile(join(folder, 'token'), tokenWith());
  try {
    const run = spawn(process.execPath, ['--import', 'tsx', child, what, roleArn], {
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        AWS_REGION: 'us-west-2',
        AWS_ROLE_ARN: roleArn,
        AWS_WEB_IDENTITY_TOKEN_FILE: join(folder, 'token'),
        AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${(sts.address() as AddressInfo).port}`,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [output, [code]] = await Promise.all([text(run.stdout), once(run, 'exit')]);
    expect(output).toBe(said);
    expect(code).toBe(0);
  } finally {
    sts.closeAllConnections();
    sts.close();
    await rm(folder, { recursive: true });
  }
});
