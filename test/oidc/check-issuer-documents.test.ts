import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import {
  buildIssuerDocuments,
  checkIssuerDocuments,
  generateSigningKey,
  readPublicKeys,
  type CheckIssuerOptions,
  type PublicKey,
} from 'irsa/oidc';
import { beforeAll, describe, expect, test } from 'vitest';
import { deepFreeze } from '../support/deep-freeze.js';

const fixture = (name: string): string =>
  readFileSync(new URL(`../fixtures/oidc/${name}`, import.meta.url), 'utf8');

const issuer = 'https://my-oidc.s3.eu-west-1.amazonaws.com';
let keys: PublicKey[];
let discovery: string;
let jwks: string;

beforeAll(async () => {
  const made = [await generateSigningKey(), await generateSigningKey({ algorithm: 'ES256' })];
  keys = (await readPublicKeys(made.map(({ publicKeyPem }) => publicKeyPem).join(''))).keys;
  const documents = await buildIssuerDocuments({ issuer, keys });
  [discovery, jwks] = documents.map(({ body }) => body) as [string, string];
});

const idsOf = (change: Partial<CheckIssuerOptions>): string[] =>
  checkIssuerDocuments(deepFreeze({ issuer, discovery, jwks, ...change })).map(({ id }) => id);

const errorsOf = (change: Partial<CheckIssuerOptions>): string[] =>
  checkIssuerDocuments(deepFreeze({ issuer, discovery, jwks, ...change }))
    .filter(({ severity }) => severity === 'error')
    .map(({ id }) => id);

/** The document with some members changed; undefined takes one away. */
const edited = (json: string, change: Record<string, unknown>): string =>
  JSON.stringify({ ...JSON.parse(json), ...change });

const withKey = (at: number, change: Record<string, unknown>): string => {
  const set = JSON.parse(jwks) as { keys: Record<string, unknown>[] };
  const changed = set.keys.map((key, index) => (index === at ? { ...key, ...change } : key));
  return JSON.stringify({ keys: changed });
};

test('our own documents have nothing to find, as text, as fetched and as objects', () => {
  expect(idsOf({})).toEqual([]);
  expect(idsOf({ discovery: JSON.parse(discovery), jwks: JSON.parse(jwks) })).toEqual([]);
  expect(
    idsOf({
      discovery: { body: discovery, status: 200, contentType: 'application/json; charset=utf-8' },
      jwks: { body: jwks, status: 200, contentType: 'application/jwk-set+json' },
      requireKids: keys.map(({ kid }) => kid),
    }),
  ).toEqual([]);
});

test('kube-apiserver’s own documents work, with notes on what AWS’s guide and OIDC want more', () => {
  const recorded = {
    issuer: 'https://irsa-oidc-demo.s3.us-west-2.amazonaws.com',
    discovery: fixture('kube-apiserver-openid-configuration.json'),
    jwks: fixture('kube-apiserver-jwks.json'),
  };
  expect(errorsOf(recorded)).toEqual([]);
  expect(idsOf(recorded)).toEqual([
    'discovery-field-missing',
    'discovery-authorization-endpoint-missing',
  ]);
});

describe('the issuer against the document', () => {
  test.each([
    ['issuer-trailing-slash', `${issuer}/`],
    ['issuer-port', 'https://my-oidc.s3.eu-west-1.amazonaws.com:443'],
    ['issuer-query', `${issuer}?x=1`],
    ['issuer-query', `${issuer}#x`],
    ['issuer-case', 'https://My-oidc.s3.eu-west-1.amazonaws.com'],
    ['issuer-scheme', 'http://my-oidc.s3.eu-west-1.amazonaws.com'],
    ['issuer-mismatch', 'https://other.example.com'],
    ['issuer-mismatch', ''],
  ])('%s: the document says %s', (id, documented) => {
    const findings = checkIssuerDocuments({
      issuer,
      discovery: edited(discovery, { issuer: documented }),
      jwks,
    });
    expect(findings[0]).toMatchObject({ id, severity: 'error' });
    expect(findings[0]?.evidence).toContain(JSON.stringify(documented));
  });

  test('the walk-through’s slash is said in words', () => {
    const [finding] = checkIssuerDocuments({
      issuer,
      discovery: edited(discovery, { issuer: `${issuer}/` }),
      jwks,
    });
    expect(finding?.title).toContain('trailing slash');
  });

  test.each([
    ['issuer-port', 'https://oidc.example.com:8443'],
    ['issuer-case', 'https://OIDC.example.com'],
    ['issuer-ends-with-slash', 'https://oidc.example.com/'],
    ['issuer-ends-with-slash', 'https://oidc.example.com/a/'],
    ['issuer-not-normal', 'https://oidc.example.com/a/../b'],
    ['issuer-not-normal', 'https://oidc.example.com/a//b'],
    ['issuer-query', 'https://oidc.example.com?a'],
    ['issuer-scheme', 'http://oidc.example.com'],
    ['issuer-invalid', 'oidc.example.com'],
    ['issuer-bucket-dots', 'https://my.oidc.s3.eu-west-1.amazonaws.com'],
    ['issuer-s3-legacy-host', 'https://s3-eu-west-1.amazonaws.com/my-oidc'],
    ['issuer-s3-legacy-host', 'https://my-oidc.s3.amazonaws.com'],
    ['issuer-s3-website', 'https://my-oidc.s3-website.eu-west-1.amazonaws.com'],
  ])('%s: %s, also where the document says the same', (id, chosen) => {
    expect(idsOf({ issuer: chosen, discovery: edited(discovery, { issuer: chosen }) })).toContain(
      id,
    );
  });

  test.each([
    'https://oidc.example.com',
    'https://oidc.example.com/clusters/one',
    'https://d111111abcdef8.cloudfront.net',
    'https://s3.cn-north-1.amazonaws.com.cn/my-oidc',
    'https://my-oidc.s3.dualstack.eusc-de-east-1.amazonaws.eu',
  ])('%s is a good issuer', async (chosen) => {
    const [first, second] = await buildIssuerDocuments({ issuer: chosen, keys });
    expect(idsOf({ issuer: chosen, discovery: first!.body, jwks: second!.body })).toEqual([]);
  });
});

describe('the discovery document', () => {
  test.each([
    ['discovery-issuer-missing', { issuer: undefined }],
    ['discovery-jwks-uri-missing', { jwks_uri: undefined }],
    ['discovery-jwks-uri-invalid', { jwks_uri: 'http://x.example.com/jwks' }],
    ['discovery-jwks-uri-invalid', { jwks_uri: '/openid/v1/jwks' }],
    ['discovery-jwks-uri-invalid', { jwks_uri: {} }],
    ['discovery-field-missing', { response_types_supported: undefined }],
    ['discovery-field-missing', { subject_types_supported: undefined }],
    ['discovery-field-missing', { id_token_signing_alg_values_supported: undefined }],
    ['discovery-field-type', { id_token_signing_alg_values_supported: 'RS256' }],
    ['discovery-field-type', { response_types_supported: [] }],
    ['discovery-value-missing', { response_types_supported: ['code'] }],
    ['discovery-value-missing', { subject_types_supported: ['pairwise'] }],
    ['discovery-algorithm-not-listed', { id_token_signing_alg_values_supported: ['RS256'] }],
  ])('%s is an error', (id, change) => {
    expect(errorsOf({ discovery: edited(discovery, change) })).toEqual([id]);
  });

  test.each([
    ['discovery-field-missing', { claims_supported: undefined }],
    ['discovery-value-missing', { claims_supported: ['sub', 'iss'] }],
    [
      'discovery-algorithm-unsupported',
      { id_token_signing_alg_values_supported: ['RS256', 'ES256', 'ML-DSA-44'] },
    ],
    [
      'discovery-algorithm-without-key',
      { id_token_signing_alg_values_supported: ['RS256', 'ES256', 'ES512'] },
    ],
    ['discovery-jwks-uri-other-host', { jwks_uri: 'https://keys.example.com/jwks' }],
  ])('%s is no error, but said', (id, change) => {
    expect(errorsOf({ discovery: edited(discovery, change) })).toEqual([]);
    expect(idsOf({ discovery: edited(discovery, change) })).toEqual([id]);
  });

  test('an issuer with EC keys alone gets the note on RS256', async () => {
    const documents = await buildIssuerDocuments({ issuer, keys: keys.slice(1) });
    const [first, second] = documents.map(({ body }) => body);
    expect(idsOf({ discovery: first!, jwks: second! })).toEqual(['discovery-rs256-not-listed']);
  });
});

describe('documents that are none', () => {
  const pages = [
    ['an HTML page', '<!DOCTYPE html><title>Sign in</title>', /HTML page/],
    ['the XML of S3', '<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', /XML page/],
    ['nothing', '', /empty/],
    ['cut off JSON', '{"keys":[', /no JSON/],
    ['a list', '[]', /other JSON/],
    ['null', 'null', /other JSON/],
    ['1 MB of garbage', '%'.repeat(1_000_000), /1000000 characters/],
    ['1 MB of brackets', '['.repeat(1_000_000), /no JSON/],
  ] as const;

  test.each(pages)('%s as discovery document or key set', (_, text, words) => {
    const findings = checkIssuerDocuments({ issuer, discovery: text, jwks: text });
    expect(findings.map(({ id }) => id)).toEqual(['jwks-not-json', 'discovery-not-json']);
    expect(findings[0]?.title).toMatch(words);
    expect(JSON.stringify(findings).length).toBeLessThan(3000);
  });

  test('a byte order mark, a wrong status and a wrong content type', () => {
    expect(errorsOf({ jwks: `\uFEFF${jwks}` })).toEqual(['jwks-byte-order-mark']);
    expect(errorsOf({ jwks: { body: jwks, status: 403 } })).toEqual(['jwks-status']);
    expect(errorsOf({ discovery: { body: discovery, contentType: 'text/html' } })).toEqual([
      'discovery-content-type',
    ]);
    expect(idsOf({ jwks: { body: jwks, contentType: 'binary/octet-stream' } })).toEqual([
      'jwks-content-type',
    ]);
  });

  test('a doubled member, at any depth and however it is escaped', () => {
    const doubled = discovery.replace('{', '{"issuer":"https://evil.example.com",');
    expect(errorsOf({ discovery: doubled })).toEqual(['discovery-duplicate-member']);
    const inKey = jwks.replace('"kty"', '"\\u006bty":"oct","kty"');
    expect(errorsOf({ jwks: inKey })).toEqual(['jwks-duplicate-member']);
    expect(errorsOf({ jwks: jwks.replace('"use"', '"x":["a:","a:{"],"use"') })).toEqual([]);
  });

  test('what is neither text nor object is a wrong call', () => {
    expect(() => checkIssuerDocuments({ issuer, discovery, jwks: null as never })).toThrow(
      TypeError,
    );
    expect(() => checkIssuerDocuments({ issuer: 7 as never, discovery, jwks })).toThrow(TypeError);
  });
});

describe('the key set', () => {
  test.each([
    ['jwks-no-keys', () => '{"keys":[]}'],
    ['jwks-no-keys', () => '{}'],
    ['jwks-algorithm-mismatch', () => withKey(1, { alg: 'RS256' })],
    ['jwks-algorithm-mismatch', () => withKey(0, { alg: 'PS256' })],
    ['jwks-empty-kid', () => withKey(0, { kid: undefined })],
    ['jwks-empty-kid', () => withKey(0, { kid: '' })],
    ['jwks-kid-type', () => withKey(0, { kid: 7 })],
    ['jwks-duplicate-kid', () => withKey(0, { kid: keys[1]?.kid })],
    ['jwks-private-key', () => withKey(0, { d: 'AQAB' })],
    ['jwks-private-key', () => withKey(1, { d: 'AQAB' })],
    ['jwks-key-damaged', () => withKey(0, { n: '!' })],
    ['jwks-key-damaged', () => '{"keys":[7]}'],
    ['jwks-number-not-minimal', () => withKey(0, { e: 'AAEAAQ' })],
    [
      'jwks-coordinate-length',
      () => {
        const { jwk } = keys[1]!;
        const x = Buffer.from('x' in jwk ? jwk.x : '', 'base64url');
        return withKey(1, { x: Buffer.concat([Buffer.of(0), x]).toString('base64url') });
      },
    ],
  ])('%s is an error', (id, change) => {
    expect(errorsOf({ jwks: change() })).toContain(id);
  });

  test.each([
    ['jwks-algorithm-missing', () => withKey(0, { alg: undefined })],
    ['jwks-use-missing', () => withKey(0, { use: undefined })],
    ['jwks-key-unsupported', () => withKey(0, { use: 'enc' })],
    [
      'jwks-key-unsupported',
      () =>
        jwks.replace(
          ']',
          ',{"kty":"OKP","crv":"Ed25519","x":"AA","alg":"EdDSA","use":"sig","kid":"a"}]',
        ),
    ],
    [
      'jwks-empty-kid',
      () => jwks.replace(']', `,${JSON.stringify({ ...keys[0]?.jwk, kid: '' })}]`),
    ],
    ['jwks-duplicate-key', () => jwks.replace(']', `,${JSON.stringify(keys[0]?.jwk)}]`)],
  ])('%s is a warning', (id, change) => {
    expect(checkIssuerDocuments({ issuer, discovery, jwks: change() })).toContainEqual(
      expect.objectContaining({ id, severity: 'warning' }),
    );
  });

  test('more than 100 keys of a type, and a required kid that lacks', () => {
    const [rsa] = keys;
    const many = Array.from({ length: 101 }, (_, at) => ({ ...rsa?.jwk, kid: String(at) }));
    expect(errorsOf({ jwks: { keys: many } })).toContain('jwks-too-many-keys');
    expect(errorsOf({ requireKids: ['nobody'] })).toEqual(['jwks-required-kid-missing']);
  });

  test('private members are named, never shown', () => {
    const secret = 'c2VjcmV0LXNlY3JldC1zZWNyZXQ';
    const findings = checkIssuerDocuments({
      issuer,
      discovery,
      jwks: withKey(0, { d: secret, p: secret }),
    });
    expect(JSON.stringify(findings)).not.toContain(secret);
  });
});

test('bytes are read as UTF-8 text, and what is no JSON is a finding', () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  const idsOfRaw = (change: Partial<CheckIssuerOptions>): string[] =>
    checkIssuerDocuments({ issuer, discovery, jwks, ...change }).map(({ id }) => id);
  expect(idsOfRaw({ discovery: bytes(discovery), jwks: Buffer.from(jwks) })).toEqual([]);
  expect(idsOfRaw({ jwks: bytes(`\uFEFF${jwks}`) })).toEqual(['jwks-byte-order-mark']);
  const strange = [
    new Map(),
    { keys: (): void => undefined },
    { keys: Symbol('x') },
    { keys: 10n },
  ];
  for (const document of strange) {
    expect(idsOfRaw({ jwks: document })).toContain('jwks-no-keys');
    expect(idsOfRaw({ discovery: document })).toContain('discovery-issuer-missing');
  }
  expect(idsOfRaw({ jwks: { keys: [{ kty: 'RSA', kid: 'a', n: 10n, e: 1n }] } })).toContain(
    'jwks-key-damaged',
  );
  expect(idsOfRaw({ discovery: { issuer: 10n, jwks_uri: 10n } })).toContain(
    'discovery-issuer-missing',
  );
});

test('no JSON makes it throw, and every finding is complete', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), fc.string(), (first, second, chosen) => {
      const findings = checkIssuerDocuments({
        issuer: chosen,
        discovery: JSON.stringify(first),
        jwks: JSON.stringify({ keys: [second, { kty: 'RSA', ...(second as object) }] }),
      });
      for (const finding of findings) {
        expect(finding.id).toMatch(/^[a-z][a-z0-9-]+$/);
        expect(finding.title.length * finding.evidence.length * finding.fix.length).toBeGreaterThan(
          0,
        );
      }
    }),
    { numRuns: 300 },
  );
});
