import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import jsonPatch from 'fast-json-patch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { generateServerIdentity } from 'irsa/certs';
import { buildTrustPolicy } from 'irsa/iam';
import { generateSigningKey } from 'irsa/oidc';
import { mintServiceAccountToken, startLocalAws, startLocalIssuer } from 'irsa/testing';
import { postJson } from '../../demo/post-json.js';
import { fencesInPages, javascriptOf, repository, typeErrorsOf } from '../support/doc-fences.js';

const names = ['publish-an-issuer', 'mutate-a-pod', 'get-credentials'];
const example = (name: string): string =>
  readFileSync(join(repository, `docs/examples/${name}.ts`), 'utf8');
const fences = fencesInPages('README.md');

// Inside the repository, so that the published specifiers resolve to the built package.
const modules = join(repository, 'node_modules/.cache/irsa-readme');
let folder = '';
const running: ChildProcess[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'irsa-readme-'));
  mkdirSync(modules, { recursive: true });
  for (const [index, fence] of fences.entries()) {
    writeFileSync(join(modules, `task-${String(index)}.mjs`), javascriptOf(fence));
  }
  const lookUp = { at: '', label: 'ts', code: example('look-up') };
  writeFileSync(join(modules, 'look-up.js'), javascriptOf(lookUp));
  writeFileSync(join(modules, 'package.json'), '{"type":"module"}');
});

afterAll(() => {
  for (const child of running) child.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** Starts task number `index` of the README, as printed, in the prepared folder. */
const start = (index: number, env: Record<string, string> = {}): ChildProcess => {
  const child = spawn(process.execPath, [join(modules, `task-${String(index)}.mjs`)], {
    cwd: folder,
    env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  running.push(child);
  return child;
};

const finish = async (child: ChildProcess): Promise<string> => {
  const [output, errors] = await Promise.all([text(child.stdout!), text(child.stderr!)]);
  expect(errors).toBe('');
  return output;
};

const freePort = async (): Promise<number> => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
};

describe('the three tasks of the README', () => {
  it('are the files of docs/examples, to the letter', () => {
    expect(fences.map(({ code }) => `${code}\n`)).toEqual(names.map(example));
  });

  it('are about ten lines each', () => {
    for (const { code } of fences) {
      const lines = code.split('\n').filter((line) => line !== '' && !line.startsWith('import'));
      expect(lines.length).toBeLessThanOrEqual(10);
    }
  });

  it('publish an issuer', async () => {
    writeFileSync(join(folder, 'sa.pub'), (await generateSigningKey()).publicKeyPem);
    await finish(start(0));
    const read = (path: string): unknown =>
      JSON.parse(readFileSync(join(folder, 'site', path), 'utf8'));
    const issuer = 'https://my-oidc.s3.eu-west-1.amazonaws.com';
    expect(read('.well-known/openid-configuration')).toMatchObject({
      issuer,
      jwks_uri: `${issuer}/openid/v1/jwks`,
    });
    expect(read('openid/v1/jwks')).toMatchObject({ keys: [{ kty: 'RSA', alg: 'RS256' }] });
  });

  it('mutate a pod in a webhook of one’s own', async () => {
    const identity = await generateServerIdentity({ dnsNames: ['localhost'] });
    writeFileSync(join(folder, 'tls.key'), identity.privateKeyPem);
    writeFileSync(join(folder, 'tls.crt'), identity.certificatePem);
    const port = await freePort();
    start(1, { PORT: String(port) });
    const review = JSON.parse(
      readFileSync(join(repository, 'demo/admission-review-s3-echoer.json'), 'utf8'),
    ) as { request: { uid: string; object: object } };
    const post = async (attempts: number): Promise<unknown> =>
      postJson(`https://localhost:${String(port)}/`, review, identity.caBundlePem).catch(
        async (error: unknown) => {
          if (attempts === 0) throw error;
          await new Promise((resolve) => setTimeout(resolve, 100));
          return post(attempts - 1);
        },
      );
    const { response } = (await post(100)) as {
      response: { uid: string; allowed: boolean; patch: string };
    };
    expect(response).toMatchObject({ uid: review.request.uid, allowed: true });
    const operations = JSON.parse(
      Buffer.from(response.patch, 'base64').toString(),
    ) as jsonPatch.Operation[];
    const pod = jsonPatch.applyPatch(review.request.object, operations).newDocument as {
      spec: { containers: { env: { name: string; value: string }[] }[] };
    };
    expect(pod.spec.containers[0]?.env).toEqual(
      expect.arrayContaining([
        { name: 'AWS_ROLE_ARN', value: 'arn:aws:iam::111122223333:role/s3-echoer' },
        { name: 'AWS_REGION', value: 'eu-west-1' },
      ]),
    );
  });

  it('get credentials in a pod', async () => {
    const { privateKeyPem, publicKeyPem } = await generateSigningKey();
    const issuer = await startLocalIssuer({ keys: publicKeyPem });
    const aws = await startLocalAws({ fetchDocument: (url) => issuer.fetchDocument(url) });
    try {
      await aws.createOpenIDConnectProvider({ url: issuer.issuer });
      const role = await aws.createRole({
        roleName: 'reader',
        trustPolicy: buildTrustPolicy({
          issuer: issuer.issuer,
          accountId: aws.accountId,
          subjects: [{ namespace: 'default', name: 'reader' }],
        }),
      });
      await aws.putRolePolicy({
        roleName: 'reader',
        policyName: 'list',
        policy: {
          Version: '2012-10-17',
          Statement: {
            Effect: 'Allow',
            Action: 's3:ListBucket',
            Resource: 'arn:aws:s3:::my-bucket',
          },
        },
      });
      await aws.createBucket({ bucket: 'my-bucket' });
      const token = await mintServiceAccountToken({
        privateKeyPem,
        issuer: issuer.issuer,
        namespace: 'default',
        serviceAccount: 'reader',
        audience: 'sts.amazonaws.com',
        now: new Date(),
        lifetimeSeconds: 3600,
      });
      const caFile = join(folder, 'ca.pem');
      const tokenFile = join(folder, 'token');
      writeFileSync(caFile, aws.caPem);
      writeFileSync(tokenFile, token);
      const output = await finish(
        start(2, {
          ...aws.env({ caFile }),
          AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
          AWS_ROLE_ARN: role.arn,
          AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
        }),
      );
      expect(output).toBe('');
      expect(aws.requests().map(({ operation, status }) => [operation, status])).toEqual([
        ['AssumeRoleWithWebIdentity', 200],
        ['ListObjectsV2', 200],
      ]);
    } finally {
      await aws.close();
      await issuer.close();
    }
  });

  it('type-check', () => {
    const known = fences.map((fence) => ({
      ...fence,
      code: fence.code.replace('./look-up.js', './examples/look-up.js'),
    }));
    expect(typeErrorsOf(known)).toEqual([]);
  });
});
