import { buildTrustPolicy } from 'irsa/iam';
import { buildJwks, readPublicKeys } from 'irsa/oidc';
import type { LocalIssuerFault, ServiceAccountTokenOptions } from 'irsa/testing';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  clock,
  createMaterial,
  issuerUrl,
  startLocalIrsa,
  type LocalIrsa,
  type LocalIrsaOptions,
  type Material,
} from '../support/local-irsa.js';

let material: Material;
let running: LocalIrsa | undefined;
beforeAll(async () => {
  material = await createMaterial();
});
afterEach(async () => {
  await running?.close();
  running = undefined;
});

const seconds = Math.floor(clock.getTime() / 1000);
const noKey =
  "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements";
const notValidated =
  'The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for requirements.';
const invalidJwt =
  'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)';
const denied = 'Not authorized to perform sts:AssumeRoleWithWebIdentity';

interface Row {
  readonly what: string;
  readonly token?: Partial<ServiceAccountTokenOptions>;
  readonly setUp?: LocalIrsaOptions;
  readonly issuerFault?: LocalIssuerFault;
  readonly rawToken?: (token: string) => string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly status?: number;
  readonly code: string;
  readonly message: string | RegExp;
}

const trust = (changes: Partial<Parameters<typeof buildTrustPolicy>[0]>): LocalIrsaOptions => ({
  trustPolicy: buildTrustPolicy({
    issuer: issuerUrl,
    accountId: '111122223333',
    subjects: [{ namespace: 'default', name: 's3-echoer' }],
    ...changes,
  }),
});

const invalidToken = (
  what: string,
  message: string,
  rest: Omit<Row, 'what' | 'code' | 'message'>,
): Row => ({ what, code: 'InvalidIdentityToken', message, ...rest });

const rows: readonly Row[] = [
  invalidToken(
    'issuer without provider',
    `No OpenIDConnect provider found in your account for ${issuerUrl}`,
    { setUp: { provider: null } },
  ),
  invalidToken(
    'provider with a trailing slash',
    `No OpenIDConnect provider found in your account for ${issuerUrl}`,
    { setUp: { provider: { url: `${issuerUrl}/` } } },
  ),
  invalidToken(
    'token issuer with a trailing slash',
    `No OpenIDConnect provider found in your account for ${issuerUrl}/`,
    { token: { issuer: `${issuerUrl}/` } },
  ),
  invalidToken(
    'role of another account',
    `No OpenIDConnect provider found in your account for ${issuerUrl}`,
    { parameters: { RoleArn: 'arn:aws:iam::999999999999:role/s3-echoer' } },
  ),
  invalidToken('audience that is no client ID', 'Incorrect token audience', {
    token: { audience: 'sts.amazon.com' },
  }),
  invalidToken('provider without our client ID', 'Incorrect token audience', {
    setUp: { provider: { audiences: ['amazonaws.com'] } },
  }),
  invalidToken('azp that is no client ID', notValidated, { token: { claims: { azp: 'other' } } }),
  invalidToken('empty azp', notValidated, { token: { claims: { azp: '' } } }),
  invalidToken(
    'two audiences',
    'Token audience contains more than one audience while authorized party is not present',
    { token: { audience: ['sts.amazonaws.com', 'vault'] } },
  ),
  invalidToken('foreign signature under a known kid', notValidated, {
    rawToken: (token) => token.replace(/.{20}$/, 'AAAAAAAAAAAAAAAAAAAA'),
  }),
  invalidToken('key_ops in the JWK', notValidated, {
    issuerFault: { document: 'jwks', kind: 'body', body: 'KEY_OPS' },
  }),
  invalidToken('use=enc in the JWK', noKey, {
    issuerFault: { document: 'jwks', kind: 'body', body: 'USE_ENC' },
  }),
  invalidToken('JWK without kid', noKey, {
    issuerFault: { document: 'jwks', kind: 'body', body: 'NO_KID' },
  }),
  invalidToken('101 RSA keys', noKey, {
    issuerFault: { document: 'jwks', kind: 'body', body: 'MANY' },
  }),
  invalidToken('JWKS of another key', noKey, { setUp: { publishedKeys: 'OTHER' } }),
  invalidToken('kid that is not published', noKey, { token: { header: { kid: 'unknown' } } }),
  invalidToken('empty kid in the token', noKey, { token: { header: { kid: '' } } }),
  invalidToken('discovery 403', noKey, {
    issuerFault: { document: 'discovery', kind: 'status', status: 403 },
  }),
  invalidToken('JWKS 404', noKey, {
    issuerFault: { document: 'jwks', kind: 'status', status: 404 },
  }),
  invalidToken('redirect', noKey, {
    issuerFault: { kind: 'redirect', location: 'https://elsewhere.test/' },
  }),
  invalidToken('JWKS not JSON', noKey, {
    issuerFault: { document: 'jwks', kind: 'body', body: '<html>' },
  }),
  invalidToken('JWKS empty', noKey, {
    issuerFault: { document: 'jwks', kind: 'body', body: '{"keys":[]}' },
  }),
  invalidToken('issuer silent', noKey, { issuerFault: { kind: 'hang' } }),
  invalidToken('issuer slower than the limit', noKey, {
    issuerFault: { kind: 'slow', delayMs: 600 },
  }),
  invalidToken('connection cut', noKey, { issuerFault: { kind: 'reset' } }),
  invalidToken('document issuer with a trailing slash', noKey, {
    issuerFault: {
      document: 'discovery',
      kind: 'body',
      body: JSON.stringify({ issuer: `${issuerUrl}/`, jwks_uri: `${issuerUrl}/openid/v1/jwks` }),
    },
  }),
  invalidToken('jwks_uri over http', noKey, {
    issuerFault: {
      document: 'discovery',
      kind: 'body',
      body: JSON.stringify({ issuer: issuerUrl, jwks_uri: 'http://oidc.irsa.test/jwks' }),
    },
  }),
  ...['iss', 'sub', 'aud', 'iat', 'exp'].map((claim) =>
    invalidToken(`no ${claim}`, `Missing a required claim: ${claim}`, {
      token: { claims: { [claim]: undefined } },
    }),
  ),
  invalidToken('fractional iat', 'Invalid timestamp in token claims.', {
    token: { claims: { iat: 1.5 } },
  }),
  invalidToken('null exp', 'Invalid timestamp in token claims.', {
    token: { claims: { exp: null } },
  }),
  invalidToken('nbf of text', 'Invalid timestamp in token claims.', {
    token: { claims: { nbf: 'soon' } },
  }),
  invalidToken('not a JWT', invalidJwt, { rawToken: () => 'hello-opaque-token' }),
  invalidToken('stray text', invalidJwt, { rawToken: (token) => `token: ${token}` }),
  invalidToken('crit header', invalidJwt, { token: { header: { crit: ['b64'] } } }),
  invalidToken('alg none', invalidJwt, { token: { header: { alg: 'none' } } }),
  invalidToken('alg PS256', invalidJwt, { token: { header: { alg: 'PS256' } } }),
  invalidToken(
    'principal_tags of text',
    'principal_tags passed in claim is not in correct format.',
    { token: { claims: { 'https://aws.amazon.com/tags': { principal_tags: { team: 'a' } } } } },
  ),
  invalidToken('ProviderId', 'Provided Token is not a Login With Amazon token', {
    parameters: { ProviderId: 'www.amazon.com' },
  }),
  {
    what: 'expired for 301 s',
    token: { claims: { exp: seconds - 301 } },
    code: 'ExpiredTokenException',
    message: `Token expired: current date/time ${String(seconds - 300)} must be before the expiration date/time ${String(seconds - 301)}`,
  },
  {
    what: 'issued in the future',
    token: { claims: { iat: seconds + 301 } },
    code: 'InvalidIdentityToken',
    message: notValidated,
  },
  {
    what: 'not valid yet',
    token: { claims: { nbf: seconds + 301 } },
    code: 'InvalidIdentityToken',
    message: notValidated,
  },
  {
    what: 'sub null',
    token: { claims: { sub: null } },
    status: 500,
    code: 'InternalFailure',
    message: 'Unknown error validating third-party token',
  },
  {
    what: 'another service account',
    token: { serviceAccount: 'other' },
    status: 403,
    code: 'AccessDenied',
    message: denied,
  },
  {
    what: 'another namespace',
    token: { namespace: 'kube-system' },
    status: 403,
    code: 'AccessDenied',
    message: denied,
  },
  {
    what: 'trust policy wants another audience',
    setUp: { ...trust({ audience: 'amazonaws.com' }) },
    status: 403,
    code: 'AccessDenied',
    message: denied,
  },
  {
    what: 'trust policy of another issuer',
    setUp: trust({ issuer: 'https://elsewhere.test' }),
    status: 403,
    code: 'AccessDenied',
    message: denied,
  },
  {
    what: 'no such role',
    setUp: { role: null },
    status: 403,
    code: 'AccessDenied',
    message: denied,
  },
  {
    what: 'session tags without sts:TagSession',
    token: { claims: { 'https://aws.amazon.com/tags': { principal_tags: { team: ['a'] } } } },
    status: 403,
    code: 'AccessDenied',
    message: denied,
  },
  {
    what: 'unknown ProviderId',
    parameters: { ProviderId: 'example.com' },
    status: 403,
    code: 'AccessDenied',
    message: denied,
  },
  {
    what: 'role ARN of another kind',
    parameters: { RoleArn: 'arn:aws:iam::111122223333:instance-profile/x' },
    code: 'ValidationError',
    message: 'Request ARN is invalid',
  },
  {
    what: 'duration above the role’s',
    parameters: { DurationSeconds: '7200' },
    code: 'ValidationError',
    message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
  },
  {
    what: 'duration of a minute',
    parameters: { DurationSeconds: '60' },
    code: 'ValidationError',
    message:
      /^1 validation error detected: Value '60' at 'durationSeconds' failed to satisfy constraint/,
  },
  {
    what: 'session name with a space',
    parameters: { RoleSessionName: 'a b' },
    code: 'ValidationError',
    message:
      "1 validation error detected: Value 'a b' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
  },
  {
    what: 'session name of one letter',
    parameters: { RoleSessionName: 'a' },
    code: 'ValidationError',
    message: /roleSessionName.*greater than or equal to 2/,
  },
  {
    what: 'token of 20,001 characters',
    rawToken: () => 'a'.repeat(20_001),
    code: 'ValidationError',
    message: /webIdentityToken.*less than or equal to 20000/,
  },
  {
    what: 'session policy that is not JSON',
    parameters: { Policy: '{' },
    code: 'MalformedPolicyDocument',
    message: /Json/,
  },
];

async function jwksWith(change: string): Promise<string> {
  const { keys } = await readPublicKeys(material.signing.publicKeyPem);
  const [key] = (await buildJwks(keys)).keys;
  const withoutKid = Object.fromEntries(Object.entries(key!).filter(([name]) => name !== 'kid'));
  const bodies: Readonly<Record<string, unknown>> = {
    KEY_OPS: [{ ...key, key_ops: ['verify'] }],
    USE_ENC: [{ ...key, use: 'enc' }],
    NO_KID: [withoutKid],
    MANY: Array.from({ length: 101 }, (_, index) => ({
      ...key,
      kid: index === 0 ? key!.kid : String(index),
    })),
  };
  return JSON.stringify({ keys: bodies[change] });
}

const prepared = async (fault: LocalIssuerFault): Promise<LocalIssuerFault> =>
  fault.kind === 'body' && /^[A-Z_]+$/.test(fault.body)
    ? { ...fault, body: await jwksWith(fault.body) }
    : fault;

describe('STS refuses what AWS refuses, in AWS’s words', () => {
  it.each(rows)('$what → $code', async (row) => {
    const silent = row.issuerFault?.kind === 'hang' || row.issuerFault?.kind === 'slow';
    running = await startLocalIrsa(material, {
      ...row.setUp,
      aws: { fetchTimeoutMs: silent ? 400 : 5000 },
      ...(row.setUp?.publishedKeys === 'OTHER'
        ? { publishedKeys: material.other.publicKeyPem }
        : {}),
    });
    if (row.issuerFault !== undefined) running.issuer.setFault(await prepared(row.issuerFault));
    const token = await running.mint(row.token);
    const reply = await running.assume({
      WebIdentityToken: row.rawToken?.(token) ?? token,
      ...row.parameters,
    });
    expect(reply).toMatchObject({ status: row.status ?? 400, code: row.code });
    if (typeof row.message === 'string') expect(reply.message).toBe(row.message);
    else expect(reply.message).toMatch(row.message);
  });
});

describe('STS takes what AWS takes', () => {
  it.each<readonly [string, Partial<ServiceAccountTokenOptions>]>([
    ['the healthy token', {}],
    ['expired for 299 s', { claims: { exp: seconds - 299 } }],
    ['issued 300 s in the future', { claims: { iat: seconds + 300 } }],
    ['an audience that is text', { claims: { aud: 'sts.amazonaws.com' } }],
    ['timestamps of digits', { claims: { iat: String(seconds), exp: String(seconds + 60) } }],
    ['azp that is a client ID', { claims: { aud: ['a', 'b'], azp: 'sts.amazonaws.com' } }],
    ['no kid, where there is one key', { header: { kid: undefined } }],
  ])('%s', async (_, changes) => {
    running = await startLocalIrsa(material);
    expect(await running.assume({ WebIdentityToken: await running.mint(changes) })).toMatchObject({
      status: 200,
    });
  });

  it('an EC key, a line feed after the token, and a session that outlives it', async () => {
    running = await startLocalIrsa(material, {
      publishedKeys: `${material.signing.publicKeyPem}\n${material.ec.publicKeyPem}`,
      maxSessionDurationSeconds: 7200,
    });
    const token = await running.mint({
      privateKeyPem: material.ec.privateKeyPem,
      lifetimeSeconds: 600,
    });
    const reply = await running.assume({ WebIdentityToken: `${token}\n`, DurationSeconds: '7200' });
    expect(reply.body).toContain('<Expiration>2026-11-23T14:00:00Z</Expiration>');
  });

  it('keeps an issuer’s keys as long as told, and forgets them when the provider changes', async () => {
    running = await startLocalIrsa(material, { aws: { jwksCacheSeconds: 300 } });
    const assumeWith = async (privateKeyPem: string): Promise<number> => {
      const token = await running!.mint({ privateKeyPem });
      return (await running!.assume({ WebIdentityToken: token })).status;
    };
    expect(await assumeWith(material.signing.privateKeyPem)).toBe(200);
    await running.issuer.setKeys(material.other.publicKeyPem);
    expect(await assumeWith(material.signing.privateKeyPem)).toBe(200);
    expect(await assumeWith(material.other.privateKeyPem)).toBe(400);
    expect(running.issuer.requests()).toHaveLength(2);
  });
});
