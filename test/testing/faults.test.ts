import type { LocalAwsFault } from 'irsa/testing';
import { startLocalAws } from 'irsa/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMaterial, startLocalIrsa, type LocalIrsa } from '../support/local-irsa.js';

let irsa: LocalIrsa;
let token: string;
beforeAll(async () => {
  irsa = await startLocalIrsa(await createMaterial());
  token = await irsa.mint();
});
afterAll(() => irsa.close());

const call = (signal?: AbortSignal): Promise<Response> =>
  fetch(irsa.aws.endpoint, {
    method: 'POST',
    body: new URLSearchParams({
      Action: 'AssumeRoleWithWebIdentity',
      RoleArn: irsa.roleArn,
      RoleSessionName: 'pod',
      WebIdentityToken: token,
    }),
    ...(signal === undefined ? {} : { signal }),
  });

describe('faults', () => {
  it.each<readonly [string, LocalAwsFault, number, RegExp]>([
    ['throttle', { kind: 'throttle' }, 400, /<Code>Throttling<\/Code><Message>Rate exceeded/],
    [
      'error',
      { kind: 'error', code: 'IDPCommunicationError', message: 'down' },
      400,
      /IDPCommunicationError/,
    ],
    [
      'error with status',
      { kind: 'error', code: 'RegionDisabledException', status: 403 },
      403,
      /RegionDisabled/,
    ],
    ['html', { kind: 'html' }, 502, /<html>/],
    ['slow', { kind: 'slow', delayMs: 5 }, 200, /<AccessKeyId>ASIA/],
    ['expired', { kind: 'expired' }, 200, /<Expiration>2026-11-23T11:59:00/],
    ['clock-skew', { kind: 'clock-skew', seconds: 3600 }, 200, /<Expiration>2026-11-23T14:00:00Z/],
  ])('%s', async (_, fault, status, body) => {
    irsa.aws.setFault({ ...fault, times: 1 });
    const reply = await call();
    expect(reply.status).toBe(status);
    expect(await reply.text()).toMatch(body);
    expect((await call()).status).toBe(200);
  });

  it('shows its skewed clock in the Date header', async () => {
    irsa.aws.setFault({ kind: 'clock-skew', seconds: -7200, times: 1 });
    expect((await call()).headers.get('date')).toBe('Mon, 23 Nov 2026 10:00:00 GMT');
  });

  it('cuts, halves and hangs', async () => {
    irsa.aws.setFault({ kind: 'reset' });
    await expect(call()).rejects.toThrow();
    irsa.aws.setFault({ kind: 'half-body' });
    await expect(call().then((reply) => reply.text())).rejects.toThrow();
    irsa.aws.setFault({ kind: 'hang' });
    await expect(call(AbortSignal.timeout(50))).rejects.toThrow();
    irsa.aws.setFault();
    expect((await call()).status).toBe(200);
  });

  it('hits only the operation that it names', async () => {
    irsa.aws.setFault([{ kind: 'throttle', operation: 'PutObject' }]);
    expect((await call()).status).toBe(200);
    irsa.aws.setFault();
  });
});

describe('the log', () => {
  it('tells what was asked and how it ended, without secrets', async () => {
    const before = irsa.aws.requests().length;
    await call();
    const [entry] = irsa.aws.requests().slice(before);
    expect(entry).toMatchObject({
      service: 'sts',
      operation: 'AssumeRoleWithWebIdentity',
      status: 200,
      roleArn: irsa.roleArn,
      roleSessionName: 'pod',
    });
    expect(JSON.stringify(irsa.aws.requests())).not.toContain(token.split('.')[2]);
  });
});

describe('starting', () => {
  it('says when the port is taken', async () => {
    await expect(startLocalAws({ port: irsa.aws.port, tls: false })).rejects.toMatchObject({
      code: 'ERR_LOCAL_AWS',
      message: expect.stringContaining('it is taken'),
    });
  });

  it('gives the environment that official clients read', () => {
    expect(irsa.aws.env()).toEqual({
      AWS_ENDPOINT_URL: irsa.aws.endpoint,
      AWS_REGION: 'us-west-2',
      AWS_DEFAULT_REGION: 'us-west-2',
      AWS_EC2_METADATA_DISABLED: 'true',
    });
    expect(irsa.aws.env({ caFile: '/ca.pem', administrator: true })).toMatchObject({
      NODE_EXTRA_CA_CERTS: '/ca.pem',
      AWS_CA_BUNDLE: '/ca.pem',
      SSL_CERT_FILE: '/ca.pem',
      AWS_ACCESS_KEY_ID: irsa.aws.administrator.accessKeyId,
    });
  });

  it('refuses what AWS would not know, by name', async () => {
    await expect(
      irsa.aws.createRole({ roleName: 'not a name', trustPolicy: '{}' }),
    ).rejects.toMatchObject({ code: 'ERR_LOCAL_AWS' });
    await expect(startLocalAws({ accountId: '1', tls: false })).rejects.toMatchObject({
      code: 'ERR_LOCAL_AWS',
    });
  });
});
