import { buildOidcProvider, buildTrustPolicy, measureTrustPolicy } from 'irsa/iam';
import { partitions } from '../../src/names/partition.js';
import { describe, expect, it } from 'vitest';
import { accountId, deepFreeze, echoer, hostPath, issuer, providerArn } from './support.js';

describe('buildTrustPolicy', () => {
  it('checks audience and subject of one service account', () => {
    expect(buildTrustPolicy(deepFreeze({ issuer, accountId, subjects: [echoer] }))).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Principal: { Federated: providerArn },
          Action: 'sts:AssumeRoleWithWebIdentity',
          Condition: {
            StringEquals: {
              [`${hostPath}:aud`]: 'sts.amazonaws.com',
              [`${hostPath}:sub`]: 'system:serviceaccount:default:s3-echoer',
            },
          },
        },
      ],
    });
  });

  it('uses StringLike for patterns only, in a statement of their own', () => {
    const { Statement } = buildTrustPolicy({
      issuer,
      accountId,
      subjects: [{ namespace: 'team-?', name: '*' }, echoer, { namespace: 'a', name: 'b' }],
    });
    expect(Statement.map(({ Condition }) => Condition)).toEqual([
      {
        StringEquals: {
          [`${hostPath}:aud`]: 'sts.amazonaws.com',
          [`${hostPath}:sub`]: [
            'system:serviceaccount:a:b',
            'system:serviceaccount:default:s3-echoer',
          ],
        },
      },
      {
        StringEquals: { [`${hostPath}:aud`]: 'sts.amazonaws.com' },
        StringLike: { [`${hostPath}:sub`]: 'system:serviceaccount:team-?:*' },
      },
    ]);
  });

  it('has the same bytes for the same set of service accounts', () => {
    const one = [echoer, { namespace: 'a', name: 'b' }];
    const bytes = (subjects: typeof one): string =>
      JSON.stringify(buildTrustPolicy({ issuer, accountId, subjects }));
    expect(bytes([...one, echoer].reverse())).toBe(bytes(one));
  });

  it('drops the audience only when told so aloud', () => {
    const build = (audience: string | null): string =>
      JSON.stringify(buildTrustPolicy({ issuer, accountId, subjects: [echoer], audience }));
    expect(build(null)).not.toContain(':aud');
    expect(build('other')).toContain(`"${hostPath}:aud":"other"`);
  });

  it.each(partitions)('names the provider in the partition %s', (partition) => {
    const text = JSON.stringify(
      buildTrustPolicy({ issuer, accountId, partition, subjects: [echoer] }),
    );
    expect(text).toContain(`"arn:${partition}:iam::111122223333:oidc-provider/${hostPath}"`);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['no subject', { subjects: [] }, 'ERR_TRUST_POLICY'],
    ['subjects that are no list', { subjects: echoer }, 'ERR_TRUST_POLICY'],
    ['an empty audience', { audience: '' }, 'ERR_TRUST_POLICY'],
    ['an issuer without https', { issuer: hostPath }, 'ERR_ISSUER'],
    ['a short account', { accountId: '123' }, 'ERR_ARN'],
    ['an unknown partition', { partition: 'aws-mars' }, 'ERR_ARN'],
    ['a name in capitals', { subjects: [{ namespace: 'Default', name: 'a' }] }, 'ERR_SUBJECT'],
    [
      'a pattern with a variable',
      { subjects: [{ namespace: '${aws:x}*', name: 'a' }] },
      'ERR_SUBJECT',
    ],
    ['a pattern with a colon', { subjects: [{ namespace: 'a*:b', name: 'a' }] }, 'ERR_SUBJECT'],
    ['an empty name beside a pattern', { subjects: [{ namespace: '*', name: '' }] }, 'ERR_SUBJECT'],
    ['a missing name', { subjects: [{ namespace: 'a' }] }, 'ERR_SUBJECT'],
  ])('refuses %s', (_, more, code) => {
    const options = { issuer, accountId, subjects: [echoer], ...more };
    expect(() => buildTrustPolicy(options)).toThrow(expect.objectContaining({ code }));
  });

  it('names the limit when no quota would let it in', () => {
    const subjects = Array.from({ length: 200 }, (_, index) => ({
      namespace: 'default',
      name: `app-${String(index)}`,
    }));
    expect(() => buildTrustPolicy({ issuer, accountId, subjects })).toThrow(
      expect.objectContaining({
        code: 'ERR_IAM_LIMIT',
        message: expect.stringContaining('8192') as string,
      }),
    );
    const fewer = buildTrustPolicy({ issuer, accountId, subjects: subjects.slice(0, 50) });
    const measured = measureTrustPolicy(fewer);
    expect(measured.limit).toBe(2048);
    expect(measured.headroom).toBeLessThan(0);
    expect(measured.length).toBe(JSON.stringify(fewer).length);
    expect(() => measureTrustPolicy(fewer, { limit: 9000 })).toThrow(TypeError);
  });
});

describe('buildOidcProvider', () => {
  it('has a default audience and normalises thumbprints', () => {
    const thumbprint = 'AB:'.repeat(20).slice(0, -1);
    expect(
      buildOidcProvider(
        deepFreeze({ issuer, thumbprints: [thumbprint, 'ab'.repeat(20)], tags: { b: '1', a: '' } }),
      ),
    ).toEqual({
      url: issuer,
      audiences: ['sts.amazonaws.com'],
      thumbprints: ['ab'.repeat(20)],
      tags: { a: '', b: '1' },
    });
  });

  const many = (count: number): string[] =>
    Array.from({ length: count }, (_, index) => String(index));
  it.each<[string, object, string, string]>([
    [
      '101 audiences',
      { audiences: many(101) },
      'ERR_IAM_LIMIT',
      'audiences (client IDs) of an OIDC provider: IAM takes at most 100',
    ],
    ['a long audience', { audiences: ['x'.repeat(256)] }, 'ERR_IAM_LIMIT', 'at most 255, got 256'],
    ['an empty audience', { audiences: [''] }, 'ERR_IAM_LIMIT', 'empty string'],
    ['an audience that is no text', { audiences: [1] }, 'ERR_IAM_LIMIT', 'number'],
    ['no audience', { audiences: [] }, 'ERR_IAM_LIMIT', 'accepts no token'],
    [
      'six thumbprints',
      { thumbprints: many(6).map((digit) => digit.repeat(40)) },
      'ERR_IAM_LIMIT',
      'at most 5, got 6',
    ],
    [
      'a SHA-256 thumbprint',
      { thumbprints: ['ab'.repeat(32)] },
      'ERR_CERTIFICATE',
      '40 hex digits',
    ],
    [
      '51 tags',
      { tags: Object.fromEntries(many(51).map((key) => [key, ''])) },
      'ERR_IAM_LIMIT',
      'at most 50, got 51',
    ],
    ['a tag that no resource takes', { tags: { k: 'a;b' } }, 'ERR_IAM_LIMIT', 'letters, digits'],
    ['a reserved tag', { tags: { 'aws:x': '1' } }, 'ERR_IAM_LIMIT', 'reserved'],
    ['a long tag key', { tags: { ['k'.repeat(129)]: '1' } }, 'ERR_IAM_LIMIT', 'at most 128'],
    ['a long tag value', { tags: { k: 'v'.repeat(257) } }, 'ERR_IAM_LIMIT', 'at most 256'],
    ['a long issuer', { issuer: `https://a.example/${'x'.repeat(255)}` }, 'ERR_ISSUER', '255'],
    ['http', { issuer: 'http://a.example' }, 'ERR_ISSUER', 'https://'],
  ])('refuses %s', (_, more, code, message) => {
    expect(() => buildOidcProvider({ issuer, ...more })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) as string }),
    );
  });
});
