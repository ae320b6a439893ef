import { explainWebIdentity, type BucketFact, type FindingId } from 'irsa/diagnose';
import { buildIssuerBucketPolicy } from 'irsa/iam';
import { mintServiceAccountToken } from 'irsa/testing';
import { generateSigningKey, parseIssuer } from 'irsa/oidc';
import { beforeAll, describe, expect, it } from 'vitest';

const now = new Date('2026-11-23T12:00:00Z');
const issuer = parseIssuer('https://irsa-b.s3.eu-west-1.amazonaws.com');
let token: string;
beforeAll(async () => {
  const { privateKeyPem } = await generateSigningKey({ algorithm: 'ES256' });
  token = await mintServiceAccountToken({
    privateKeyPem,
    issuer,
    namespace: 'default',
    serviceAccount: 'a',
    now,
  });
});

const open = { blockPublicPolicy: false, restrictPublicBuckets: false };
const closed = { blockPublicPolicy: true, restrictPublicBuckets: true };
const policy = buildIssuerBucketPolicy({
  bucket: 'irsa-b',
  paths: ['.well-known/openid-configuration', 'openid/v1/jwks'],
  via: 'public',
});
const viaCloudFront = buildIssuerBucketPolicy({
  bucket: 'irsa-b',
  paths: ['.well-known/openid-configuration'],
  via: { cloudFrontDistributionArn: 'arn:aws:cloudfront::111122223333:distribution/E1' },
});

describe('a 403 of a bucket', () => {
  it.each<readonly [string, FindingId, Omit<BucketFact, 'name'>]>([
    [
      'the account’s block outweighs bucket and policy',
      'issuer-account-public-access-block',
      { accountPublicAccessBlock: closed, publicAccessBlock: open, policy },
    ],
    [
      'the account’s block keeps the policy from being put',
      'issuer-account-public-access-block',
      {
        accountPublicAccessBlock: { ...open, blockPublicPolicy: true },
        publicAccessBlock: open,
        policy: null,
      },
    ],
    ['the bucket’s block', 'issuer-public-access-block', { publicAccessBlock: closed, policy }],
    ['no policy', 'issuer-bucket-policy', { publicAccessBlock: null, policy: null }],
    ['a policy for CloudFront', 'issuer-bucket-policy', { policy: viaCloudFront }],
    ['a policy that is not JSON', 'issuer-bucket-policy', { policy: 'Version: 2012' }],
    ['all of it open: an object of another owner, or its KMS key', 'issuer-forbidden', { policy }],
    ['nothing known', 'issuer-forbidden', {}],
  ])('%s', async (_, id, bucket) => {
    const { findings, stsError } = await explainWebIdentity({
      token,
      now,
      provider: { url: issuer, audiences: ['sts.amazonaws.com'] },
      bucket: { name: 'irsa-b', ...bucket },
      fetches: (['discovery', 'jwks'] as const).map((document) => ({
        document,
        url: `${issuer}/${document === 'jwks' ? 'openid/v1/jwks' : '.well-known/openid-configuration'}`,
        status: 403,
      })),
    });
    const errors = findings.filter(({ severity }) => severity === 'error');
    expect(errors.map((finding) => finding.id)).toEqual([id]);
    expect(stsError?.message).toContain("Couldn't retrieve verification key");
  });
});
