import fc from 'fast-check';
import { oidcProviderArn, parseArn, roleArn } from 'irsa/iam';
import { partitions } from '../../src/names/partition.js';
import { describe, expect, it } from 'vitest';

const accountId = '012345678901';

describe('roleArn', () => {
  it('writes path and partition, and keeps leading zeros', () => {
    expect(roleArn({ accountId, roleName: 'r' })).toBe('arn:aws:iam::012345678901:role/r');
    expect(roleArn({ accountId, roleName: 'r', path: '/a/b/', partition: 'aws-cn' })).toBe(
      'arn:aws-cn:iam::012345678901:role/a/b/r',
    );
  });

  it.each<[string, Record<string, unknown>]>([
    ['a number as the account', { accountId: 12345678901 }],
    ['a short account', { accountId: '1' }],
    ['an account with a line end', { accountId: `${accountId}\n` }],
    ['no role name', { roleName: '' }],
    ['a role name with a path', { roleName: 'a/b' }],
    ['65 characters', { roleName: 'a'.repeat(65) }],
    ['a role name that is no text', { roleName: undefined }],
    ['a path without slashes', { path: 'a' }],
    ['a path of 513 characters', { path: `/${'a'.repeat(511)}/` }],
    ['an unknown partition', { partition: 'aws-mars' }],
  ])('refuses %s', (_, more) => {
    expect(() => roleArn({ accountId, roleName: 'r', ...more })).toThrow(
      expect.objectContaining({ code: 'ERR_ARN' }),
    );
  });
});

describe('oidcProviderArn', () => {
  it('drops the scheme and keeps the rest byte for byte', () => {
    expect(
      oidcProviderArn({ issuer: 'https://Host.example/A/', accountId, partition: 'aws-us-gov' }),
    ).toBe('arn:aws-us-gov:iam::012345678901:oidc-provider/Host.example/A/');
    expect(() => oidcProviderArn({ issuer: 'http://h', accountId })).toThrow(
      expect.objectContaining({ code: 'ERR_ISSUER' }),
    );
  });
});

describe('parseArn', () => {
  it('is the inverse of what we write, in every partition', () => {
    const roleName = fc.stringMatching(/^[\w+=,.@-]{1,64}$/);
    fc.assert(
      fc.property(
        fc.constantFrom(...partitions),
        fc.stringMatching(/^\d{12}$/),
        roleName,
        (partition, account, name) => {
          expect(parseArn(roleArn({ accountId: account, roleName: name, partition }))).toEqual({
            partition,
            service: 'iam',
            region: '',
            accountId: account,
            resource: `role/${name}`,
          });
        },
      ),
      { numRuns: 200 },
    );
  });

  it('reads resources with colons and slashes, and policies of AWS', () => {
    expect(parseArn('arn:aws:sns:eu-west-1:111122223333:t:sub').resource).toBe('t:sub');
    expect(parseArn('arn:aws:iam::aws:policy/AmazonS3FullAccess').accountId).toBe('aws');
    expect(parseArn('arn:aws:s3:::my-oidc/openid/v1/jwks').resource).toBe('my-oidc/openid/v1/jwks');
  });

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['an empty text', ''],
    ['a URL', 'https://oidc.example.com'],
    ['too few parts', 'arn:aws:iam::111122223333'],
    ['no resource', 'arn:aws:iam::111122223333:'],
    ['a service in capitals', 'arn:aws:IAM::111122223333:role/a'],
    ['an unknown partition', 'arn:aws-mars:iam::111122223333:role/a'],
    ['a short account', 'arn:aws:iam::1:role/a'],
    ['a space before', ' arn:aws:iam::111122223333:role/a'],
    ['1 MB', `arn:aws:iam::111122223333:${'x'.repeat(1_000_000)}`],
  ])('refuses %s', (_, value) => {
    expect(() => parseArn(value as string)).toThrow(expect.objectContaining({ code: 'ERR_ARN' }));
  });

  it('answers any text with parts or ERR_ARN', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `arn:aws:iam::111122223333:${text}`),
        ),
        (text) => {
          try {
            const { partition, service, region, accountId: account, resource } = parseArn(text);
            expect(['arn', partition, service, region, account, resource].join(':')).toBe(text);
          } catch (error) {
            expect(error).toMatchObject({ code: 'ERR_ARN' });
          }
        },
      ),
    );
  });
});
