import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';
import { generateSigningKey, type SigningKeyOptions } from 'irsa/oidc';
import { expect, test } from 'vitest';

test.each([
  [undefined, 'rsa', { modulusLength: 2048, publicExponent: 65537n }],
  [{ modulusLength: 3072 }, 'rsa', { modulusLength: 3072, publicExponent: 65537n }],
  [{ algorithm: 'ES256' }, 'ec', { namedCurve: 'prime256v1' }],
  [{ algorithm: 'ES384' }, 'ec', { namedCurve: 'secp384r1' }],
  [{ algorithm: 'ES512' }, 'ec', { namedCurve: 'secp521r1' }],
] as const)('%o gives a pair that OpenSSL reads', async (options, type, details) => {
  const { privateKeyPem, publicKeyPem, kid } = await generateSigningKey(options);
  const [privateKey, publicKey] = [createPrivateKey(privateKeyPem), createPublicKey(publicKeyPem)];
  expect(privateKey.asymmetricKeyType).toBe(type);
  expect(publicKey.asymmetricKeyDetails).toMatchObject(details);
  expect(createPublicKey(privateKeyPem).equals(publicKey)).toBe(true);
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  expect(kid).toBe(createHash('sha256').update(spki).digest('base64url'));
  // PEM as OpenSSL would write it, with its line ends.
  expect(publicKey.export({ format: 'pem', type: 'spki' })).toBe(publicKeyPem);
  expect(privateKey.export({ format: 'pem', type: 'pkcs8' })).toBe(privateKeyPem);
});

test('two keys are never the same', async () => {
  const [a, b] = await Promise.all([
    generateSigningKey({ algorithm: 'ES256' }),
    generateSigningKey({ algorithm: 'ES256' }),
  ]);
  expect(a.kid).not.toBe(b.kid);
});

test.each([
  { algorithm: 'EdDSA' },
  { algorithm: 'toString' },
  { algorithm: 'ES256', modulusLength: 2048 },
  { modulusLength: 1024 },
  { modulusLength: 2049 },
  { modulusLength: 65_536 },
])('%o is a wrong call', async (options) => {
  await expect(generateSigningKey(options as SigningKeyOptions)).rejects.toThrow(TypeError);
});
