import { generateKeyPairSync } from 'node:crypto';
import { mintServiceAccountToken } from 'irsa/testing';
import { describe, expect, it } from 'vitest';

const pemOf = (namedCurve: string): { privateKey: string; publicKey: string } =>
  generateKeyPairSync('ec', {
    namedCurve,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });

const p256 = pemOf('P-256');

const good = {
  privateKeyPem: p256.privateKey,
  issuer: 'https://oidc.example.com',
  namespace: 'default',
  serviceAccount: 's3-echoer',
};

describe('mintServiceAccountToken answers bad input', () => {
  it.each([
    ['garbage', 'garbage', /text that is no private key/],
    ['a public PEM', p256.publicKey, /a public key/],
    ['secp256k1', pemOf('secp256k1').privateKey, /secp256k1/],
  ])('refuses %s with ERR_KEY', async (_what, privateKeyPem, message) => {
    await expect(mintServiceAccountToken({ ...good, privateKeyPem })).rejects.toMatchObject({
      code: 'ERR_KEY',
      message: expect.stringMatching(message) as string,
    });
  });

  it.each([
    ['now', new Date(Number.NaN)],
    ['lifetimeSeconds', 1.5],
    ['lifetimeSeconds', Number.NaN],
    ['issuer', undefined],
    ['namespace', undefined],
    ['serviceAccount', null],
    ['audience', ''],
    ['audience', null],
    ['audience', [1]],
    ['privateKeyPem', undefined],
  ])('refuses %s: %s with a TypeError that names it', async (name, value) => {
    const call = { ...good, [name]: value };
    const error: unknown = await mintServiceAccountToken(call).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(TypeError);
    expect(String(error)).toContain(`expected ${name} to be`);
  });
});
