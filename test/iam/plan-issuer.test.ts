import fc from 'fast-check';
import {
  buildOidcProvider,
  buildTrustPolicy,
  evaluateTrustPolicy,
  oidcProviderArn,
  ownershipTag,
  planIssuer,
} from 'irsa/iam';
import type { IssuerSpec, ObservedBucket, ObservedIssuer, TrustPolicy } from 'irsa/iam';
import { describe, expect, it } from 'vitest';
import {
  applyChange,
  checkCase,
  documentOf,
  followable,
  jwksOf,
  randomCase,
  readable,
  type World,
} from './simulate-issuer.js';
import { accountId, deepFreeze, echoer } from './support.js';

const issuer = 'https://my-oidc.s3.eu-west-1.amazonaws.com';
const providerArn = oidcProviderArn({ issuer, accountId });
const discovery = documentOf('.well-known/openid-configuration', JSON.stringify({ issuer }));
const spec: IssuerSpec = {
  name: 'cluster-1',
  accountId,
  issuer,
  target: { kind: 's3', bucket: 'my-oidc', region: 'eu-west-1', via: 'public' },
  documents: [discovery, jwksOf(['k1'])],
  roles: [{ roleName: 's3-echoer', subjects: [echoer] }],
};
const plan = (
  observed: ObservedIssuer,
  more: Partial<IssuerSpec> = {},
): ReturnType<typeof planIssuer> =>
  planIssuer(deepFreeze({ desired: { ...spec, ...more }, observed }));
const kinds = (observed: ObservedIssuer, more: Partial<IssuerSpec> = {}): string[] =>
  plan(observed, more).map(({ kind }) => kind);
const finish = (world: World, desired: IssuerSpec): World =>
  planIssuer({ desired, observed: world }).reduce(
    (now, change) => applyChange(now, change, desired),
    world,
  );
const published = finish({ roles: [], served: {} }, spec);
const bucket: ObservedBucket = published.bucket!;

describe('planIssuer', () => {
  it('builds the issuer in the order in which it becomes true', () => {
    expect(kinds({})).toEqual([
      'create-bucket',
      'tag-bucket',
      'set-bucket-ownership',
      'put-object',
      'set-public-access-block',
      'put-bucket-policy',
      'put-object',
      'create-provider',
      'create-role',
    ]);
    expect(
      plan({})
        .filter(({ kind }) => kind === 'put-object')
        .map(({ resource }) => resource),
    ).toEqual(['s3://my-oidc/openid/v1/jwks', 's3://my-oidc/.well-known/openid-configuration']);
  });

  it('moves the JWKS so that an anonymous reader can follow after each change', () => {
    const pointing = (path: string): IssuerSpec['documents'] => [
      documentOf(discovery.path, JSON.stringify({ issuer, jwks_uri: `${issuer}/${path}` })),
      { ...jwksOf(['k1']), path },
    ];
    const before = finish(
      { roles: [], served: {} },
      { ...spec, documents: pointing('openid/v1/jwks') },
    );
    const desired = { ...spec, documents: pointing('keys/jwks') };
    let now = before;
    for (const change of planIssuer({ desired, observed: before })) {
      now = applyChange(now, change, desired);
      expect(followable(now, issuer), change.id).toBe(true);
      // The discovery document of before may be cached for an hour.
      expect(readable(now, 'openid/v1/jwks'), change.id).toBe(true);
    }
    expect(now.bucket?.objects.map(({ path }) => path)).toContain('keys/jwks');
    expect(planIssuer({ desired, observed: now })).toEqual([]);
    expect(readable(now, 'openid/v1/jwks')).toBe(true);
  });

  it('says reason, risk and undo of every change, and which cannot be undone', () => {
    const changes = [...plan({}), ...plan(published, { state: 'absent', releaseBucketName: true })];
    for (const change of changes) {
      for (const field of ['id', 'resource', 'reason', 'risk', 'undo'] as const) {
        expect(change[field].length, `${change.id} ${field}`).toBeGreaterThan(3);
      }
    }
    expect(changes.filter(({ reversible }) => !reversible).map(({ kind }) => kind)).toEqual([
      'delete-bucket',
    ]);
  });

  it('answers the same bytes for the same input, and nothing when nothing drifted', () => {
    expect(JSON.stringify(plan({}))).toBe(JSON.stringify(plan({})));
    expect(plan(published)).toEqual([]);
  });

  it.each<[string, Partial<ObservedBucket>, string]>([
    ['ownership', { ownership: 'ObjectWriter' }, 'set-bucket-ownership'],
    [
      'public access block',
      {
        publicAccessBlock: {
          BlockPublicAcls: false,
          IgnorePublicAcls: false,
          BlockPublicPolicy: false,
          RestrictPublicBuckets: false,
        },
      },
      'set-public-access-block',
    ],
    ['policy', { policy: { Version: '2012-10-17', Statement: [] } }, 'put-bucket-policy'],
    [
      'content type',
      { objects: bucket.objects.map((object) => ({ ...object, contentType: 'text/plain' })) },
      'put-object',
    ],
    [
      'cache control',
      { objects: bucket.objects.map((object) => ({ ...object, cacheControl: 'no-store' })) },
      'put-object',
    ],
    ['a missing document', { objects: bucket.objects.slice(0, 1) }, 'put-object'],
  ])('repairs drift of %s alone', (_, drift, kind) => {
    const changes = plan({ ...published, bucket: { ...bucket, ...drift } });
    expect(new Set(changes.map((change) => change.kind))).toEqual(new Set([kind]));
    expect(changes[0]?.after).toBeDefined();
  });

  it('reads the forms in which S3 may answer our own policy', () => {
    const [statement] = bucket.policy?.Statement ?? [];
    const said = {
      ...statement!,
      Principal: { AWS: '*' },
      Action: ['s3:GetObject'],
      Resource: [...(statement!.Resource as string[])].reverse(),
    };
    expect(plan({ ...published, bucket: { ...bucket, policy: { Statement: [said] } } })).toEqual(
      [],
    );
  });

  it('leaves out what the server does not know', () => {
    const unsupported = ['tags', 'ownership', 'public-access-block', 'policy'] as const;
    const store = { ownedByAccount: true, tags: {}, objects: [], unsupported };
    expect(kinds({ bucket: store }, { provider: null, roles: [] })).toEqual([
      'put-object',
      'put-object',
    ]);
  });

  it('adds audiences and thumbprints to the provider, and removes none', () => {
    const provider = {
      ...published.provider!,
      audiences: ['other'],
      thumbprints: ['b'.repeat(40)],
    };
    const [add, ...rest] = plan({ ...published, provider });
    expect(add).toMatchObject({
      kind: 'add-audiences',
      before: ['other'],
      after: ['sts.amazonaws.com'],
    });
    expect(rest).toEqual([]);
  });

  it('repairs each part of the provider that has drifted: audiences, thumbprints, tags', () => {
    const wanted = buildOidcProvider({
      issuer,
      audiences: ['sts.amazonaws.com', 'another'],
      thumbprints: ['a'.repeat(40)],
      tags: { team: 'platform' },
    });
    const drifted = {
      ...published.provider!,
      thumbprints: ['b'.repeat(40)],
      tags: { [ownershipTag]: 'cluster-1', team: 'other', cost: '7' },
    };
    const changes = plan({ ...published, provider: drifted }, { provider: wanted });
    expect(changes).toMatchObject([
      { kind: 'add-audiences', after: ['another'] },
      { kind: 'set-thumbprints', before: ['b'.repeat(40)], after: ['a'.repeat(40)] },
      { kind: 'tag-provider', before: drifted.tags, after: { team: 'platform' } },
    ]);
    const desired = { ...spec, provider: wanted };
    const repaired = finish({ ...published, provider: drifted }, desired);
    expect(planIssuer({ desired, observed: repaired })).toEqual([]);
    expect(repaired.provider?.tags['cost']).toBe('7');
  });

  it('binds into an existing role and keeps its other statements', () => {
    const ec2 = {
      Effect: 'Allow',
      Principal: { Service: 'ec2.amazonaws.com' },
      Action: 'sts:AssumeRole',
    } as const;
    const role = {
      roleName: 's3-echoer',
      tags: {},
      trustPolicy: { Version: '2012-10-17', Statement: [ec2] } as const,
    };
    const [change] = plan({ ...published, roles: [role] });
    if (change?.kind !== 'set-trust-policy') throw new Error(String(change?.kind));
    expect(change.after?.Statement[0]).toEqual(ec2);
    const claims = { sub: 'system:serviceaccount:default:s3-echoer', aud: 'sts.amazonaws.com' };
    expect(evaluateTrustPolicy(change.after!, { providerArn, claims }).allowed).toBe(true);
  });

  it('sees that a role which names a pattern under StringEquals lets nobody in', () => {
    const anyone = { namespace: 'default', name: '*' };
    const built = buildTrustPolicy({ issuer, accountId, subjects: [anyone] });
    const trustPolicy = JSON.parse(
      JSON.stringify(built).replace('},"StringLike":{', ','),
    ) as TrustPolicy;
    expect(Object.keys(trustPolicy.Statement[0]?.Condition ?? {})).toEqual(['StringEquals']);
    const more = { roles: [{ roleName: 's3-echoer', subjects: [anyone] }] };
    const roles = [{ roleName: 's3-echoer', tags: {}, trustPolicy }];
    expect(kinds({ ...published, roles }, more)).toEqual(['set-trust-policy']);
  });

  it('plans IAM only for documents that are served elsewhere', () => {
    expect(kinds({}, { target: { kind: 'elsewhere' } })).toEqual([
      'create-provider',
      'create-role',
    ]);
    expect(kinds({}, { target: { kind: 'elsewhere' }, provider: null, roles: [] })).toEqual([]);
  });

  it('creates CloudFront before the issuer has a name, and trusts only that distribution afterwards', () => {
    const target = {
      kind: 's3',
      bucket: 'my-oidc',
      region: 'cn-north-1',
      via: 'cloudfront',
    } as const;
    const early: IssuerSpec = {
      name: 'cluster-1',
      accountId,
      partition: 'aws-cn',
      target,
      documents: [],
    };
    const changes = planIssuer({ desired: early, observed: {} });
    expect(changes.map(({ kind }) => kind)).toEqual([
      'create-bucket',
      'tag-bucket',
      'set-bucket-ownership',
      'create-origin-access-control',
      'create-cache-policy',
      'create-distribution',
      'set-public-access-block',
    ]);
    expect(changes[5]?.after).toMatchObject({
      spec: { originDomainName: 'my-oidc.s3.cn-north-1.amazonaws.com.cn' },
    });
    const made = finish({ roles: [], served: {} }, early);
    const named = 'https://d1.cloudfront.net';
    const complete = {
      ...spec,
      partition: 'aws-cn',
      target,
      issuer: named,
      documents: [documentOf(discovery.path, JSON.stringify({ issuer: named })), jwksOf(['k1'])],
    } as const;
    const later = planIssuer({ desired: complete, observed: made });
    expect(JSON.stringify(later)).toContain(
      '"AWS:SourceArn":"arn:aws-cn:cloudfront::111122223333:distribution/E1"',
    );
    expect(later.map(({ kind }) => kind)).toContain('invalidate-distribution');
  });

  it('forgets what the edges still serve', () => {
    const target = { ...spec.target, via: 'cloudfront' } as IssuerSpec['target'];
    const desired = { ...spec, target };
    const world = finish({ roles: [], served: {} }, desired);
    expect(
      planIssuer({ desired, observed: { ...world, served: { 'openid/v1/jwks': 'old' } } }),
    ).toMatchObject([{ kind: 'invalidate-distribution', after: { paths: ['/openid/v1/jwks'] } }]);
    // Nothing served yet is no old document: a distribution takes minutes.
    expect(
      planIssuer({ desired, observed: { ...world, served: { 'openid/v1/jwks': null } } }),
    ).toEqual([]);
  });
});

describe('planIssuer, teardown', () => {
  it('takes trust away first, and keeps the emptied, closed bucket', () => {
    const changes = plan(published, { state: 'absent' });
    expect(changes.map(({ kind }) => kind)).toEqual([
      'set-trust-policy',
      'delete-provider',
      'delete-bucket-policy',
      'delete-object',
      'delete-object',
      'set-public-access-block',
    ]);
  });

  it('does not hold keys in use, and says so: after a change of issuer they live elsewhere', () => {
    const changes = plan({ ...published, keysInUse: ['k1'] }, { state: 'absent' });
    const jwks = changes.find(({ id }) => id === 'delete-object:s3://my-oidc/openid/v1/jwks');
    expect(jwks?.risk).toContain('even those in use');
  });

  it('releases the bucket’s name only on an explicit word, and says what that means', () => {
    const last = plan(published, { state: 'absent', releaseBucketName: true }).at(-1);
    expect(last).toMatchObject({ kind: 'delete-bucket', reversible: false });
    expect(last?.risk).toContain('mint credentials');
    // The word without the teardown does nothing.
    expect(plan(published, { releaseBucketName: true })).toEqual([]);
    const withOthers = {
      ...bucket,
      objects: [...bucket.objects, { path: 'notes.txt', owned: false }],
    };
    expect(() =>
      plan({ ...published, bucket: withOthers }, { state: 'absent', releaseBucketName: true }),
    ).toThrow(expect.objectContaining({ code: 'ERR_PLAN' }));
  });

  it('takes CloudFront down from outside in', () => {
    const target = { ...spec.target, via: 'cloudfront' } as IssuerSpec['target'];
    const desired = { ...spec, target };
    const world = finish({ roles: [], served: {} }, desired);
    expect(kinds(world, { target, state: 'absent' }).slice(2, 6)).toEqual([
      'disable-distribution',
      'delete-distribution',
      'delete-cache-policy',
      'delete-origin-access-control',
    ]);
  });

  it('does not touch a bucket without our tag', () => {
    const foreign = { ...bucket, tags: {} };
    expect(kinds({ bucket: foreign }, { state: 'absent' })).toEqual([]);
    expect(
      kinds({ bucket: { ...foreign, ownedByAccount: false } }, { state: 'absent', adopt: true }),
    ).toEqual([]);
  });

  it('leaves a role closed whose only trust was the issuer', () => {
    const [change] = plan(published, { state: 'absent' });
    expect(change?.after).toEqual({
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Deny',
          Principal: { Federated: providerArn },
          Action: 'sts:AssumeRoleWithWebIdentity',
        },
      ],
    });
  });

  it('takes the provider out of a statement that trusts several', () => {
    const other = 'arn:aws:iam::111122223333:oidc-provider/other.example.com';
    const [statement] = buildTrustPolicy({ issuer, accountId, subjects: [echoer] }).Statement;
    const trustPolicy = {
      Statement: [{ ...statement!, Principal: { Federated: [other, providerArn] } }],
    };
    const [change] = plan(
      { roles: [{ roleName: 'r', tags: {}, trustPolicy }] },
      { state: 'absent' },
    );
    expect(change?.after).toMatchObject({ Statement: [{ Principal: { Federated: [other] } }] });
  });
});

describe('planIssuer, where no safe plan exists', () => {
  const foreignProvider = { arn: providerArn, audiences: [], thumbprints: [], tags: {} };
  it.each<[string, ObservedIssuer, Partial<IssuerSpec>, string]>([
    [
      'a bucket of another account',
      { bucket: { ...bucket, ownedByAccount: false } },
      {},
      'another account',
    ],
    ['a bucket in another region', { bucket: { ...bucket, region: 'us-east-1' } }, {}, 'us-east-1'],
    [
      'a bucket of another issuer',
      { bucket: { ...bucket, tags: { [ownershipTag]: 'b' } } },
      { adopt: true },
      'issuer "b"',
    ],
    ['a bucket without our tag', { bucket: { ...bucket, tags: {} } }, {}, 'adopt'],
    [
      'a document of somebody else',
      { bucket: { ...bucket, objects: [{ path: discovery.path, owned: false }] } },
      {},
      'adopt',
    ],
    ['a provider without our tag', { ...published, provider: foreignProvider }, {}, 'adopt'],
    [
      'a provider without our tag, teardown',
      { ...published, provider: foreignProvider },
      { state: 'absent' },
      'someone else',
    ],
    [
      'a key that would disappear',
      published,
      { documents: [discovery, jwksOf(['k2'])] },
      '"k1" is published',
    ],
    ['a key in use', { ...published, keysInUse: ['k9'] }, {}, '"k9" is in use'],
    [
      'a retired key in use',
      { ...published, keysInUse: ['k1'] },
      { documents: [discovery, jwksOf(['k2'])], retiredKids: ['k1'] },
      '"k1" is in use',
    ],
    [
      'a JWKS that cannot be seen',
      { bucket: { ...bucket, objects: [{ path: 'openid/v1/jwks', owned: true }] } },
      {},
      'body is not known',
    ],
    ['no issuer', {}, { issuer: undefined as unknown as string }, 'need the issuer'],
    [
      'a name to release while IAM is not looked at',
      {},
      { state: 'absent', releaseBucketName: true, provider: null },
      'keep the bucket',
    ],
    [
      'a region of another partition',
      {},
      { target: { kind: 's3', bucket: 'my-oidc', region: 'cn-north-1', via: 'public' } },
      'aws-cn',
    ],
    [
      'a target that does not say how the public reads it',
      {},
      { target: { kind: 's3', bucket: 'my-oidc', region: 'eu-west-1' } as never },
      'target.via: expected "public" or "cloudfront", got undefined',
    ],
    [
      'a target that does not say how the public reads it, teardown',
      {},
      { state: 'absent', target: { ...spec.target, via: 'cdn' } as never },
      'got "cdn"',
    ],
    [
      'a target of no known kind',
      {},
      { target: { kind: 'gcs', bucket: 'my-oidc' } as never },
      'target.kind: expected "s3" or "elsewhere", got "gcs"',
    ],
    [
      'a discovery document of another issuer, if by a slash',
      {},
      {
        documents: [
          documentOf(discovery.path, JSON.stringify({ issuer: `${issuer}/` })),
          jwksOf(['k1']),
        ],
      },
      `${issuer}/`,
    ],
    ['a bad name', {}, { name: 'a b' }, 'name'],
    [
      'a bad prefix',
      {},
      { target: { kind: 's3', bucket: 'b-b', region: 'x', via: 'public', prefix: '/a' } },
      'prefix',
    ],
    ['a document twice', {}, { documents: [discovery, discovery] }, 'same path'],
    ['a role twice', {}, { roles: [...spec.roles!, ...spec.roles!] }, 'roleName'],
    [
      'a provider of another issuer',
      {},
      {
        provider: {
          url: 'https://x.example' as never,
          audiences: ['a'],
          thumbprints: [],
          tags: {},
        },
      },
      'found by its URL',
    ],
  ])('refuses %s', (_, observed, more, message) => {
    expect(() => plan(observed, more)).toThrow(
      expect.objectContaining({
        code: 'ERR_PLAN',
        message: expect.stringContaining(message) as string,
      }),
    );
  });

  it.each<[string, object]>([
    [
      'origin access control',
      { originAccessControl: { id: 'O', spec: { name: 'my-oidc', description: 'theirs' } } },
    ],
    [
      'cache policy',
      { cachePolicy: { id: 'C', spec: { name: 'irsa-my-oidc', comment: 'theirs' } } },
    ],
    ['distribution', { distribution: { id: 'E', tags: {} } }],
  ])('refuses a foreign %s, in a teardown too', (what, cloudFront) => {
    const target = { ...spec.target, via: 'cloudfront' } as IssuerSpec['target'];
    const observed = { cloudFront } as ObservedIssuer;
    for (const state of ['published', 'absent'] as const) {
      expect(() => plan(observed, { target, state })).toThrow(
        expect.objectContaining({
          code: 'ERR_PLAN',
          message: expect.stringContaining(what) as string,
        }),
      );
    }
  });

  it('is not misled by a JWKS that is none', () => {
    for (const body of ['<html>', '{"keys":7}', '[]', '{"keys":[null,{"kid":7}]}']) {
      const objects = [{ path: 'openid/v1/jwks', owned: true, body }];
      expect(kinds({ ...published, bucket: { ...bucket, objects } })).toEqual([
        'put-object',
        'put-object',
      ]);
    }
  });

  it('repairs each part of a distribution', () => {
    const target = {
      ...spec.target,
      via: 'cloudfront',
      aliases: ['oidc.example.com'],
      certificateArn: 'arn:aws:acm:us-east-1:111122223333:certificate/1',
    } as IssuerSpec['target'];
    const desired = { ...spec, target };
    const world = finish({ roles: [], served: {} }, desired);
    const distribution = world.cloudFront!.distribution!;
    const drifts: [object, string][] = [
      [{ enabled: false }, 'it is disabled'],
      [{ originAccessControlId: '' }, 'it does not use our origin access control'],
      [{ cachePolicyId: 'x' }, 'it does not use our cache policy'],
      [{ spec: { ...distribution.spec, aliases: [] } }, 'its aliases differs'],
      [
        { spec: { ...distribution.spec, viewerProtocolPolicy: 'allow-all' } },
        'its viewerProtocolPolicy differs',
      ],
    ];
    for (const [drift, reason] of drifts) {
      const cloudFront = { ...world.cloudFront, distribution: { ...distribution, ...drift } };
      expect(planIssuer({ desired, observed: { ...world, cloudFront } })).toMatchObject([
        { kind: 'update-distribution', reason },
      ]);
    }
  });

  it('sets thumbprints only when there are some to set', () => {
    const provider = {
      url: issuer as never,
      audiences: ['sts.amazonaws.com'],
      thumbprints: ['b'.repeat(40), 'a'.repeat(40)],
      tags: {},
    };
    const other = { ...published.provider!, thumbprints: ['C'.repeat(40)] };
    expect(plan({ ...published, provider: other })).toEqual([]);
    expect(plan({ ...published, provider: other }, { provider })).toMatchObject([
      { kind: 'set-thumbprints' },
    ]);
    const same = { ...other, thumbprints: ['A'.repeat(40), 'B'.repeat(40)] };
    expect(plan({ ...published, provider: same }, { provider })).toEqual([]);
  });

  it('counts our own tag among the tags', () => {
    const tags = Object.fromEntries(
      Array.from({ length: 50 }, (_, index) => [`k${String(index)}`, '']),
    );
    expect(() => plan({}, { tags })).toThrow(expect.objectContaining({ code: 'ERR_IAM_LIMIT' }));
  });

  it('takes over what it is told to take over', () => {
    const foreign = {
      ...published,
      provider: foreignProvider,
      bucket: { ...bucket, tags: { team: 'a' } },
    };
    expect(plan(foreign, { adopt: true })).toMatchObject([
      { kind: 'tag-bucket', after: { team: 'a', [ownershipTag]: 'cluster-1' } },
      { kind: 'add-audiences' },
      { kind: 'tag-provider' },
    ]);
  });

  it('lets a retired key go', () => {
    const more = { documents: [discovery, jwksOf(['k2'])], retiredKids: ['k1'] };
    expect(kinds(published, more)).toEqual(['put-object']);
  });
});

describe('planIssuer on random worlds', () => {
  it('converges from any state, killed anywhere, without touching what is foreign (1,000 cases)', () => {
    fc.assert(fc.property(randomCase, checkCase), { numRuns: 1000 });
    expect.hasAssertions();
  });
});
