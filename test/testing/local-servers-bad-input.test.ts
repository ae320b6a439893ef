import { generateSigningKey } from 'irsa/oidc';
import { startLocalAws, startLocalIssuer } from 'irsa/testing';
import { describe, expect, it } from 'vitest';

const refused = (message: RegExp): unknown =>
  expect.objectContaining({
    code: 'ERR_LOCAL_AWS',
    message: expect.stringMatching(message) as unknown,
  });

const tls = { certificatePem: 'x', privateKeyPem: 'y', caBundlePem: 'z' };
const servers: [what: string, options: object, message: RegExp][] = [
  ['a port that is a text', { port: 'x' }, /port: expected a whole number/],
  ['a port out of range', { port: 99_999 }, /port: expected a whole number/],
  ['tls without certificate', { tls: {} }, /tls: expected certificatePem/],
  ['tls that is no PEM', { tls }, /tls: expected certificatePem/],
];

describe('the local servers say bad input in words', () => {
  it.each([...servers, ['a region that is none', { region: null }, /region: expected a region/]])(
    'local AWS: %s',
    async (_what, options, message) => {
      await expect(startLocalAws(options as never)).rejects.toEqual(refused(message));
    },
  );

  it.each(servers)('local issuer: %s', async (_what, options, message) => {
    const keys = (await generateSigningKey()).publicKeyPem;
    await expect(startLocalIssuer({ keys, ...options })).rejects.toEqual(refused(message));
  });

  it.each([undefined, 'A b/..', 'ab', '192.168.1.1'])('bucket %j', async (bucket) => {
    const aws = await startLocalAws({ tls: false });
    try {
      // The door may throw or reject: either way the caller's await sees it.
      const create = async (): Promise<void> => aws.createBucket({ bucket } as never);
      await expect(create()).rejects.toEqual(refused(/bucket: expected 3 to 63/));
    } finally {
      await aws.close();
    }
  });
});
