import fc from 'fast-check';
import { explainPod, explainWebIdentity, type WebIdentityFacts } from 'irsa/diagnose';
import { generateSigningKey } from 'irsa/oidc';
import { mintServiceAccountToken } from 'irsa/testing';
import { beforeAll, describe, expect, it } from 'vitest';

const now = new Date('2026-11-23T12:00:00Z');
const issuer = 'https://oidc.example.com';
const arn = 'arn:aws:iam::111122223333:role/a';
let token: string;
let kid: string;
beforeAll(async () => {
  const key = await generateSigningKey({ algorithm: 'ES256' });
  kid = key.kid;
  token = await mintServiceAccountToken({
    privateKeyPem: key.privateKeyPem,
    issuer,
    namespace: 'default',
    serviceAccount: 'a',
    now,
  });
});

const json = fc.oneof(fc.jsonValue(), fc.json(), fc.string(), fc.constant(undefined));

describe('hostile facts become findings, never a crash', () => {
  it('whatever the documents and the policy are', async () => {
    await fc.assert(
      fc.asyncProperty(json, json, json, async (discovery, jwks, trustPolicy) => {
        const diagnosis = await explainWebIdentity({
          token,
          now,
          discovery,
          jwks,
          provider: { url: issuer, audiences: ['sts.amazonaws.com'] },
          role: { arn, trustPolicy },
        });
        expect(diagnosis.verdict).not.toBe('ok');
      }),
      { numRuns: 200 },
    );
  });

  it('whatever the token is, and its claims', async () => {
    const part = (value: unknown): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.jsonValue().map((claims) => `${part({ alg: 'ES256', kid })}.${part(claims)}.AAAA`),
          fc
            .record(
              {
                iss: json,
                sub: json,
                aud: json,
                iat: json,
                exp: json,
                nbf: json,
                azp: json,
                'https://aws.amazon.com/tags': json,
                'https://aws.amazon.com/roles': json,
              },
              { requiredKeys: [] },
            )
            .map((claims) => `${part({ alg: 'ES256', kid })}.${part(claims)}.AAAA`),
        ),
        async (text) => {
          const diagnosis = await explainWebIdentity({
            token: text,
            now,
            discovery: { issuer, jwks_uri: `${issuer}/jwks` },
            jwks: { keys: [{ kty: 'EC', kid, crv: 'P-256', x: 'AA', y: 'AA' }] },
            provider: { url: issuer, audiences: ['sts.amazonaws.com'] },
            role: { arn, trustPolicy: '{}' },
          });
          expect(diagnosis.verdict).toBe('refused');
        },
      ),
      { numRuns: 300 },
    );
  });

  it('claims that cannot be made text', async () => {
    const part = (value: unknown): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const odd = { toString: null, valueOf: null };
    const claims = { iss: odd, sub: odd, aud: odd, azp: odd, iat: 1, exp: 2 };
    const { verdict } = await explainWebIdentity({
      token: `${part({ alg: 'ES256', kid: odd })}.${part(claims)}.AAAA`,
      now,
      discovery: odd,
      jwks: { keys: [odd] },
      role: { arn, trustPolicy: odd },
      reply: { code: 'AccessDenied', message: 'no' },
    });
    expect(verdict).toBe('refused');
  });

  it('a JWKS of 10 MB, a token of 1 MB, a policy that is not JSON', async () => {
    const explain = (changes: Partial<WebIdentityFacts>): Promise<string | undefined> =>
      explainWebIdentity({
        token,
        now,
        discovery: { issuer, jwks_uri: `${issuer}/jwks` },
        provider: { url: issuer, audiences: ['sts.amazonaws.com'] },
        ...changes,
      }).then(({ findings }) => findings[0]?.id);
    const keys = Array.from({ length: 50_000 }, (_, index) => ({
      kty: 'EC',
      kid: String(index),
      x: 'a'.repeat(200),
    }));
    const jwks = JSON.stringify({ keys });
    expect(jwks.length).toBeGreaterThan(10_000_000);
    expect(await explain({ jwks })).toBe('jwks-too-many-keys');
    expect(await explain({ jwks: 'x'.repeat(20_000_000) })).toBe('jwks-not-json');
    expect(await explain({ token: 'a'.repeat(1_000_000) })).toBe('token-length');
    expect(await explain({ token: `${'a.'.repeat(9000)}a` })).toBe('token-not-a-jwt');
    expect(
      await explain({ jwks: '{"keys":[]}', role: { arn, trustPolicy: 'Version: 2012' } }),
    ).toBe('jwks-empty');
    const nested = `{"keys":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(await explain({ jwks: nested })).toBe('jwks-empty');
  });

  it('whatever the API server, the bucket and the fetches are', async () => {
    await fc.assert(
      fc.asyncProperty(json, json, json, json, async (discovery, jwks, servers, bucket) => {
        const hostile = {
          token,
          now,
          apiServer: { discovery, jwks, servers },
          bucket,
          fetches: [
            { document: 'discovery', url: `${issuer}/${JSON.stringify(jwks)}`, status: 403 },
          ],
        } as unknown as WebIdentityFacts;
        const diagnosis = await explainWebIdentity(hostile);
        expect(diagnosis.verdict).not.toBe('ok');
      }),
      { numRuns: 200 },
    );
  });

  it('a pattern of two thousand stars, in bounded time', async () => {
    const policy = {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Federated: 'arn:aws:iam::111122223333:oidc-provider/oidc.example.com' },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: { StringEquals: { 'oidc.example.com:sub': `${'*a'.repeat(2000)}b` } },
        },
      ],
    };
    const { findings } = await explainWebIdentity({
      token,
      now,
      provider: { url: issuer, audiences: ['sts.amazonaws.com'] },
      role: { arn, trustPolicy: JSON.stringify(policy) },
    });
    expect(findings[0]?.id).toBe('trust-subject');
  });

  it('whatever the pod, the ServiceAccount, the webhook and the events are', () => {
    const object = fc.oneof(fc.jsonValue(), fc.object({ maxDepth: 4 }));
    const pod = fc.record({
      metadata: object,
      spec: fc.oneof(
        object,
        fc.record({ containers: fc.array(object), volumes: object, initContainers: object }),
      ),
    });
    fc.assert(
      fc.property(
        pod,
        object,
        object,
        fc.array(object),
        (one, serviceAccount, webhookConfiguration, events) => {
          const diagnosis = explainPod({ pod: one, serviceAccount, webhookConfiguration, events });
          expect(['ok', 'refused', 'unknown']).toContain(diagnosis.verdict);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('secrets', () => {
  it('never show: no finding holds a token’s signature', async () => {
    const signature = token.split('.')[2]!;
    const diagnosis = await explainWebIdentity({
      token,
      now,
      discovery: `not JSON: ${token}`,
      jwks: token,
      provider: null,
      role: { arn: token, trustPolicy: token },
      reply: { code: 'ValidationError', message: `Value '${token}' at 'webIdentityToken'` },
    });
    expect(diagnosis.findings.length).toBeGreaterThan(2);
    expect(JSON.stringify(diagnosis)).not.toContain(signature);
  });

  it('does not change what it is given', async () => {
    const facts = Object.freeze({
      token,
      now,
      discovery: Object.freeze({ issuer, jwks_uri: `${issuer}/jwks` }),
      jwks: Object.freeze({ keys: Object.freeze([]) }),
      provider: Object.freeze({ url: issuer, audiences: Object.freeze(['sts.amazonaws.com']) }),
    });
    const first = await explainWebIdentity(facts);
    expect(await explainWebIdentity(facts)).toEqual(first);
  });
});
