import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  CreateBucketCommand,
  GetBucketPolicyCommand,
  GetObjectCommand,
  HeadBucketCommand,
  PutBucketPolicyCommand,
  PutBucketTaggingCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  TagOpenIDConnectProviderCommand,
  GetOpenIDConnectProviderCommand,
  GetRoleCommand,
} from '@aws-sdk/client-iam';
import { applyIssuerChanges, IssuerChangeError, observeIssuer } from 'irsa-aws';
import {
  evaluateTrustPolicy,
  oidcProviderArn,
  parseTrustPolicy,
  planIssuer,
  type IssuerSpec,
} from 'irsa/iam';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  accountId,
  bucket,
  documentOf,
  issuer,
  spec,
  startLocalTarget,
  type LocalTarget,
} from './local-target.js';

let local: LocalTarget;
beforeEach(async () => {
  local = await startLocalTarget({ tls: false });
});
afterEach(() => local.close());

const absent: IssuerSpec = { ...spec, state: 'absent' };
const providerArn = oidcProviderArn({ issuer, accountId });
/** The issuer with another key set. */
const changedJwks = (...kids: string[]): IssuerSpec['documents'] => [
  spec.documents[0]!,
  documentOf('openid/v1/jwks', JSON.stringify({ keys: kids.map((kid) => ({ kid })) })),
];
const stored = (key: string): string =>
  Buffer.from(local.aws.readObject({ bucket, key }) ?? '').toString();

describe('publishing', () => {
  it('makes everything in one run over https, and finds nothing to do in the next', async () => {
    const secure = await startLocalTarget();
    try {
      const { applied, leftOut } = await secure.run();
      expect(leftOut).toEqual([]);
      expect(applied.length).toBeGreaterThan(6);
      expect(await secure.plan()).toEqual([]);
    } finally {
      await secure.close();
    }
  });

  it('publishes what anyone can read: body, content type and cache control, and nothing else', async () => {
    await local.run();
    await local.s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'secret', Body: 'x' }));
    for (const { path, body } of spec.documents) {
      const found = await local.s3.send(new GetObjectCommand({ Bucket: bucket, Key: path }));
      expect(await found.Body?.transformToString()).toBe(body);
    }
    // Anonymous, as STS reads it.
    const anonymous = async (key: string): Promise<number> =>
      (await fetch(`${local.aws.endpoint}/${bucket}/${key}`)).status;
    expect(await anonymous('openid/v1/jwks')).toBe(200);
    expect(await anonymous('.well-known/openid-configuration')).toBe(200);
    expect(await anonymous('secret')).toBe(403);
    expect(await anonymous('')).toBe(403);
  });

  it('registers the provider with tags, and a role that trusts the service account', async () => {
    await local.run();
    const provider = await local.iam.send(
      new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: providerArn }),
    );
    expect(provider.ClientIDList).toEqual(['sts.amazonaws.com']);
    expect(provider.Tags).toEqual(
      expect.arrayContaining([
        { Key: 'irsa:issuer', Value: 'cluster-1' },
        { Key: 'team', Value: 'platform' },
      ]),
    );
    const { Role } = await local.iam.send(new GetRoleCommand({ RoleName: 's3-echoer' }));
    const decision = evaluateTrustPolicy(String(Role?.AssumeRolePolicyDocument), {
      providerArn,
      claims: { sub: 'system:serviceaccount:default:s3-echoer', aud: ['sts.amazonaws.com'] },
    });
    expect(decision.allowed).toBe(true);
  });

  it('tells its progress', async () => {
    const seen: string[] = [];
    await local.run(spec, {
      onProgress: ({ change, status, index, total }) =>
        seen.push(`${index + 1}/${total} ${status} ${change.kind}`),
    });
    expect(seen.slice(0, 4)).toEqual([
      expect.stringMatching(/^1\/\d+ started create-bucket$/),
      expect.stringMatching(/^1\/\d+ done create-bucket$/),
      expect.stringMatching(/^2\/\d+ started tag-bucket$/),
      expect.stringMatching(/^2\/\d+ done tag-bucket$/),
    ]);
  });

  it('asks S3 to check the owner in every request but the creation', async () => {
    await local.run();
    await local.run({ ...spec, retiredKids: ['k1'], documents: changedJwks('k9') });
    await local.run({ ...absent, releaseBucketName: true });
    expect(new Set(local.ownerNamed).size).toBeGreaterThan(13);
    // What watches all requests in all of these tests does bite.
    await expect(local.clients.s3.send(new HeadBucketCommand({ Bucket: bucket }))).rejects.toThrow(
      'HeadBucketCommand does not name the owner',
    );
  });

  it.each(['us-east-1', 'eu-west-1'])(
    'creates a bucket in %s by the rules of the region',
    async (region) => {
      const elsewhere = await startLocalTarget({ region, tls: false });
      const desired: IssuerSpec = {
        ...spec,
        target: { kind: 's3', bucket, region, via: 'public' },
      };
      try {
        await elsewhere.run(desired);
        const { BucketRegion } = await elsewhere.s3.send(new HeadBucketCommand({ Bucket: bucket }));
        expect(BucketRegion).toBe(region);
        expect(await elsewhere.plan(desired)).toEqual([]);
      } finally {
        await elsewhere.close();
      }
    },
  );

  // HEAD has no body: all that S3 says is the status (400 from regions of later years) and this header.
  it.each([301, 400])('says where a bucket is that answers %i', async (status) => {
    const server = createServer((_request, response) => {
      response.writeHead(status, { 'x-amz-bucket-region': 'ap-east-1' }).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const s3 = new S3Client({
      endpoint: `http://127.0.0.1:${String(port)}`,
      region: 'us-west-2',
      credentials: local.aws.administrator,
      forcePathStyle: true,
    });
    try {
      const observed = await observeIssuer({ spec, clients: { ...local.clients, s3 } });
      expect(() => planIssuer({ desired: spec, observed })).toThrow(
        'is in ap-east-1, expected us-west-2',
      );
    } finally {
      server.close();
      server.closeAllConnections();
    }
  });

  it('rotates: the new key joins, the old one leaves only when retired', async () => {
    await local.run();
    const both = documentOf(
      'openid/v1/jwks',
      JSON.stringify({ keys: [{ kid: 'k1' }, { kid: 'k2' }] }),
    );
    const next = documentOf('openid/v1/jwks', JSON.stringify({ keys: [{ kid: 'k2' }] }));
    const withJwks = (jwks: typeof both): IssuerSpec => ({
      ...spec,
      documents: [spec.documents[0]!, jwks],
    });
    expect((await local.run(withJwks(both))).applied).toEqual([
      `put-object:s3://${bucket}/openid/v1/jwks`,
    ]);
    await expect(local.run(withJwks(next))).rejects.toMatchObject({ code: 'ERR_PLAN' });
    expect((await local.run({ ...withJwks(next), retiredKids: ['k1'] })).applied).toHaveLength(1);
  });
});

describe('what belongs to others', () => {
  it('is refused, not overwritten', async () => {
    const { s3, iam } = local;
    await s3.send(
      new CreateBucketCommand({
        Bucket: bucket,
        CreateBucketConfiguration: { LocationConstraint: 'us-west-2' },
      }),
    );
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'openid/v1/jwks', Body: 'theirs' }));
    await expect(local.run()).rejects.toMatchObject({ code: 'ERR_PLAN' });
    await s3.send(
      new PutBucketTaggingCommand({
        Bucket: bucket,
        Tagging: { TagSet: [{ Key: 'irsa:issuer', Value: 'cluster-1' }] },
      }),
    );
    await expect(local.run()).rejects.toMatchObject({ code: 'ERR_PLAN' });
    expect(
      Buffer.from(local.aws.readObject({ bucket, key: 'openid/v1/jwks' }) ?? '').toString(),
    ).toBe('theirs');
    await local.run({ ...spec, adopt: true });
    await iam.send(
      new CreateOpenIDConnectProviderCommand({
        Url: 'https://other.example.com',
        ClientIDList: ['x'],
      }),
    );
    expect(await local.plan({ ...spec, adopt: true })).toEqual([]);
  });

  it('is seen when the bucket belongs to another account', async () => {
    await local.run();
    const observed = await observeIssuer({
      spec,
      clients: local.clients,
      expectedBucketOwner: '999999999999',
    });
    expect(observed.bucket).toEqual({ ownedByAccount: false, tags: {}, objects: [] });
  });

  it('survives the teardown, which takes only what carries our tags', async () => {
    const { s3, iam } = local;
    await local.run();
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'notes.txt', Body: 'theirs' }));
    const trust = JSON.stringify({
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
        {
          Effect: 'Allow',
          Principal: { Federated: providerArn },
          Action: 'sts:AssumeRoleWithWebIdentity',
        },
      ],
    });
    await iam.send(new CreateRoleCommand({ RoleName: 'by-hand', AssumeRolePolicyDocument: trust }));
    await local.run(absent);
    expect(await local.plan(absent)).toEqual([]);
    expect(local.aws.readObject({ bucket, key: 'notes.txt' })).toBeDefined();
    expect(local.aws.readObject({ bucket, key: 'openid/v1/jwks' })).toBeUndefined();
    const { Role } = await iam.send(new GetRoleCommand({ RoleName: 'by-hand' }));
    expect(parseTrustPolicy(Role?.AssumeRolePolicyDocument).Statement).toEqual([
      { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ]);
    // The name is kept: nobody else can own the issuer.
    await s3.send(new HeadBucketCommand({ Bucket: bucket }));
    await expect(s3.send(new GetBucketPolicyCommand({ Bucket: bucket }))).rejects.toThrow();
  });

  it('keeps a public statement of others in the policy, which then opens nothing', async () => {
    await local.run();
    await local.s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'notes.txt', Body: 'theirs' }));
    const { Policy = '' } = await local.s3.send(new GetBucketPolicyCommand({ Bucket: bucket }));
    const { Statement } = JSON.parse(Policy) as { Statement: object[] };
    // As the scripts of a walk-through have it.
    const theirs = {
      Effect: 'Allow',
      Principal: '*',
      Action: 's3:GetObject',
      Resource: `arn:aws:s3:::${bucket}/*`,
    };
    const both = JSON.stringify({ Version: '2012-10-17', Statement: [...Statement, theirs] });
    await local.s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: both }));
    const anonymous = async (): Promise<number> =>
      (await fetch(`${local.aws.endpoint}/${bucket}/notes.txt`)).status;
    expect(await anonymous()).toBe(200);
    await local.run(absent);
    expect(await anonymous()).toBe(403);
    const kept = await local.s3.send(new GetBucketPolicyCommand({ Bucket: bucket }));
    expect(JSON.parse(kept.Policy ?? '')).toMatchObject({ Statement: [theirs] });
  });

  it('releases the name of the bucket on an explicit word only', async () => {
    await local.run();
    const { applied } = await local.run({ ...absent, releaseBucketName: true });
    expect(applied.at(-1)).toBe(`delete-bucket:s3://${bucket}`);
    await expect(local.s3.send(new HeadBucketCommand({ Bucket: bucket }))).rejects.toThrow();
  });
});

describe('an error of AWS', () => {
  it.each([
    ['PutBucketPolicy', 'AccessDenied', 'Block Public Access of the whole account'],
    ['CreateBucket', 'BucketAlreadyExists', 'taken in another account'],
    [
      'CreateOpenIDConnectProvider',
      'OpenIdIdpCommunicationError',
      'IAM could not reach the issuer',
    ],
    ['CreateOpenIDConnectProvider', 'LimitExceeded', 'at most 100 OIDC providers'],
    ['CreateRole', 'LimitExceeded', 'L-C07B4B0D'],
    ['PutObject', 'AccessDenied', 'mend the cause'],
  ])('of %s, %s, comes with what it usually means', async (operation, code, hint) => {
    local.aws.setFault({ kind: 'error', code, status: 403, operation });
    const error: unknown = await local.run().catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(IssuerChangeError);
    expect(error).toMatchObject({
      code: 'ERR_PLAN',
      message: expect.stringContaining(hint) as string,
    });
    expect((error as IssuerChangeError).cause).toMatchObject({
      $metadata: { httpStatusCode: 403 },
    });
  });
});

describe('a plan that is no longer true', () => {
  it('does not overwrite a document that somebody put there meanwhile', async () => {
    const changes = await local.plan();
    const upTo = changes.findIndex(({ kind }) => kind === 'put-object');
    await applyIssuerChanges(changes.slice(0, upTo), { spec, clients: local.clients });
    await local.s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: 'openid/v1/jwks', Body: 'theirs' }),
    );
    await expect(
      applyIssuerChanges(changes.slice(upTo), { spec, clients: local.clients }),
    ).rejects.toMatchObject({
      code: 'ERR_PLAN',
      cause: { message: expect.stringContaining('observe and plan again') as string },
    });
    expect(
      Buffer.from(local.aws.readObject({ bucket, key: 'openid/v1/jwks' }) ?? '').toString(),
    ).toBe('theirs');
  });

  it('does not overwrite a key that another run published meanwhile', async () => {
    await local.run();
    const ours: IssuerSpec = { ...spec, documents: changedJwks('k1', 'k2') };
    const changes = await local.plan(ours);
    await local.run({ ...spec, documents: changedJwks('k1', 'k3') });
    await expect(
      applyIssuerChanges(changes, { spec: ours, clients: local.clients }),
    ).rejects.toBeInstanceOf(IssuerChangeError);
    expect(stored('openid/v1/jwks')).toContain('k3');
    // Planned anew, the loss is seen before anything is done.
    await expect(local.plan(ours)).rejects.toThrow(/"k3" is published/);
  });

  it('does not delete a document that somebody else has put in the place of ours', async () => {
    await local.run();
    const changes = await local.plan(absent);
    const theirs = { Bucket: bucket, Key: 'openid/v1/jwks', Body: 'theirs' };
    await local.s3.send(new PutObjectCommand(theirs));
    await expect(
      applyIssuerChanges(changes, { spec: absent, clients: local.clients }),
    ).rejects.toBeInstanceOf(IssuerChangeError);
    expect(stored('openid/v1/jwks')).toBe('theirs');
    await local.run(absent);
    expect(stored('openid/v1/jwks')).toBe('theirs');
  });

  it('does not take over a bucket that another issuer made meanwhile', async () => {
    const changes = await local.plan();
    const other: IssuerSpec = { ...spec, name: 'cluster-2', provider: null, roles: [] };
    await local.run(other);
    await expect(
      applyIssuerChanges(changes, { spec, clients: local.clients }),
    ).rejects.toMatchObject({ change: { kind: 'tag-bucket' } });
    expect(await local.plan(other)).toEqual([]);
  });

  it('does not touch a provider that changed hands meanwhile', async () => {
    await local.run();
    const changes = await local.plan(absent);
    await local.iam.send(
      new TagOpenIDConnectProviderCommand({
        OpenIDConnectProviderArn: providerArn,
        Tags: [{ Key: 'irsa:issuer', Value: 'cluster-2' }],
      }),
    );
    await expect(
      applyIssuerChanges(changes, { spec: absent, clients: local.clients }),
    ).rejects.toMatchObject({ change: { kind: 'delete-provider' } });
  });

  it('does not undo a binding that somebody made meanwhile', async () => {
    await local.run();
    const more = {
      ...spec,
      roles: [{ roleName: 's3-echoer', subjects: [{ namespace: 'a', name: 'a' }] }],
    };
    const changes = await local.plan(more);
    const other = {
      ...spec,
      roles: [{ roleName: 's3-echoer', subjects: [{ namespace: 'b', name: 'b' }] }],
    };
    await local.run(other);
    await expect(
      applyIssuerChanges(changes, { spec: more, clients: local.clients }),
    ).rejects.toBeInstanceOf(IssuerChangeError);
    await local.run(more);
    expect(await local.plan(other)).toEqual([]);
    expect(await local.plan(more)).toEqual([]);
  });

  it('refuses a piece of a plan that refers to another piece', async () => {
    const desired: IssuerSpec = {
      ...spec,
      target: { kind: 's3', bucket, region: 'us-west-2', via: 'cloudfront' },
    };
    const changes = planIssuer({ desired, observed: {} }).filter(
      ({ kind }) => kind === 'put-bucket-policy',
    );
    await expect(
      applyIssuerChanges(changes, { spec: desired, clients: local.clients }),
    ).rejects.toMatchObject({
      code: 'ERR_PLAN',
      message: expect.stringContaining('apply the whole plan') as string,
    });
  });
});
