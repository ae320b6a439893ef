import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { promisify } from 'node:util';
import { startLocalIrsa, type LocalIrsa } from 'irsa/testing';
import { afterEach, describe, expect, it } from 'vitest';

let irsa: LocalIrsa | undefined;
afterEach(async () => {
  await irsa?.close();
  irsa = undefined;
});

/** What any client sends, by the environment alone. */
const form = (env: Readonly<Record<string, string>>): URLSearchParams =>
  new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: env['AWS_ROLE_ARN'] ?? '',
    RoleSessionName: 'pod',
    WebIdentityToken: readFileSync(env['AWS_WEB_IDENTITY_TOKEN_FILE'] ?? '', 'utf8'),
  });
const assume = async (): Promise<string> => {
  const env = irsa?.env() ?? {};
  const reply = await fetch(env['AWS_ENDPOINT_URL'] ?? '', { method: 'POST', body: form(env) });
  return /<Code>(\w+)</.exec(await reply.text())?.[1] ?? String(reply.status);
};

describe('startLocalIrsa', () => {
  it('is a pod with its role, in one line', async () => {
    irsa = await startLocalIrsa();
    expect(await assume()).toBe('200');
    expect(irsa.env()).toMatchObject({
      AWS_REGION: 'us-west-2',
      AWS_ROLE_ARN: 'arn:aws:iam::111122223333:role/app',
      AWS_WEB_IDENTITY_TOKEN_FILE: irsa.tokenFile,
    });
  });

  it('lives through a rotation, and shows what a forgotten publication does', async () => {
    irsa = await startLocalIrsa();
    const old = await irsa.mint();
    await irsa.rotateKey();
    expect(await assume()).toBe('200');
    const kidOf = (token: string): unknown =>
      JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()) as unknown;
    expect(kidOf(readFileSync(irsa.tokenFile, 'utf8'))).not.toEqual(kidOf(old));
    await irsa.rotateKey({ publish: false });
    expect(await assume()).toBe('InvalidIdentityToken');
  });

  it('hands out tokens of others, and expired ones', async () => {
    irsa = await startLocalIrsa({ namespace: 'team', serviceAccount: 'greeter' });
    await irsa.writeToken({ serviceAccount: 'stranger' });
    expect(await assume()).toBe('AccessDenied');
    await irsa.writeToken({ now: new Date(Date.now() - 172_800_000) });
    expect(await assume()).toBe('ExpiredTokenException');
    await irsa.writeToken();
    expect(await assume()).toBe('200');
  });

  it('goes by the clock that it is given', async () => {
    const now = new Date('2030-01-01T00:00:00Z');
    irsa = await startLocalIrsa({ aws: { now: () => now } });
    expect(await assume()).toBe('200');
  });

  it('works in other partitions', async () => {
    irsa = await startLocalIrsa({ aws: { region: 'cn-north-1' } });
    expect(irsa.roleArn).toBe('arn:aws-cn:iam::111122223333:role/app');
    expect(await assume()).toBe('200');
  });

  it('serves https to clients that know no more than the environment', async () => {
    irsa = await startLocalIrsa({ https: true });
    const env = irsa.env();
    const status = await new Promise((resolve, reject) => {
      const call = request(
        env['AWS_ENDPOINT_URL'] ?? '',
        { method: 'POST', ca: readFileSync(env['SSL_CERT_FILE'] ?? '') },
        (response) => {
          response.resume();
          resolve(response.statusCode);
        },
      );
      call.setHeader('content-type', 'application/x-www-form-urlencoded');
      call.on('error', reject);
      call.end(form(env).toString());
    });
    expect(status).toBe(200);
  });

  it('serves a client in another language over plain https', async () => {
    irsa = await startLocalIrsa({ https: true });
    const { AWS_ENDPOINT_URL = '', AWS_CA_BUNDLE = '', ...env } = irsa.env();
    const { stdout } = await promisify(execFile)('curl', [
      '--silent',
      '--cacert',
      AWS_CA_BUNDLE,
      '--data-urlencode',
      'Action=AssumeRoleWithWebIdentity',
      '--data-urlencode',
      `RoleArn=${String(env['AWS_ROLE_ARN'])}`,
      '--data-urlencode',
      'RoleSessionName=pod',
      '--data-urlencode',
      `WebIdentityToken@${irsa.tokenFile}`,
      AWS_ENDPOINT_URL,
    ]);
    expect(stdout).toContain('<AccessKeyId>ASIA');
  });

  it('leaves nothing behind, not even where it could not start', async () => {
    irsa = await startLocalIrsa();
    const { tokenFile } = irsa;
    await irsa.close();
    expect(existsSync(tokenFile)).toBe(false);
    await expect(startLocalIrsa({ serviceAccount: 'not a name' })).rejects.toMatchObject({
      code: 'ERR_SUBJECT',
    });
    await expect(startLocalIrsa({ buckets: ['NO'] })).rejects.toMatchObject({
      code: 'ERR_LOCAL_AWS',
    });
  });
});
