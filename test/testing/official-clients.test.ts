import { Agent } from 'node:https';
import { Readable } from 'node:stream';
import * as iam from '@aws-sdk/client-iam';
import * as s3 from '@aws-sdk/client-s3';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { buildIssuerBucketPolicy } from '../support/bucket-policy.js';
import { startLocalAws, type AccessKeys, type LocalAws } from 'irsa/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

let aws: LocalAws;
let s3Client: s3.S3Client;
let iamClient: iam.IAMClient;
let settings: {
  endpoint: string;
  region: string;
  credentials: AccessKeys;
  requestHandler: NodeHttpHandler;
  maxAttempts: number;
};

beforeAll(async () => {
  aws = await startLocalAws();
  settings = {
    endpoint: aws.endpoint,
    region: 'us-west-2',
    credentials: aws.administrator,
    requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca: aws.caPem }) }),
    maxAttempts: 1,
  };
  s3Client = new s3.S3Client(settings);
  iamClient = new iam.IAMClient(settings);
});
afterAll(() => aws.close());

const trustPolicy = JSON.stringify({ Version: '2012-10-17', Statement: [] });

describe('IAM', () => {
  it('keeps an OIDC provider through its life', async () => {
    const created = await iamClient.send(
      new iam.CreateOpenIDConnectProviderCommand({
        Url: 'https://oidc.example.com/a',
        ClientIDList: ['sts.amazonaws.com'],
        ThumbprintList: ['a'.repeat(40)],
        Tags: [{ Key: 'team', Value: 'a & b' }],
      }),
    );
    const id = { OpenIDConnectProviderArn: created.OpenIDConnectProviderArn! };
    expect(id.OpenIDConnectProviderArn).toBe(
      'arn:aws:iam::111122223333:oidc-provider/oidc.example.com/a',
    );
    await expect(
      iamClient.send(
        new iam.CreateOpenIDConnectProviderCommand({ Url: 'https://oidc.example.com/a' }),
      ),
    ).rejects.toMatchObject({
      name: 'EntityAlreadyExistsException',
      $metadata: { httpStatusCode: 409 },
    });
    await iamClient.send(
      new iam.AddClientIDToOpenIDConnectProviderCommand({ ...id, ClientID: 'b' }),
    );
    await iamClient.send(
      new iam.RemoveClientIDFromOpenIDConnectProviderCommand({
        ...id,
        ClientID: 'sts.amazonaws.com',
      }),
    );
    await iamClient.send(
      new iam.UpdateOpenIDConnectProviderThumbprintCommand({
        ...id,
        ThumbprintList: ['b'.repeat(40)],
      }),
    );
    await iamClient.send(
      new iam.TagOpenIDConnectProviderCommand({ ...id, Tags: [{ Key: 'env', Value: 'x' }] }),
    );
    await iamClient.send(new iam.UntagOpenIDConnectProviderCommand({ ...id, TagKeys: ['team'] }));
    expect(await iamClient.send(new iam.GetOpenIDConnectProviderCommand(id))).toMatchObject({
      Url: 'oidc.example.com/a',
      ClientIDList: ['b'],
      ThumbprintList: ['b'.repeat(40)],
      Tags: [{ Key: 'env', Value: 'x' }],
    });
    expect((await iamClient.send(new iam.ListOpenIDConnectProviderTagsCommand(id))).Tags).toEqual([
      { Key: 'env', Value: 'x' },
    ]);
    expect(
      (await iamClient.send(new iam.ListOpenIDConnectProvidersCommand({})))
        .OpenIDConnectProviderList,
    ).toEqual([{ Arn: id.OpenIDConnectProviderArn }]);
    await iamClient.send(new iam.DeleteOpenIDConnectProviderCommand(id));
    await expect(iamClient.send(new iam.GetOpenIDConnectProviderCommand(id))).rejects.toMatchObject(
      { name: 'NoSuchEntityException' },
    );
  });

  it.each([
    ['http', 'http://oidc.example.com', 'InvalidInputException'],
    ['port', 'https://oidc.example.com:8443', 'InvalidInputException'],
    ['query', 'https://oidc.example.com?x', 'InvalidInputException'],
  ])('refuses a provider URL with %s', async (_, Url, name) => {
    await expect(
      iamClient.send(new iam.CreateOpenIDConnectProviderCommand({ Url })),
    ).rejects.toMatchObject({ name });
  });

  it('keeps a role with its policies, and deletes it only without them', async () => {
    const RoleName = 'r';
    const { Role } = await iamClient.send(
      new iam.CreateRoleCommand({
        RoleName,
        AssumeRolePolicyDocument: trustPolicy,
        Path: '/team/',
      }),
    );
    expect(Role?.Arn).toBe('arn:aws:iam::111122223333:role/team/r');
    const policy = { RoleName, PolicyName: 'p' };
    await iamClient.send(
      new iam.PutRolePolicyCommand({
        ...policy,
        PolicyDocument: '{"Statement":[{"Effect":"Allow"}]}',
      }),
    );
    await iamClient.send(
      new iam.UpdateAssumeRolePolicyCommand({ RoleName, PolicyDocument: '{"Statement":{}}' }),
    );
    const read = await iamClient.send(new iam.GetRoleCommand({ RoleName }));
    expect(decodeURIComponent(read.Role!.AssumeRolePolicyDocument!)).toBe('{"Statement":{}}');
    expect(
      (await iamClient.send(new iam.ListRolePoliciesCommand({ RoleName }))).PolicyNames,
    ).toEqual(['p']);
    const stored = await iamClient.send(new iam.GetRolePolicyCommand(policy));
    expect(decodeURIComponent(stored.PolicyDocument!)).toContain('Allow');
    await iamClient.send(new iam.TagRoleCommand({ RoleName, Tags: [{ Key: 'a', Value: 'b' }] }));
    expect((await iamClient.send(new iam.ListRoleTagsCommand({ RoleName }))).Tags).toEqual([
      { Key: 'a', Value: 'b' },
    ]);
    expect(
      (await iamClient.send(new iam.ListRolesCommand({}))).Roles?.map((r) => r.RoleName),
    ).toEqual(['r']);
    await expect(iamClient.send(new iam.DeleteRoleCommand({ RoleName }))).rejects.toMatchObject({
      name: 'DeleteConflictException',
    });
    await iamClient.send(new iam.DeleteRolePolicyCommand(policy));
    await iamClient.send(new iam.DeleteRoleCommand({ RoleName }));
    await expect(iamClient.send(new iam.GetRoleCommand({ RoleName }))).rejects.toMatchObject({
      name: 'NoSuchEntityException',
    });
  });

  it('refuses a trust policy over the quota, and one that is no JSON', async () => {
    const long = JSON.stringify({ Statement: [{ Sid: 'x'.repeat(2048) }] });
    await expect(
      iamClient.send(
        new iam.CreateRoleCommand({ RoleName: 'long', AssumeRolePolicyDocument: long }),
      ),
    ).rejects.toMatchObject({ name: 'LimitExceededException' });
    await expect(
      iamClient.send(new iam.CreateRoleCommand({ RoleName: 'bad', AssumeRolePolicyDocument: '{' })),
    ).rejects.toMatchObject({ name: 'MalformedPolicyDocumentException' });
  });
});

describe('S3', () => {
  const Bucket = 'irsa-oidc';
  beforeAll(async () => {
    await s3Client.send(
      new s3.CreateBucketCommand({
        Bucket,
        CreateBucketConfiguration: { LocationConstraint: 'us-west-2' },
      }),
    );
  });

  it('makes buckets as AWS does: location, ownership, public access', async () => {
    await expect(
      s3Client.send(
        new s3.CreateBucketCommand({
          Bucket: 'elsewhere',
          CreateBucketConfiguration: { LocationConstraint: 'eu-west-1' },
        }),
      ),
    ).rejects.toMatchObject({
      name: 'IllegalLocationConstraintException',
    });
    await expect(
      s3Client.send(
        new s3.CreateBucketCommand({
          Bucket,
          CreateBucketConfiguration: { LocationConstraint: 'us-west-2' },
        }),
      ),
    ).rejects.toMatchObject({ name: 'BucketAlreadyOwnedByYou' });
    const usEast1 = new s3.S3Client({ ...settings, region: 'us-east-1' });
    await usEast1.send(new s3.CreateBucketCommand({ Bucket: 'in-us-east-1' }));
    expect(
      (await usEast1.send(new s3.GetBucketLocationCommand({ Bucket: 'in-us-east-1' })))
        .LocationConstraint,
    ).toBeFalsy();
    expect(
      (await s3Client.send(new s3.GetBucketLocationCommand({ Bucket }))).LocationConstraint,
    ).toBe('us-west-2');
    await s3Client.send(new s3.HeadBucketCommand({ Bucket }));
    await expect(
      s3Client.send(new s3.HeadBucketCommand({ Bucket: 'absent' })),
    ).rejects.toMatchObject({
      $metadata: { httpStatusCode: 404 },
    });
    expect(
      (await s3Client.send(new s3.GetBucketOwnershipControlsCommand({ Bucket }))).OwnershipControls
        ?.Rules,
    ).toEqual([{ ObjectOwnership: 'BucketOwnerEnforced' }]);
    expect(
      (await s3Client.send(new s3.GetPublicAccessBlockCommand({ Bucket })))
        .PublicAccessBlockConfiguration,
    ).toEqual({
      BlockPublicAcls: true,
      IgnorePublicAcls: true,
      BlockPublicPolicy: true,
      RestrictPublicBuckets: true,
    });
    await expect(
      s3Client.send(new s3.PutObjectCommand({ Bucket, Key: 'x', Body: 'x', ACL: 'public-read' })),
    ).rejects.toMatchObject({ name: 'AccessControlListNotSupported' });
    await s3Client.send(
      new s3.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: [{ Key: 'a', Value: '<b>' }] } }),
    );
    expect((await s3Client.send(new s3.GetBucketTaggingCommand({ Bucket }))).TagSet).toEqual([
      { Key: 'a', Value: '<b>' },
    ]);
  });

  it('serves objects to strangers only where policy and public access block say so', async () => {
    const Key = '.well-known/openid-configuration';
    await s3Client.send(
      new s3.PutObjectCommand({
        Bucket,
        Key,
        Body: '{}',
        ContentType: 'application/json',
        CacheControl: 'max-age=300',
      }),
    );
    const anonymous = (path: string): Promise<s3.GetObjectCommandOutput> =>
      new s3.S3Client({
        ...settings,
        credentials: { accessKeyId: '', secretAccessKey: '' },
        signer: { sign: (request: never) => Promise.resolve(request) },
      }).send(new s3.GetObjectCommand({ Bucket, Key: path }));
    const Policy = buildIssuerBucketPolicy(Bucket, [Key]);
    await expect(anonymous(Key)).rejects.toMatchObject({ name: 'AccessDenied' });
    await expect(
      s3Client.send(new s3.PutBucketPolicyCommand({ Bucket, Policy })),
    ).rejects.toMatchObject({ name: 'AccessDenied' });
    await s3Client.send(
      new s3.PutPublicAccessBlockCommand({
        Bucket,
        PublicAccessBlockConfiguration: {
          BlockPublicAcls: true,
          IgnorePublicAcls: true,
          BlockPublicPolicy: false,
          RestrictPublicBuckets: false,
        },
      }),
    );
    await s3Client.send(new s3.PutBucketPolicyCommand({ Bucket, Policy }));
    expect(
      (await s3Client.send(new s3.GetBucketPolicyStatusCommand({ Bucket }))).PolicyStatus?.IsPublic,
    ).toBe(true);
    expect(await anonymous(Key)).toMatchObject({
      ContentType: 'application/json',
      CacheControl: 'max-age=300',
    });
    await expect(anonymous('secret')).rejects.toMatchObject({ name: 'AccessDenied' });
    await s3Client.send(new s3.DeleteBucketPolicyCommand({ Bucket }));
    await expect(s3Client.send(new s3.GetBucketPolicyCommand({ Bucket }))).rejects.toMatchObject({
      name: 'NoSuchBucketPolicy',
    });
  });

  it.each(['CRC32', 'CRC32C', 'SHA1', 'SHA256', 'CRC64NVME'] as const)(
    'checks %s of a body',
    async (ChecksumAlgorithm) => {
      const body = 'all work and no play '.repeat(1000);
      try {
        await s3Client.send(
          new s3.PutObjectCommand({ Bucket, Key: 'sum', Body: body, ChecksumAlgorithm }),
        );
      } catch (error) {
        // The SDK computes this one only with an extra native package.
        if (ChecksumAlgorithm === 'CRC64NVME' && String(error).includes('crc64')) return;
        throw error;
      }
      const read = await s3Client.send(
        new s3.GetObjectCommand({ Bucket, Key: 'sum', ChecksumMode: 'ENABLED' }),
      );
      expect(await read.Body?.transformToString()).toBe(body);
    },
  );

  it('takes a stream in aws-chunked form with a trailing checksum', async () => {
    const Body = Readable.from([Buffer.alloc(70_000, 'a'), Buffer.alloc(70_000, 'b')]);
    await s3Client.send(
      new s3.PutObjectCommand({ Bucket, Key: 'stream', Body, ContentLength: 140_000 }),
    );
    const read = await s3Client.send(
      new s3.GetObjectCommand({ Bucket, Key: 'stream', Range: 'bytes=69998-70001' }),
    );
    expect(await read.Body?.transformToString()).toBe('aabb');
    expect(aws.readObject({ bucket: Bucket, key: 'stream' })).toHaveLength(140_000);
  });

  it('refuses a checksum that is wrong', async () => {
    await expect(
      s3Client.send(
        new s3.PutObjectCommand({
          Bucket,
          Key: 'bad',
          Body: 'x',
          ChecksumSHA256: Buffer.alloc(32).toString('base64'),
        }),
      ),
    ).rejects.toMatchObject({ name: 'BadDigest' });
  });

  it('lists by prefix, delimiter and page, in both versions', async () => {
    for (const Key of ['a/1', 'a/2', 'b/1', 'c d+e', 'ü']) {
      await s3Client.send(new s3.PutObjectCommand({ Bucket: 'in-us-east-1', Key, Body: 'x' }));
    }
    const one = await s3Client.send(
      new s3.ListObjectsV2Command({ Bucket: 'in-us-east-1', Delimiter: '/' }),
    );
    expect(one.CommonPrefixes?.map(({ Prefix }) => Prefix)).toEqual(['a/', 'b/']);
    expect(one.Contents?.map(({ Key }) => Key)).toEqual(['c d+e', 'ü']);
    const keys: (string | undefined)[] = [];
    for await (const page of s3.paginateListObjectsV2(
      { client: s3Client, pageSize: 2 },
      { Bucket: 'in-us-east-1' },
    )) {
      keys.push(...(page.Contents ?? []).map(({ Key }) => Key));
    }
    expect(keys).toEqual(['a/1', 'a/2', 'b/1', 'c d+e', 'ü']);
    const old = await s3Client.send(
      new s3.ListObjectsCommand({ Bucket: 'in-us-east-1', Prefix: 'a/' }),
    );
    expect(old.Contents?.map(({ Key }) => Key)).toEqual(['a/1', 'a/2']);
    await expect(
      s3Client.send(new s3.DeleteBucketCommand({ Bucket: 'in-us-east-1' })),
    ).rejects.toMatchObject({ name: 'BucketNotEmpty' });
    await s3Client.send(
      new s3.DeleteObjectsCommand({
        Bucket: 'in-us-east-1',
        Delete: { Objects: keys.map((Key) => ({ Key })) },
      }),
    );
    await s3Client.send(new s3.DeleteBucketCommand({ Bucket: 'in-us-east-1' }));
  });

  it('honours If-None-Match and the expected owner', async () => {
    const once = new s3.PutObjectCommand({ Bucket, Key: 'once', Body: '1', IfNoneMatch: '*' });
    await s3Client.send(once);
    await expect(s3Client.send(once)).rejects.toMatchObject({ name: 'PreconditionFailed' });
    await expect(
      s3Client.send(new s3.HeadBucketCommand({ Bucket, ExpectedBucketOwner: '999999999999' })),
    ).rejects.toMatchObject({ $metadata: { httpStatusCode: 403 } });
    await expect(
      s3Client.send(new s3.GetObjectCommand({ Bucket, Key: 'absent' })),
    ).rejects.toMatchObject({ name: 'NoSuchKey' });
  });
});

describe('signatures', () => {
  const callWith = (changes: object): Promise<unknown> =>
    new STSClient({ ...settings, ...changes }).send(new GetCallerIdentityCommand({}));

  it('knows the administrator', async () => {
    expect(await callWith({})).toMatchObject({ Account: '111122223333' });
  });

  it.each<readonly [string, () => object, string]>([
    [
      'another secret',
      () => ({ credentials: { ...aws.administrator, secretAccessKey: 'x' } }),
      'SignatureDoesNotMatch',
    ],
    [
      'an unknown key',
      () => ({ credentials: { accessKeyId: 'AKIAX', secretAccessKey: 'x' } }),
      'InvalidClientTokenId',
    ],
    [
      'a session token that nobody gave',
      () => ({ credentials: { ...aws.administrator, sessionToken: 'x' } }),
      'InvalidClientTokenId',
    ],
    [
      'a clock that is an hour off',
      () => ({ systemClockOffset: 3_600_000 }),
      'SignatureDoesNotMatch',
    ],
  ])('refuses %s', async (_, changes, name) => {
    await expect(callWith(changes())).rejects.toMatchObject({ name });
  });
});
