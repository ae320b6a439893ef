import { checkTeardown, ownershipTag, planIssuer } from 'irsa/iam';
import type { IssuerSpec, ObservedBucket, ObservedIssuer } from 'irsa/iam';
import { describe, expect, it } from 'vitest';
import { applyChange, documentOf, jwksOf, type World } from './simulate-issuer.js';
import { accountId, deepFreeze } from './support.js';

const issuer = 'https://my-oidc.s3.eu-west-1.amazonaws.com';
const spec: IssuerSpec = {
  name: 'cluster-1',
  accountId,
  issuer,
  target: { kind: 's3', bucket: 'my-oidc', region: 'eu-west-1', via: 'public' },
  documents: [
    documentOf('.well-known/openid-configuration', JSON.stringify({ issuer })),
    jwksOf(['k1']),
  ],
  state: 'absent',
};
const carryOut = (world: World, desired: IssuerSpec): World =>
  planIssuer({ desired, observed: world }).reduce(
    (now, change) => applyChange(now, change, desired),
    world,
  );
const published = carryOut({ roles: [], served: {} }, { ...spec, state: 'published' });
const bucket: ObservedBucket = published.bucket!;
const check = (
  observed: ObservedIssuer,
  more: Partial<IssuerSpec> = {},
): ReturnType<typeof checkTeardown> =>
  checkTeardown(deepFreeze({ desired: { ...spec, ...more }, observed }));

describe('checkTeardown', () => {
  it('has nothing to say of a teardown that takes everything, before and after', () => {
    expect(check(published)).toEqual([]);
    expect(check(carryOut(published, spec))).toEqual([]);
    expect(check({})).toEqual([]);
    expect(check({}, { target: { kind: 'elsewhere' } })).toEqual([]);
  });

  const unmarked = bucket.objects.map((object) => ({ ...object, owned: false }));
  it.each<[string, Partial<ObservedBucket>, Partial<IssuerSpec>, string, string, string]>([
    ['lost its tag', { tags: {} }, {}, 'teardown-bucket-untagged', ownershipTag, 'adopt'],
    [
      'is another issuer’s',
      { tags: { [ownershipTag]: 'cluster-2' } },
      {},
      'teardown-bucket-of-another-issuer',
      'cluster-2',
      'name',
    ],
    [
      'is another issuer’s, whatever may be taken over',
      { tags: { [ownershipTag]: 'cluster-2' } },
      { adopt: true },
      'teardown-bucket-of-another-issuer',
      'cluster-2',
      'name',
    ],
    [
      'may not be read',
      { ownedByAccount: false, tags: {}, objects: [] },
      { adopt: true },
      'teardown-bucket-not-readable',
      '403',
      'permission',
    ],
    [
      'is in another region',
      { region: 'us-east-1', tags: {}, objects: [] },
      { adopt: true },
      'teardown-bucket-in-another-region',
      'us-east-1',
      'us-east-1',
    ],
  ])('says that a bucket is left which %s', (_, change, more, id, evidence, fix) => {
    const observed = { ...published, bucket: { ...bucket, ...change } };
    expect(check(observed, more)).toEqual([
      {
        id,
        severity: 'warning',
        title: expect.stringContaining('s3://my-oidc') as string,
        evidence: expect.stringContaining(evidence) as string,
        fix: expect.stringContaining(fix) as string,
      },
    ]);
    // What is told is what the plan leaves alone, and nothing else.
    const touched = planIssuer({ desired: { ...spec, ...more }, observed });
    expect(touched.filter(({ resource }) => resource.startsWith('s3:'))).toEqual([]);
    expect(touched.map(({ kind }) => kind)).toEqual(['delete-provider']);
  });

  it('says which of the documents stay that do not bear our mark', () => {
    const others = [{ path: 'notes.txt', owned: false }];
    const left = check({ ...published, bucket: { ...bucket, objects: [...unmarked, ...others] } });
    expect(left.map(({ id, severity }) => [id, severity])).toEqual([
      ['teardown-document-unmarked', 'warning'],
    ]);
    expect(left[0]?.evidence).toBe(
      's3://my-oidc/openid/v1/jwks, s3://my-oidc/.well-known/openid-configuration',
    );
  });

  const walkThrough = {
    Effect: 'Allow',
    Action: 's3:GetObject',
    Resource: 'arn:aws:s3:::my-oidc/*',
  };
  it.each([
    { Principal: '*' },
    { Principal: { AWS: '*' } },
    { Principal: { AWS: ['arn:aws:iam::111122223333:root', '*'] } },
    { NotPrincipal: { AWS: 'arn:aws:iam::111122223333:root' } },
  ])('says who may still read what will lie there, where nothing closes the bucket: %j', (who) => {
    const policy = {
      Statement: [...bucket.policy!.Statement, { ...walkThrough, ...who } as never],
    };
    // Block Public Access overrules the statement.
    expect(check({ ...published, bucket: { ...bucket, policy } })).toEqual([]);
    const store = { ...bucket, policy, unsupported: ['public-access-block'] as const };
    expect(check({ ...published, bucket: store })).toEqual([
      {
        id: 'teardown-bucket-still-open',
        severity: 'warning',
        title: expect.stringContaining('s3://my-oidc') as string,
        evidence: JSON.stringify({ ...walkThrough, ...who }),
        fix: expect.stringContaining('policy') as string,
      },
    ]);
    const deny = { ...walkThrough, ...who, Effect: 'Deny' } as never;
    expect(check({ bucket: { ...store, policy: { Statement: [deny] } } })).toEqual([]);
  });

  it('says nothing of a bucket without a tag that may be taken over', () => {
    expect(check({ ...published, bucket: { ...bucket, tags: {} } }, { adopt: true })).toEqual([]);
  });

  it('is about a teardown only', () => {
    expect(check({ bucket: { ...bucket, tags: {} } }, { state: 'published' })).toEqual([]);
  });
});
