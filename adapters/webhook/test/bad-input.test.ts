import { generateServerIdentity } from 'irsa/certs';
import { startWebhookServer } from 'irsa-webhook';
import { beforeAll, describe, expect, it } from 'vitest';

let good: Record<string, unknown> = {};
beforeAll(async () => {
  const certificate = await generateServerIdentity({ dnsNames: ['localhost'] });
  good = { certificate, findServiceAccount: () => undefined };
});

describe('startWebhookServer says a wrong call at the start', () => {
  it.each([
    ['no look-up', { findServiceAccount: undefined }, /findServiceAccount: expected a function/],
    ['a port that is a text', { port: 'x' }, /port: expected a whole number/],
    ['a port out of range', { port: 99_999 }, /port: expected a whole number/],
    ['no certificate', { certificate: undefined }, /certificatePem and privateKeyPem/],
    ['an empty certificate', { certificate: {} }, /certificatePem and privateKeyPem/],
    [
      'text that is no PEM',
      { certificate: { certificatePem: 'x', privateKeyPem: 'y' } },
      /certificatePem and privateKeyPem/,
    ],
  ])('%s', async (_what, change, message) => {
    const options = { ...good, ...change };
    await expect(startWebhookServer(options as never)).rejects.toThrow(message);
  });
});
