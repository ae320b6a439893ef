import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ListBucketsCommand, S3Client } from '@aws-sdk/client-s3';
import { fromProjectedToken, type FromProjectedTokenOptions } from 'irsa/credentials';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { roleArn, tokenWith } from './support.js';

let folder: string;
let server: Server;
let requests: URLSearchParams[];
const saved = { ...process.env };

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'irsa-credentials-'));
  const file = join(folder, 'token');
  await writeFile(file, `${tokenWith()}\n`);
  requests = [];
  server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const form = new URLSearchParams(body);
      requests.push(form);
      const action = form.get('Action') ?? '';
      const expiration = new Date(Date.now() + 3_600_000).toISOString();
      response.writeHead(200, { 'content-type': 'text/xml' });
      response.end(
        `<${action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><${action}Result><AssumedRoleUser><Arn>arn:aws:sts::111122223333:assumed-role/s3-echoer/x</Arn><AssumedRoleId>AROA:x</AssumedRoleId></AssumedRoleUser><Credentials><AccessKeyId>ASIA${requests.length}</AccessKeyId><SecretAccessKey>s3cr3t</SecretAccessKey><SessionToken>s3ssion</SessionToken><Expiration>${expiration}</Expiration></Credentials></${action}Result></${action}Response>`,
      );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env['AWS_ENDPOINT_URL_STS'] =
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  process.env['AWS_ROLE_ARN'] = roleArn;
  process.env['AWS_WEB_IDENTITY_TOKEN_FILE'] = file;
});

afterEach(async () => {
  process.env = { ...saved };
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true });
});

describe('fromProjectedToken', () => {
  it('asks STS once for fifty clients with a provider each, in the region of the client', async () => {
    const clients = Array.from(
      { length: 50 },
      () => new S3Client({ region: 'eu-west-1', credentials: fromProjectedToken() }),
    );
    const found = await Promise.all(clients.map((client) => client.config.credentials()));
    expect(requests).toHaveLength(1);
    expect(requests[0]?.get('RoleSessionName')).toBe('default.s3-echoer@s3-echoer-xclgt');
    expect(new Set(found.map(({ accessKeyId }) => accessKeyId))).toEqual(new Set(['ASIA1']));
    expect(found[0]?.accountId).toBe('111122223333');
  });

  const other = 'arn:aws:iam::111122223333:role/other';
  it.each<[string, () => FromProjectedTokenOptions]>([
    ['role', () => ({ roleArn: other })],
    ['token file', () => ({ webIdentityTokenFile: join(folder, 'second') })],
    ['session name', () => ({ roleSessionName: 'other' })],
    ['duration', () => ({ durationSeconds: 900 })],
    ['session policy', () => ({ sessionPolicy: '{"Version":"2012-10-17","Statement":[]}' })],
    ['policy ARNs', () => ({ sessionPolicyArns: ['arn:aws:iam::aws:policy/ReadOnlyAccess'] })],
    ['region', () => ({ region: 'eu-west-2' })],
    ['endpoint', () => ({ endpoint: `${process.env['AWS_ENDPOINT_URL_STS'] ?? ''}/` })],
    ['role to go on to', () => ({ then: { roleArn: other } })],
  ])('asks STS once more for whatever changes the credential: %s', async (_, different) => {
    await writeFile(join(folder, 'second'), tokenWith());
    const same = { region: 'eu-west-1', roleSessionName: 'keyed' };
    const providers = [same, { ...same }, { ...same, ...different() }].map((options) =>
      fromProjectedToken(options),
    );
    const [first, second, third] = await Promise.all(providers.map((provider) => provider()));
    expect(first).toBe(second);
    expect(third?.accessKeyId).not.toBe(first?.accessKeyId);
    expect(requests).toHaveLength(2);
    for (const provider of providers) provider.close();
  });

  it('frees an aborted caller while the region of its client is looked up, and gives up at the deadline', async () => {
    let answer = (): void => {};
    const region = new Promise<string>((resolve) => {
      answer = () => {
        resolve('eu-west-1');
      };
    });
    const hangs = { callerClientConfig: { region: () => region } };
    const provider = fromProjectedToken({ roleSessionName: 'abort', deadlineSeconds: 0.2 });
    const own = new Error('my own reason');
    const controller = new AbortController();
    const aborted = provider({ ...hangs, abortSignal: controller.signal });
    controller.abort(own);
    await expect(aborted).rejects.toBe(own);
    await expect(provider(hangs)).rejects.toMatchObject({ code: 'ERR_TIMEOUT' });
    answer();
    expect(await provider(hangs)).toMatchObject({ accessKeyId: 'ASIA1' });
    expect(requests).toHaveLength(1);
    provider.close();
  });

  it('hears nothing of a call’s abortSignal from the client of the SDK, as the guide says', async () => {
    const seen: unknown[] = [];
    const credentials = Object.assign(
      async (properties?: object) => {
        seen.push(...Object.keys(properties ?? {}));
        return Promise.resolve({ accessKeyId: 'ASIA0', secretAccessKey: 's' });
      },
      { memoized: true },
    );
    const endpoint = process.env['AWS_ENDPOINT_URL_STS'] ?? '';
    const client = new S3Client({ region: 'eu-west-1', endpoint, credentials, maxAttempts: 1 });
    const { signal } = new AbortController();
    await client.send(new ListBucketsCommand({}), { abortSignal: signal }).catch(() => {});
    client.destroy();
    expect(new Set(seen)).toEqual(new Set(['callerClientConfig']));
  });

  it('has one deadline for the look-up and the refresh after it', async () => {
    const client = { send: () => new Promise<never>(() => {}), config: {} };
    const provider = fromProjectedToken({ client, deadlineSeconds: 1 });
    const region = (): Promise<string> =>
      new Promise((resolve) => {
        setTimeout(resolve, 700, 'eu-west-1');
      });
    const startedAt = performance.now();
    await expect(provider({ callerClientConfig: { region } })).rejects.toMatchObject({
      code: 'ERR_TIMEOUT',
      message: expect.stringMatching(/from STS within 0\.\d+ s/) as string,
    });
    expect(performance.now() - startedAt).toBeLessThan(1400);
    provider.close();
  });

  it('says what is missing where nothing is configured, and lets a chain go on', async () => {
    delete process.env['AWS_ROLE_ARN'];
    delete process.env['AWS_WEB_IDENTITY_TOKEN_FILE'];
    process.env['AWS_CONFIG_FILE'] = join(folder, 'none');
    process.env['AWS_SHARED_CREDENTIALS_FILE'] = join(folder, 'none');
    await expect(fromProjectedToken({ region: 'eu-west-1' })()).rejects.toMatchObject({
      code: 'ERR_WEB_IDENTITY_NOT_CONFIGURED',
      tryNextLink: true,
    });
    expect(requests).toHaveLength(0);
  });
});
