import { createHash } from 'node:crypto';
import fc from 'fast-check';
import {
  oidcProviderArn,
  ownershipTag,
  parseTrustPolicy,
  pendingReferences,
  planIssuer,
} from 'irsa/iam';
import type {
  BucketPolicy,
  IssuerChange,
  IssuerObject,
  IssuerSpec,
  ObservedBucket,
  ObservedIssuer,
  ObservedObject,
  ObservedProvider,
  ObservedRole,
  TrustPolicy,
} from 'irsa/iam';
import { expect } from 'vitest';
import { accountId, deepFreeze } from './support.js';

/** A small AWS that knows the rules which decide the order of changes. It refuses what AWS refuses. */
export type World = {
  -readonly [part in keyof ObservedIssuer]?: ObservedIssuer[part];
} & { roles: readonly ObservedRole[]; served: Readonly<Record<string, string>> };

export const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

export const documentOf = (path: string, body: string): IssuerObject => ({
  path,
  body,
  contentType: 'application/json',
  cacheControl: 'public, max-age=3600',
  sha256: sha256(body),
});

export const jwksOf = (kids: readonly string[]): IssuerObject =>
  documentOf('openid/v1/jwks', JSON.stringify({ keys: kids.map((kid) => ({ kid })) }));

const without = <T extends object, K extends keyof T>(value: T, key: K): Omit<T, K> =>
  Object.fromEntries(Object.entries(value).filter(([name]) => name !== key)) as unknown as Omit<
    T,
    K
  >;

const isPublic = (policy: BucketPolicy | undefined): boolean =>
  policy?.Statement.some(({ Principal }) => Principal === '*') ?? false;

const refuse = (change: IssuerChange, why: string): never => {
  throw new Error(`the simulated AWS refuses ${change.id}: ${why}`);
};

/** Whether the world can read a document. */
export const readable = (world: World, path: string): boolean => {
  const { bucket, cloudFront } = world;
  const object = bucket?.objects.some((candidate) => candidate.path === path) ?? false;
  const policy = JSON.stringify(bucket?.policy?.Statement ?? []);
  if (!object || !policy.includes(`/${path}"`)) return false;
  const distribution = cloudFront?.distribution;
  if (distribution?.enabled === true) return policy.includes(distribution.arn);
  return isPublic(bucket?.policy) && bucket?.publicAccessBlock?.RestrictPublicBuckets === false;
};

const discoveryOf = (jwksPath: string): IssuerObject =>
  documentOf(
    '.well-known/openid-configuration',
    JSON.stringify({ issuer, jwks_uri: `${issuer}/${jwksPath}` }),
  );

/** Whether a stranger who starts at the discovery document comes to the JWKS. */
export const followable = (world: World, issuer: string): boolean => {
  const discovery = world.bucket?.objects.find(({ path }) => path.endsWith('openid-configuration'));
  if (discovery === undefined || !readable(world, discovery.path)) return false;
  const { jwks_uri: uri = '' } = JSON.parse(discovery.body ?? '{}') as { jwks_uri?: string };
  return readable(world, uri.slice(issuer.length + 1));
};

/** Carries one change out and answers the world after it. */
export function applyChange(world: World, change: IssuerChange, spec: IssuerSpec): World {
  const { bucket, cloudFront = {}, provider } = world;
  const inBucket = (more: Partial<ObservedBucket>): World =>
    bucket === undefined
      ? refuse(change, 'no bucket')
      : { ...world, bucket: { ...bucket, ...more } };
  const inProvider = (more: Partial<ObservedProvider>): World =>
    provider === undefined
      ? refuse(change, 'no provider')
      : { ...world, provider: { ...provider, ...more } };
  const inEdge = (more: Partial<Record<keyof typeof cloudFront, unknown>>): World => ({
    ...world,
    cloudFront: Object.fromEntries(
      Object.entries({ ...cloudFront, ...more }).filter(([, value]) => value !== undefined),
    ),
  });
  const resolve = (id: string): string =>
    id === pendingReferences.originAccessControlId
      ? (cloudFront.originAccessControl?.id ?? refuse(change, 'no origin access control yet'))
      : id === pendingReferences.cachePolicyId
        ? (cloudFront.cachePolicy?.id ?? refuse(change, 'no cache policy yet'))
        : id;
  switch (change.kind) {
    case 'create-bucket':
      if (bucket !== undefined) refuse(change, 'it exists');
      return {
        ...world,
        bucket: {
          ownedByAccount: true,
          region: change.after!.region,
          tags: {},
          objects: [],
          ownership: 'BucketOwnerEnforced',
          publicAccessBlock: {
            BlockPublicAcls: true,
            IgnorePublicAcls: true,
            BlockPublicPolicy: true,
            RestrictPublicBuckets: true,
          },
        },
      };
    case 'tag-bucket':
      return inBucket({ tags: change.after! });
    case 'set-bucket-ownership':
      return inBucket({ ownership: change.after! });
    case 'set-public-access-block':
      return inBucket({ publicAccessBlock: change.after! });
    case 'put-bucket-policy': {
      const arn = cloudFront.distribution?.arn;
      const text = JSON.stringify(change.after);
      if (text.includes('PENDING') && arn === undefined) refuse(change, 'no distribution yet');
      const policy = JSON.parse(text.replaceAll(/arn:[^"]*\/PENDING/g, arn ?? '')) as BucketPolicy;
      if (isPublic(policy) && bucket?.publicAccessBlock?.BlockPublicPolicy === true) {
        refuse(change, 'AccessDenied: public policies are blocked');
      }
      return inBucket({ policy });
    }
    case 'delete-bucket-policy': {
      const rest = without(bucket ?? refuse(change, 'no bucket'), 'policy');
      return { ...world, bucket: rest };
    }
    case 'put-object': {
      const { path, ...facts } = change.after!;
      const others = bucket?.objects.filter((object) => object.path !== path) ?? [];
      if (path.includes('.well-known') && !others.some((object) => object.path.endsWith('jwks'))) {
        refuse(change, 'the discovery document would point to a JWKS that is not there');
      }
      return inBucket({ objects: [...others, { path, ...facts, owned: true }] });
    }
    case 'delete-object':
      return inBucket({
        objects: bucket?.objects.filter(({ path }) => path !== change.before!.path) ?? [],
      });
    case 'delete-bucket': {
      if (bucket?.objects.length !== 0) refuse(change, 'BucketNotEmpty');
      return without(world, 'bucket');
    }
    case 'create-origin-access-control':
      return inEdge({ originAccessControl: { id: 'OAC1', spec: change.after } });
    case 'create-cache-policy':
      return inEdge({ cachePolicy: { id: 'CP1', spec: change.after } });
    case 'update-cache-policy': {
      const { id, ...spec } = change.after!;
      return inEdge({ cachePolicy: { id, spec } });
    }
    case 'create-distribution':
    case 'update-distribution': {
      const { originAccessControlId, cachePolicyId, ...rest } = change.after!;
      return inEdge({
        distribution: {
          id: 'E1',
          arn: `arn:${spec.partition ?? 'aws'}:cloudfront::${accountId}:distribution/E1`,
          domainName: 'd1.cloudfront.net',
          ...rest,
          originAccessControlId: resolve(originAccessControlId),
          cachePolicyId: resolve(cachePolicyId),
        },
      });
    }
    case 'invalidate-distribution': {
      const fresh = change.after!.paths.map((path) => [
        path.slice(1),
        bucket?.objects.find((object) => object.path === path.slice(1))?.sha256 ?? '',
      ]);
      return {
        ...world,
        served: { ...world.served, ...(Object.fromEntries(fresh) as Record<string, string>) },
      };
    }
    case 'disable-distribution':
      return inEdge({ distribution: { ...cloudFront.distribution, enabled: false } });
    case 'delete-distribution':
      if (cloudFront.distribution?.enabled !== false) refuse(change, 'DistributionNotDisabled');
      return { ...inEdge({ distribution: undefined }), served: {} };
    case 'delete-cache-policy':
      if (cloudFront.distribution !== undefined) refuse(change, 'CachePolicyInUse');
      return inEdge({ cachePolicy: undefined });
    case 'delete-origin-access-control':
      if (cloudFront.distribution !== undefined) refuse(change, 'OriginAccessControlInUse');
      return inEdge({ originAccessControl: undefined });
    case 'create-provider': {
      if (provider !== undefined) refuse(change, 'EntityAlreadyExists');
      if (spec.target.kind === 's3' && !spec.documents.every(({ path }) => readable(world, path))) {
        refuse(change, 'OpenIdIdpCommunicationError: IAM cannot read the documents');
      }
      return { ...world, provider: { arn: change.resource, ...without(change.after!, 'url') } };
    }
    case 'add-audiences':
      return inProvider({ audiences: [...(provider?.audiences ?? []), ...change.after!] });
    case 'set-thumbprints':
      return inProvider({ thumbprints: change.after! });
    case 'tag-provider':
      return inProvider({ tags: { ...provider?.tags, ...change.after! } });
    case 'delete-provider': {
      return without(world, 'provider');
    }
    case 'create-role':
      if (world.roles.some(({ roleName }) => roleName === change.resource))
        refuse(change, 'EntityAlreadyExists');
      return {
        ...world,
        roles: [
          ...world.roles,
          { ...change.after!, trustPolicy: JSON.stringify(change.after!.trustPolicy) },
        ],
      };
    case 'set-trust-policy':
      return {
        ...world,
        roles: world.roles.map((role) =>
          role.roleName === change.resource
            ? { ...role, trustPolicy: encodeURIComponent(JSON.stringify(change.after)) }
            : role,
        ),
      };
  }
}

/** What belongs to others, in a form that can be compared. */
const foreignPart = (world: World, providerArn: string): unknown => ({
  objects: world.bucket?.objects.filter(({ owned }) => !owned),
  statements:
    world.bucket?.policy?.Statement.filter(({ Sid }) => Sid !== 'IrsaIssuerDocuments') ?? [],
  tags: Object.entries(world.bucket?.tags ?? {}).filter(([key]) => !key.startsWith('irsa')),
  audiences: world.provider?.audiences.filter((audience) => audience.startsWith('foreign')) ?? [],
  providerTags: Object.entries(world.provider?.tags ?? {}).filter(
    ([key]) => !key.startsWith('irsa'),
  ),
  roles: world.roles
    .filter(({ tags }) => tags[ownershipTag] === undefined)
    .map(({ roleName, tags, trustPolicy }) => ({
      roleName,
      tags,
      statements: parseTrustPolicy(trustPolicy).Statement.filter(
        (statement) => !JSON.stringify(statement).includes(providerArn),
      ),
    })),
});

const kidsIn = (objects: readonly ObservedObject[]): string[] =>
  objects.flatMap(({ path, body = '{}' }) =>
    path.endsWith('jwks')
      ? ((JSON.parse(body) as { keys?: { kid: string }[] }).keys ?? []).map(({ kid }) => kid)
      : [],
  );

const settle = (
  world: World,
  spec: IssuerSpec,
  killAfter: number,
): { world: World; done: boolean } => {
  const plan = planIssuer(deepFreeze({ desired: spec, observed: world }));
  expect(new Set(plan.map(({ id }) => id)).size).toBe(plan.length);
  const carried = plan.slice(0, killAfter);
  return {
    world: carried.reduce((now, change) => applyChange(now, change, spec), world),
    done: carried.length === plan.length,
  };
};

const issuer = 'https://oidc.example.com/c1';
const foreignStatement = {
  Effect: 'Allow',
  Principal: { Service: 'ec2.amazonaws.com' },
  Action: 'sts:AssumeRole',
} as const;

const kids = fc.uniqueArray(fc.constantFrom('k1', 'k2', 'k3', 'k4'), {
  minLength: 1,
  maxLength: 3,
});
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined });

/** What one run of the property is about. */
export interface RandomCase {
  readonly spec: IssuerSpec;
  readonly world: World;
  readonly providerArn: string;
  readonly kills: readonly number[];
  readonly teardownKills: readonly number[];
  /** Whether the teardown may release the bucket's name. */
  readonly release: boolean;
}

/** A random issuer as it should be, and a world in any state of repair. */
export const randomCase: fc.Arbitrary<RandomCase> = fc
  .record({
    via: fc.constantFrom('public' as const, 'cloudfront' as const),
    wantedKids: kids,
    publishedKids: maybe(kids),
    retire: fc.boolean(),
    roleCount: fc.integer({ min: 0, max: 3 }),
    presentRoles: fc.array(fc.constantFrom('foreign-statement', 'closed', 'bound-elsewhere'), {
      maxLength: 3,
    }),
    bucket: fc.constantFrom('none', 'untouched', 'ours'),
    drift: fc.record({
      ownership: maybe(fc.constantFrom('BucketOwnerEnforced', 'ObjectWriter')),
      blocked: maybe(fc.boolean()),
      policy: fc.constantFrom('none', 'foreign', 'old', 'foreign+old'),
      contentType: fc.constantFrom('application/json', 'binary/octet-stream'),
      foreignObject: fc.boolean(),
      foreignTag: fc.boolean(),
    }),
    provider: fc.constantFrom('none', 'ours', 'ours-drifted'),
    thumbprints: fc.constantFrom([], ['a'.repeat(40)]),
    edge: fc.constantFrom('none', 'access-control', 'cache-policy', 'distribution', 'disabled'),
    servesOld: fc.boolean(),
    kills: fc.array(fc.nat({ max: 8 }), { maxLength: 3 }),
    teardownKills: fc.array(fc.nat({ max: 8 }), { maxLength: 3 }),
    release: fc.boolean(),
  })
  .map((random) => {
    const providerArn = oidcProviderArn({ issuer, accountId });
    const discovery = discoveryOf('openid/v1/jwks');
    const published = random.publishedKids ?? [];
    const dropped = published.filter((kid) => !random.wantedKids.includes(kid));
    const wantedKids = random.retire ? random.wantedKids : [...random.wantedKids, ...dropped];
    const spec: IssuerSpec = {
      name: 'c1',
      accountId,
      issuer,
      target: { kind: 's3', bucket: 'my-oidc', region: 'eu-west-1', via: random.via },
      documents: [discovery, jwksOf(wantedKids)],
      retiredKids: random.retire ? dropped : [],
      provider: {
        url: issuer as NonNullable<IssuerSpec['provider']>['url'],
        audiences: ['sts.amazonaws.com'],
        thumbprints: random.thumbprints,
        tags: {},
      },
      roles: Array.from({ length: random.roleCount }, (_, index) => ({
        roleName: `role-${String(index)}`,
        subjects: [
          { namespace: 'default', name: `app-${String(index)}` },
          { namespace: 'team-*', name: 'x' },
        ],
      })),
    };
    const { drift } = random;
    const oldStatement = {
      Sid: 'IrsaIssuerDocuments',
      Effect: 'Allow' as const,
      Principal: '*',
      Action: 's3:*',
      Resource: '*',
    };
    const statements = [
      ...(drift.policy.includes('foreign')
        ? [
            {
              Sid: 'TlsOnly',
              Effect: 'Deny' as const,
              Principal: { AWS: '*' },
              Action: 's3:*',
              Resource: '*',
            },
          ]
        : []),
      ...(drift.policy.includes('old') ? [oldStatement] : []),
    ];
    const blocked = drift.blocked ?? false;
    const ours: ObservedBucket = {
      ownedByAccount: true,
      region: 'eu-west-1',
      tags: { [ownershipTag]: 'c1', ...(drift.foreignTag ? { team: 'a' } : {}) },
      ...(drift.ownership === undefined ? {} : { ownership: drift.ownership }),
      ...(drift.blocked === undefined
        ? {}
        : {
            publicAccessBlock: {
              BlockPublicAcls: blocked,
              IgnorePublicAcls: blocked,
              BlockPublicPolicy: blocked,
              RestrictPublicBuckets: blocked,
            },
          }),
      ...(statements.length === 0
        ? {}
        : { policy: { Version: '2012-10-17', Statement: statements } }),
      objects: [
        ...(random.publishedKids === undefined
          ? []
          : [{ ...jwksOf(published), contentType: drift.contentType, owned: true }]),
        ...(drift.foreignObject ? [{ path: 'readme.txt', owned: false }] : []),
      ],
    };
    const roles = random.presentRoles.map((kind, index): ObservedRole => {
      const deny = {
        Effect: 'Deny' as const,
        Principal: { Federated: providerArn },
        Action: 'sts:AssumeRoleWithWebIdentity',
      };
      const own = {
        ...deny,
        Effect: 'Allow' as const,
        Condition: { StringEquals: { 'oidc.example.com/c1:sub': 'system:serviceaccount:a:b' } },
      };
      const policy: TrustPolicy = {
        Version: '2012-10-17',
        Statement:
          kind === 'closed'
            ? [deny]
            : kind === 'bound-elsewhere'
              ? [own, foreignStatement]
              : [foreignStatement],
      };
      return {
        roleName: `role-${String(index + 1)}`,
        tags: { team: 'a' },
        trustPolicy: JSON.stringify(policy),
      };
    });
    const world: World = {
      roles,
      served: random.servesOld && random.edge === 'distribution' ? { 'openid/v1/jwks': 'old' } : {},
      ...(random.bucket === 'none'
        ? {}
        : {
            bucket:
              random.bucket === 'ours'
                ? ours
                : { ownedByAccount: true, region: 'eu-west-1', tags: {}, objects: [] },
          }),
      ...(random.provider === 'none'
        ? {}
        : {
            provider: {
              arn: providerArn,
              audiences:
                random.provider === 'ours' ? ['sts.amazonaws.com', 'foreign'] : ['foreign'],
              thumbprints: ['b'.repeat(40)],
              tags: { [ownershipTag]: 'c1', team: 'a' },
            },
          }),
    };
    return {
      spec,
      world: random.via === 'cloudfront' ? withEdge(world, spec, random.edge) : world,
      providerArn,
      kills: random.kills,
      teardownKills: random.teardownKills,
      release: random.release && !drift.foreignObject,
    };
  });

/** The part of CloudFront that an earlier, interrupted run has made, drifted or disabled. */
const withEdge = (world: World, spec: IssuerSpec, edge: string): World => {
  if (edge === 'none') return world;
  const wanted = [
    'create-origin-access-control',
    'create-cache-policy',
    'create-distribution',
  ].slice(0, edge === 'access-control' ? 1 : edge === 'cache-policy' ? 2 : 3);
  const made = planIssuer({ desired: spec, observed: {} })
    .filter(({ kind }) => wanted.includes(kind))
    .reduce((now, change) => applyChange(now, change, spec), world);
  const distribution = made.cloudFront?.distribution;
  if (distribution === undefined || edge !== 'disabled') return made;
  return {
    ...made,
    cloudFront: {
      ...made.cloudFront,
      distribution: { ...distribution, enabled: false, cachePolicyId: 'other' },
    },
  };
};

/** The laws of the planner, on one random case. */
export function checkCase(one: RandomCase): void {
  const { spec, world, providerArn, kills, teardownKills, release } = one;
  const before = foreignPart(world, providerArn);
  const sameForeign = (now: World): void => {
    const after = foreignPart(now, providerArn) as { objects?: unknown[] };
    expect({ ...after, objects: after.objects ?? [] }).toEqual({
      ...(before as object),
      objects: (before as { objects?: unknown[] }).objects ?? [],
    });
  };
  const keptKids = kidsIn(world.bucket?.objects ?? []).filter(
    (kid) => spec.retiredKids?.includes(kid) !== true,
  );
  let now = world;
  for (const killAfter of [...kills, Number.POSITIVE_INFINITY]) {
    now = settle(now, spec, killAfter).world;
    sameForeign(now);
    expect(kidsIn(now.bucket?.objects ?? [])).toEqual(expect.arrayContaining(keptKids));
  }
  expect(planIssuer({ desired: spec, observed: now })).toEqual([]);
  expect(spec.documents.every(({ path }) => readable(now, path))).toBe(true);

  // The JWKS moves, and the run is stopped after each change: a stranger can follow all the time, by what he cached too.
  const [, jwks] = spec.documents;
  const moved = {
    ...spec,
    documents: [discoveryOf('keys/jwks'), { ...jwks!, path: 'keys/jwks' }],
  };
  for (let changes = 1; changes > 0;) {
    const settled = settle(now, moved, 1);
    now = settled.world;
    changes = settled.done ? 0 : 1;
    expect(followable(now, issuer)).toBe(true);
    expect(readable(now, 'openid/v1/jwks')).toBe(true);
  }
  expect(planIssuer({ desired: moved, observed: now })).toEqual([]);
  sameForeign(now);

  const absent: IssuerSpec = { ...moved, state: 'absent', releaseBucketName: release };
  for (const killAfter of [...teardownKills, Number.POSITIVE_INFINITY]) {
    now = settle(now, absent, killAfter).world;
    if (now.provider === undefined) {
      for (const { trustPolicy } of now.roles) {
        const policy = parseTrustPolicy(trustPolicy);
        expect(
          policy.Statement.filter(({ Effect }) => Effect === 'Allow')
            .map((one) => JSON.stringify(one))
            .join(),
        ).not.toContain(providerArn);
      }
    }
    // The documents outlive the trust, never the other way round.
    if (now.provider !== undefined)
      expect(spec.documents.every(({ path }) => readable(now, path))).toBe(true);
  }
  expect(planIssuer({ desired: absent, observed: now })).toEqual([]);
  expect(now.provider).toBeUndefined();
  expect(now.cloudFront?.distribution).toBeUndefined();
  if (release) {
    expect(now.bucket).toBeUndefined();
  } else {
    expect(now.bucket?.objects.filter(({ owned }) => owned)).toEqual([]);
    expect(now.bucket?.publicAccessBlock?.BlockPublicPolicy).toBe(true);
    const kept = foreignPart(now, providerArn) as Record<string, unknown>;
    expect(before).toMatchObject({
      statements: kept['statements'],
      tags: kept['tags'],
      roles: kept['roles'],
    });
  }
}
