import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  buildDiscoveryDocument,
  buildIssuerDocuments,
  buildJwks,
  checkIssuerDocuments,
  generateSigningKey,
  readPublicKeys,
  s3Issuer,
  type IssuerDocumentsOptions,
  type PublicKey,
} from 'irsa/oidc';
import { beforeAll, describe, expect, test } from 'vitest';
import { deepFreeze } from '../support/deep-freeze.js';

const issuer = 'https://oidc.example.com';
let keys: PublicKey[];

beforeAll(async () => {
  const made = await Promise.all(
    (['RS256', 'ES256', 'ES384', 'ES512'] as const).map((algorithm) =>
      generateSigningKey({ algorithm }),
    ),
  );
  ({ keys } = await readPublicKeys(made.map(({ publicKeyPem }) => publicKeyPem).join('')));
  deepFreeze(keys);
});

const build = (
  change: Partial<IssuerDocumentsOptions> = {},
): ReturnType<typeof buildIssuerDocuments> =>
  buildIssuerDocuments(deepFreeze({ issuer, keys, ...change }));

test('the aws profile has the fields that the IAM User Guide requires', async () => {
  const [discovery] = await build();
  expect(JSON.parse(discovery!.body)).toEqual({
    issuer,
    jwks_uri: `${issuer}/openid/v1/jwks`,
    authorization_endpoint: 'urn:kubernetes:programmatic_authorization',
    response_types_supported: ['id_token'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['ES256', 'ES384', 'ES512', 'RS256'],
    claims_supported: ['aud', 'exp', 'iat', 'iss', 'sub'],
  });
});

test('each document comes with where and how to upload it', async () => {
  const documents = await build();
  expect(documents.map(({ path, url, contentType }) => ({ path, url, contentType }))).toEqual([
    {
      path: '.well-known/openid-configuration',
      url: `${issuer}/.well-known/openid-configuration`,
      contentType: 'application/json',
    },
    {
      path: 'openid/v1/jwks',
      url: `${issuer}/openid/v1/jwks`,
      contentType: 'application/jwk-set+json',
    },
  ]);
  for (const { body, sha256, cacheControl } of documents) {
    expect(sha256).toBe(createHash('sha256').update(body).digest('hex'));
    expect(cacheControl).toBe('public, max-age=3600');
  }
  const [short] = await build({ maxAgeSeconds: 60 });
  expect(short?.cacheControl).toBe('public, max-age=60');
});

test('the JWKS may lie elsewhere: under another path, on another host, beside a path-style bucket', async () => {
  const [, walkThrough] = await build({ jwksPath: 'keys.json' });
  expect(walkThrough).toMatchObject({ path: 'keys.json', url: `${issuer}/keys.json` });
  const [discovery, elsewhere] = await build({ jwksUri: 'https://keys.example.net/a/jwks.json' });
  expect(elsewhere).toMatchObject({
    path: 'a/jwks.json',
    url: 'https://keys.example.net/a/jwks.json',
  });
  expect(discovery?.body).toContain('"jwks_uri":"https://keys.example.net/a/jwks.json"');
  const bucket = s3Issuer({ bucket: 'my-oidc', region: 'eu-west-1', style: 'path' });
  const [first, second] = await build({ issuer: bucket, jwksUri: `${bucket}/keys.json` });
  expect([first?.url, second?.path]).toEqual([
    'https://s3.eu-west-1.amazonaws.com/my-oidc/.well-known/openid-configuration',
    'keys.json',
  ]);
});

test('an issuer with a trailing slash keeps it, and its documents have no doubled one', async () => {
  const [discovery, jwks] = await build({ issuer: `${issuer}/` });
  expect(JSON.parse(discovery!.body)).toMatchObject({ issuer: `${issuer}/` });
  expect([discovery?.url, jwks?.url]).toEqual([
    `${issuer}/.well-known/openid-configuration`,
    `${issuer}/openid/v1/jwks`,
  ]);
});

test('key material is read on the way', async () => {
  const { publicKeyPem, kid } = await generateSigningKey({ algorithm: 'ES256' });
  const [, jwks] = await build({ keys: publicKeyPem });
  expect(JSON.parse(jwks!.body)).toMatchObject({ keys: [{ kid }] });
  await expect(build({ keys: '<html>' })).rejects.toMatchObject({ code: 'ERR_KEY' });
});

describe('the key set', () => {
  test('keeps the order of the keys, and each key once', async () => {
    const { keys: published } = await buildJwks([...keys, ...keys]);
    expect(published.map(({ kid }) => kid)).toEqual(keys.map(({ kid }) => kid));
    expect(published.map(({ alg }) => alg)).toEqual(['RS256', 'ES256', 'ES384', 'ES512']);
  });

  test('repeats the first key without a kid for old clusters, on demand', async () => {
    const { keys: published } = await buildJwks(keys.slice(0, 2), { legacyEmptyKid: true });
    expect(published).toEqual([keys[0]?.jwk, keys[1]?.jwk, { ...keys[0]?.jwk, kid: '' }]);
    const [, jwks] = await build({ legacyEmptyKid: true });
    expect(JSON.parse(jwks!.body)).toMatchObject({ keys: { length: 5 } });
  });

  test('names a key of an external signer as its tokens do, on demand', async () => {
    const [first, second] = keys as [PublicKey, PublicKey];
    const foreign = { keys: [{ ...first.jwk, kid: 'kms-2026-11' }, second.jwk] };
    const read = await readPublicKeys(foreign);
    expect((await buildJwks(read.keys)).keys.map(({ kid }) => kid)).toEqual([
      first.kid,
      second.kid,
    ]);
    const [, jwks] = await build({ keys: foreign, keepDeclaredKids: true });
    expect(JSON.parse(jwks!.body)).toEqual(foreign);
  });

  test('takes 100 keys of each type and no more, the copy without a kid counted', async () => {
    const copies = (key: PublicKey, count: number): PublicKey[] =>
      Array.from({ length: count }, (_, at) => ({ ...key, kid: `${key.alg}-${at}` }));
    const full = [...copies(keys[0]!, 100), ...copies(keys[1]!, 100)];
    expect((await buildJwks(full)).keys).toHaveLength(200);
    for (const [tooMany, type] of [
      [[...full, ...copies(keys[0]!, 101)], 'RSA'],
      [[...full, ...copies(keys[2]!, 1)], 'EC'],
    ] as const) {
      await expect(buildJwks(tooMany)).rejects.toMatchObject({
        code: 'ERR_JWKS',
        message: expect.stringContaining(`at most 100 ${type} keys, got 101`) as string,
      });
    }
    await expect(buildJwks(full, { legacyEmptyKid: true })).rejects.toMatchObject({
      code: 'ERR_JWKS',
    });
  });

  test('refuses no keys, one kid for two keys, an algorithm of another type and damaged keys', async () => {
    const [rsa, ec] = keys as [PublicKey, PublicKey];
    await expect(buildJwks([])).rejects.toMatchObject({ code: 'ERR_JWKS' });
    await expect(buildJwks([rsa, { ...ec, kid: rsa.kid }])).rejects.toMatchObject({
      code: 'ERR_JWKS',
    });
    await expect(buildJwks([{ ...ec, alg: 'RS256' }])).rejects.toMatchObject({ code: 'ERR_KEY' });
    await expect(
      buildJwks([{ ...rsa, jwk: { ...rsa.jwk, n: 'AQAB' } as PublicKey['jwk'] }]),
    ).rejects.toMatchObject({ code: 'ERR_KEY' });
  });

  test('what is no list of keys is a wrong call', async () => {
    await expect(buildJwks('<html>' as never)).rejects.toThrow(TypeError);
    await expect(buildJwks([{ ...keys[0]!, kid: '' }])).rejects.toThrow(TypeError);
  });
});

test.each([
  ['/openid/v1/jwks'],
  ['openid/v1/jwks/'],
  ['../jwks'],
  ['a/./b'],
  ['a//b'],
  ['a b'],
  ['a?b'],
  ['a%2Fb'],
  [''],
])('a JWKS path that URL parsers rewrite is refused: %s', async (jwksPath) => {
  await expect(build({ jwksPath })).rejects.toMatchObject({ code: 'ERR_ISSUER', path: 'jwksPath' });
});

test.each([
  'http://a.example.com/jwks',
  'keys.json',
  'https://u:secret@a.example.com/',
  'https://a/#b',
  'https:///openid/v1/jwks',
  '',
])('a JWKS URL that verifiers do not take is refused: %s', async (jwksUri) => {
  const error: unknown = await build({ jwksUri }).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'ERR_ISSUER' });
  expect(String(error)).not.toContain('secret');
});

test('wrong calls are TypeErrors', async () => {
  await expect(build({ maxAgeSeconds: -1 })).rejects.toThrow(TypeError);
  expect(() => buildDiscoveryDocument({ issuer })).toThrow(TypeError);
  for (const algorithms of [[], ['PS256'], [undefined]]) {
    expect(() => buildDiscoveryDocument({ issuer, algorithms: algorithms as [] })).toThrow(
      expect.objectContaining({ code: 'ERR_JWKS' }),
    );
  }
  const other = { issuer, algorithms: ['RS256'], profile: 'azure' };
  expect(() => buildDiscoveryDocument(other as never)).toThrow(TypeError);
});

test('same keys, same bytes; and what we build, the strictest check finds good', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.shuffledSubarray([0, 1, 2, 3], { minLength: 1 }),
      fc.constantFrom('aws', 'kubernetes'),
      fc.constantFrom('https://a.example.com', 'https://a.example.com/clusters/one'),
      async (chosen, profile, name) => {
        const options = { issuer: name, keys: chosen.map((at) => keys[at]!), profile } as const;
        const documents = await buildIssuerDocuments(deepFreeze({ ...options }));
        expect(await buildIssuerDocuments({ ...options })).toEqual(documents);
        const [discovery, jwks] = documents;
        const findings = checkIssuerDocuments({
          issuer: name,
          discovery: discovery!.body,
          jwks: jwks!.body,
          requireKids: options.keys.map(({ kid }) => kid),
        });
        expect(findings.filter(({ severity }) => severity === 'error')).toEqual([]);
      },
    ),
    { numRuns: 100 },
  );
});
