import { readFileSync } from 'node:fs';
import { SignJWT, importPKCS8 } from 'jose';
import {
  buildJwks,
  generateSigningKey,
  readPublicKeys,
  verifyServiceAccountToken,
  type JwkSet,
} from 'irsa/oidc';
import { beforeAll, describe, expect, test } from 'vitest';

const fixture = (name: string): string =>
  readFileSync(new URL(`../fixtures/oidc/${name}`, import.meta.url), 'utf8');

describe('the token that kube-apiserver 1.37 issued', () => {
  const jwks = JSON.parse(fixture('kube-apiserver-jwks.json')) as JwkSet;
  const recorded = {
    token: fixture('projected-token.jwt').trim(),
    jwks,
    issuer: 'https://irsa-oidc-demo.s3.us-west-2.amazonaws.com',
    audience: 'sts.amazonaws.com',
    now: new Date(1795424109_000),
  };

  test('is valid from its first to its last second', async () => {
    for (const seconds of [1795424109, 1795510508]) {
      const now = new Date(seconds * 1000);
      expect(await verifyServiceAccountToken({ ...recorded, now })).toMatchObject({
        valid: true,
        kid: 'HvJEJwaRydk4IM9g5oDay2Vx1yJATTQstRjQaI4xMYs',
        namespace: 'default',
        serviceAccount: 's3-echoer',
        expiresAt: new Date(1795510509_000),
      });
    }
  });

  test.each([
    ['one second before', { now: new Date(1795424108_000) }, 'not-yet-valid'],
    ['at its expiry', { now: new Date(1795510509_000) }, 'expired'],
    [
      'for an issuer with a slash more',
      { issuer: 'https://irsa-oidc-demo.s3.us-west-2.amazonaws.com/' },
      'issuer-mismatch',
    ],
    ['for another audience', { audience: ['sts.amazonaws.com.cn', 'vault'] }, 'audience-mismatch'],
    ['without its key', { jwks: { keys: [] } }, 'unknown-key'],
  ] as const)('is refused %s', async (_, change, reason) => {
    expect(await verifyServiceAccountToken({ ...recorded, ...change })).toMatchObject({
      valid: false,
      reason,
    });
  });

  test('takes a clock that differs by no more than the tolerance', async () => {
    const late = { ...recorded, now: new Date(1795510518_000), clockToleranceSeconds: 10 };
    expect(await verifyServiceAccountToken(late)).toMatchObject({ valid: true });
    const tooLate = { ...late, now: new Date(1795510519_000) };
    expect(await verifyServiceAccountToken(tooLate)).toMatchObject({ reason: 'expired' });
  });

  test('is refused when a character of any part is changed, and never quoted', async () => {
    const parts = recorded.token.split('.');
    for (const [at, part] of parts.entries()) {
      const other = part.slice(0, 9) + (part[9] === 'A' ? 'B' : 'A') + part.slice(10);
      const changed = parts.map((same, index) => (index === at ? other : same));
      const verification = await verifyServiceAccountToken({
        ...recorded,
        token: changed.join('.'),
      });
      expect(verification.valid).toBe(false);
      expect(JSON.stringify(verification)).not.toContain(part.slice(20, 60));
    }
  });
});

const issuer = 'https://oidc.example.com';
const now = new Date('2026-09-01T00:00:00Z');
const seconds = now.getTime() / 1000;

const sign = (
  privateKeyPem: string,
  header: { alg: string; kid?: string },
  claims: Record<string, unknown> = {},
): Promise<string> =>
  importPKCS8(privateKeyPem, header.alg).then((key) =>
    new SignJWT({
      iss: issuer,
      sub: 'system:serviceaccount:default:s3-echoer',
      aud: ['sts.amazonaws.com'],
      iat: seconds,
      exp: seconds + 600,
      ...claims,
    })
      .setProtectedHeader(header)
      .sign(key),
  );

describe.each(['RS256', 'ES256', 'ES384', 'ES512'] as const)('tokens signed with %s', (alg) => {
  let pem: string;
  let kid: string;
  let jwks: JwkSet;
  const verify = (
    token: string,
    keySet: unknown = jwks,
  ): ReturnType<typeof verifyServiceAccountToken> =>
    verifyServiceAccountToken({
      token,
      jwks: keySet as JwkSet,
      issuer,
      audience: 'sts.amazonaws.com',
      now,
    });

  beforeAll(async () => {
    const key = await generateSigningKey({ algorithm: alg });
    ({ privateKeyPem: pem, kid } = key);
    jwks = await buildJwks((await readPublicKeys(key.publicKeyPem)).keys);
  });

  test('are verified by an independent signature', async () => {
    expect(await verify(await sign(pem, { alg, kid }))).toMatchObject({ valid: true, kid });
  });

  test('are refused when another key signed under the same kid', async () => {
    const other = await generateSigningKey({ algorithm: alg });
    expect(await verify(await sign(other.privateKeyPem, { alg, kid }))).toMatchObject({
      reason: 'signature-mismatch',
    });
  });

  test('without a kid are taken only where the set has the legacy empty kid', async () => {
    const token = await sign(pem, { alg });
    expect(await verify(token)).toMatchObject({ reason: 'unknown-key' });
    const { keys } = await readPublicKeys(jwks);
    expect(await verify(token, await buildJwks(keys, { legacyEmptyKid: true }))).toMatchObject({
      valid: true,
      kid: '',
    });
  });

  test.each([
    ['no exp', { exp: undefined }, 'missing-claim'],
    ['no iat', { iat: undefined }, 'missing-claim'],
    ['no aud', { aud: undefined }, 'missing-claim'],
    ['a fractional exp', { exp: seconds + 0.5 }, 'malformed'],
    ['an aud of numbers', { aud: [1] }, 'malformed'],
    ['an iss that is no string', { iss: 7 }, 'malformed'],
    ['an nbf in the future', { nbf: seconds + 1 }, 'not-yet-valid'],
    ['an iat in the future', { iat: seconds + 1 }, 'not-yet-valid'],
    ['a user as subject', { sub: 'alice' }, 'not-a-service-account'],
  ])('with %s are refused', async (_, claims, reason) => {
    expect(await verify(await sign(pem, { alg, kid }, claims))).toMatchObject({
      valid: false,
      reason,
    });
  });

  test('are refused when the published key is for another algorithm or damaged', async () => {
    const [key] = jwks.keys;
    const token = await sign(pem, { alg, kid });
    const otherAlg = alg === 'RS256' ? 'RS512' : 'RS256';
    const wrongAlg = { keys: [{ ...key, alg: otherAlg }] };
    expect((await verify(token, wrongAlg)).valid).toBe(false);
    const damaged = { keys: [{ ...key, n: 'AQAB', x: 'AQAB' }] };
    expect(await verify(token, damaged)).toMatchObject({ reason: 'unusable-key' });
  });
});

test.each([
  ['an empty string', ''],
  ['two parts', 'e30.e30'],
  ['a JWE', 'e30.e30.AA.AA.AA'],
  ['no JSON', 'AAAA.AAAA.AAAA'],
  ['a list for a header', `${Buffer.from('[1]').toString('base64url')}.e30.AA`],
  ['no base64url', 'e!.e30.AA'],
  ['a length that base64 cannot have', 'e30AA.e30.AA'],
  ['alg none', `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.`],
  ['a number for alg', `${Buffer.from('{"alg":1}').toString('base64url')}.e30.AA`],
  ['100 kB', 'A'.repeat(100_000)],
  ['no string', 7 as unknown as string],
])('%s is malformed', async (_, token) => {
  const verification = await verifyServiceAccountToken({
    token,
    jwks: { keys: [] },
    issuer,
    audience: 'a',
    now,
  });
  expect(verification).toMatchObject({ valid: false, reason: 'malformed' });
});

test.each(['HS256', 'PS256', 'EdDSA', 'none', 'ML-DSA-44'])(
  'alg %s is refused by name',
  async (alg) => {
    const header = Buffer.from(JSON.stringify({ alg, kid: 'a' })).toString('base64url');
    const verification = await verifyServiceAccountToken({
      token: `${header}.e30.AA`,
      jwks: { keys: [] },
      issuer,
      audience: 'a',
      now,
    });
    expect(verification).toMatchObject({ reason: 'unsupported-algorithm' });
  },
);

test.each([
  { clockToleranceSeconds: NaN },
  { clockToleranceSeconds: -1 },
  { clockToleranceSeconds: Infinity },
  { audience: [] },
  { audience: undefined as never },
])('%o is a wrong call, not a lenient one', async (change) => {
  const options = { token: 'e30.e30.AA', jwks: { keys: [] }, issuer, audience: 'a', now };
  await expect(verifyServiceAccountToken({ ...options, ...change })).rejects.toThrow(TypeError);
});

test('a key set that is none, and a wrong now, are errors', async () => {
  const base = { token: 'e30.e30.AA', issuer, audience: 'a', now };
  await expect(
    verifyServiceAccountToken({ ...base, jwks: '<html>' as unknown as JwkSet }),
  ).rejects.toMatchObject({ code: 'ERR_JWKS' });
  await expect(
    verifyServiceAccountToken({ ...base, jwks: { keys: [] }, now: new Date(NaN) }),
  ).rejects.toThrow(TypeError);
});
