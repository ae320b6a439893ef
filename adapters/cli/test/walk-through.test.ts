import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mintServiceAccountToken, startLocalAws, type LocalAws } from 'irsa/testing';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { runSession } from './run-session.js';
import { fixtures, scratchFolder } from './test-io.js';

const page = readFileSync(new URL('../../../docs/guides/walk-through.md', import.meta.url), 'utf8');
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
  expect(ran).toBe(12);
});
