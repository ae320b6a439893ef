import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { mintServiceAccountToken, startLocalAws, type LocalAws } from 'irsa/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runSession } from './run-session.js';
import { fixtures, scratchFolder } from './test-io.js';

const page = readFileSync(new URL('../../../docs/guides/walk-through.md', import.meta.url), 'utf8');
const repository = fileURLToPath(new URL('../../..', import.meta.url));
const bucket = 'irsa-oidc-demo';
const issuer = `https://${bucket}.s3.us-west-2.amazonaws.com`;

let aws: LocalAws;
beforeEach(async () => {
  aws = await startLocalAws({ tls: false });
  for (const [name, value] of Object.entries(aws.env({ administrator: true })))
    vi.stubEnv(name, value);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await aws.close();
});

it('the walk-through happens as it is written, on a local AWS', async () => {
  const cwd = scratchFolder();
  copyFileSync(join(fixtures, 'pod.yaml'), join(cwd, 'pod.yaml'));
  // The public's way into the bucket: what the local S3 holds, under the issuer's own URL.
  const fetchFromBucket = (url: string | URL | Request): Promise<Response> => {
    const key = (url as string).slice(issuer.length + 1);
    const body = aws.readObject({ bucket, key });
    const headers = { 'content-type': 'application/json' };
    return Promise.resolve(
      body === undefined
        ? new Response('', { status: 404 })
        : new Response(new TextDecoder().decode(body), { headers }),
    );
  };
  const now = new Date();
  const ran = await runSession(
    page,
    { cwd, fetch: fetchFromBucket, now: () => now },
    async (line) => {
      if (!line.startsWith('kubectl exec')) return;
      // The kubelet's part: a token of the cluster's key, as the pod asked for it.
      const token = await mintServiceAccountToken({
        privateKeyPem: readFileSync(join(cwd, 'keys/sa.key'), 'utf8'),
        issuer,
        namespace: 'default',
        serviceAccount: 's3-echoer',
        audience: 'sts.amazonaws.com',
        now,
        lifetimeSeconds: 86_400,
      });
      writeFileSync(join(cwd, 'token'), token);
    },
  );
  expect(ran).toBe(13);
});

it('can be tried on a local AWS from a shell, as it is written', async () => {
  // Inside the repository, so that the published specifier resolves to the built package.
  const cwd = mkdtempSync(join(repository, 'node_modules/.cache/irsa-walk-through-'));
  const start = /```sh\n(node [\s\S]*?)```/.exec(page)?.[1] ?? '';
  const plan = `node "${repository}adapters/cli/dist/main.js" issuer plan --name c1 --account-id 111122223333 --bucket irsa-oidc-demo --region us-west-2 --key sa.pub`;
  copyFileSync(join(fixtures, 'sa.pub'), join(cwd, 'sa.pub'));
  try {
    // The guide waits three seconds, which a busy machine may not keep.
    const script = start.replace(
      'sleep 3;',
      'for i in $(seq 100); do grep -q SECRET aws.env && break; sleep 0.2; done;',
    );
    expect(script).not.toBe(start);
    const { stdout } = await promisify(execFile)('bash', ['-c', `${script}\n${plan}\nkill %1`], {
      cwd,
      env: { PATH: process.env['PATH'], HOME: cwd },
    });
    expect(stdout).toMatch(/^1\. create-bucket s3:\/\/irsa-oidc-demo/);
  } finally {
    rmSync(cwd, { recursive: true });
  }
});
