import { buildIssuerBucketPolicy, buildIssuerDistribution, issuerBucketSettings } from 'irsa/iam';
import type { IssuerBucketPolicyOptions } from 'irsa/iam';
import { describe, expect, it } from 'vitest';
import { deepFreeze } from './support.js';

const paths = ['openid/v1/jwks', '.well-known/openid-configuration'];
const arn = 'arn:aws:cloudfront::111122223333:distribution/E2EXAMPLE';

describe('buildIssuerBucketPolicy', () => {
  it('opens exactly the documents to everybody', () => {
    expect(
      buildIssuerBucketPolicy(deepFreeze({ bucket: 'my-oidc', paths, via: 'public' })),
    ).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Sid: 'IrsaIssuerDocuments',
          Effect: 'Allow',
          Principal: '*',
          Action: 's3:GetObject',
          Resource: [
            'arn:aws:s3:::my-oidc/.well-known/openid-configuration',
            'arn:aws:s3:::my-oidc/openid/v1/jwks',
          ],
        },
      ],
    });
  });

  it('opens them to one distribution', () => {
    const [statement] = buildIssuerBucketPolicy({
      bucket: 'my-oidc',
      paths,
      via: { cloudFrontDistributionArn: arn },
    }).Statement;
    expect(statement).toMatchObject({
      Principal: { Service: 'cloudfront.amazonaws.com' },
      Condition: { StringEquals: { 'AWS:SourceArn': arn } },
    });
  });

  it.each([
    'aws',
    'aws-cn',
    'aws-us-gov',
    'aws-eusc',
    'aws-iso',
    'aws-iso-b',
    'aws-iso-e',
    'aws-iso-f',
  ] as const)('knows %s', (partition) => {
    const distribution = arn.replace('arn:aws:', `arn:${partition}:`);
    const text = JSON.stringify(
      buildIssuerBucketPolicy({
        bucket: 'my-oidc',
        paths,
        partition,
        via: { cloudFrontDistributionArn: distribution },
      }),
    );
    expect(text).toContain(`arn:${partition}:s3:::my-oidc/openid/v1/jwks`);
    expect(text).not.toMatch(/ListBucket|s3:\*|Acl|\/\*/);
  });

  it.each<[string, Partial<Record<keyof IssuerBucketPolicyOptions, unknown>>]>([
    ['a wildcard', { paths: ['*'] }],
    ['a variable', { paths: ['${aws:username}'] }],
    ['a leading slash', { paths: ['/openid/v1/jwks'] }],
    ['an empty path', { paths: [''] }],
    ['no path', { paths: [] }],
    ['a bucket ARN', { bucket: 'arn:aws:s3:::b' }],
    ['a bucket in capitals', { bucket: 'My-Oidc' }],
    ['an unknown partition', { partition: 'aws-mars' }],
    [
      'a distribution of another partition',
      { partition: 'aws-cn', via: { cloudFrontDistributionArn: arn } },
    ],
    ['another ARN', { via: { cloudFrontDistributionArn: 'arn:aws:iam::111122223333:role/x' } }],
    [
      'a distribution pattern',
      { via: { cloudFrontDistributionArn: 'arn:aws:cloudfront::111122223333:distribution/*' } },
    ],
  ])('refuses %s', (_, more) => {
    const options = {
      bucket: 'my-oidc',
      paths,
      via: 'public',
      ...more,
    } as IssuerBucketPolicyOptions;
    expect(() => buildIssuerBucketPolicy(options)).toThrow(
      expect.objectContaining({ code: 'ERR_ARN' }),
    );
  });
});

describe('issuerBucketSettings', () => {
  it('lets a public policy through for a public issuer only, and ACLs never', () => {
    expect(issuerBucketSettings('public')).toEqual({
      objectOwnership: 'BucketOwnerEnforced',
      publicAccessBlock: {
        BlockPublicAcls: true,
        IgnorePublicAcls: true,
        BlockPublicPolicy: false,
        RestrictPublicBuckets: false,
      },
    });
    for (const via of ['cloudfront', 'nobody'] as const) {
      expect(Object.values(issuerBucketSettings(via).publicAccessBlock)).toEqual([
        true,
        true,
        true,
        true,
      ]);
    }
  });
});

describe('buildIssuerDistribution', () => {
  it('bounds the cache and speaks https only', () => {
    const built = buildIssuerDistribution({
      bucket: 'my-oidc',
      region: 'eu-west-1',
      maxTtlSeconds: 60,
    });
    expect(built.cachePolicy).toMatchObject({
      minTtlSeconds: 0,
      defaultTtlSeconds: 60,
      maxTtlSeconds: 60,
    });
    expect(built.distribution).toMatchObject({
      originDomainName: 'my-oidc.s3.eu-west-1.amazonaws.com',
      viewerProtocolPolicy: 'https-only',
    });
    expect(built.originAccessControl).toMatchObject({
      signingBehavior: 'always',
      signingProtocol: 'sigv4',
    });
    expect(built.originAccessControl.name.length).toBeLessThanOrEqual(64);
  });

  it.each<[string, object]>([
    ['a day and a second', { maxTtlSeconds: 86_401 }],
    ['a fraction', { maxTtlSeconds: 0.5 }],
    ['an alias without certificate', { aliases: ['oidc.example.com'] }],
    [
      'a certificate without alias',
      { certificateArn: 'arn:aws:acm:us-east-1:111122223333:certificate/x' },
    ],
  ])('refuses %s', (_, more) => {
    expect(() =>
      buildIssuerDistribution({ bucket: 'my-oidc', region: 'eu-west-1', ...more }),
    ).toThrow(expect.objectContaining({ code: 'ERR_PLAN' }));
  });
});
