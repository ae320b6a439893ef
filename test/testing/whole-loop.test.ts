import { Agent } from 'node:https';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import {
  AssumeRoleWithWebIdentityCommand,
  GetCallerIdentityCommand,
  STSClient,
} from '@aws-sdk/client-sts';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { buildOidcProvider, buildTrustPolicy } from 'irsa/iam';
import { generateSigningKey } from 'irsa/oidc';
import {
  mintServiceAccountToken,
  startLocalAws,
  startLocalIssuer,
  type LocalAws,
  type LocalIssuer,
} from 'irsa/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';

const issuerUrl = 'https://irsa-oidc-demo.s3.us-west-2.amazonaws.com';
let aws: LocalAws;
let issuer: LocalIssuer;
let privateKeyPem: string;
let roleArn: string;

beforeAll(async () => {
  const key = await generateSigningKey();
  privateKeyPem = key.privateKeyPem;
  issuer = await startLocalIssuer({ keys: key.publicKeyPem, issuer: issuerUrl });
  aws = await startLocalAws({ fetchDocument: issuer.fetchDocument });
  await aws.createOpenIDConnectProvider(buildOidcProvider({ issuer: issuerUrl }));
  ({ arn: roleArn } = await aws.createRole({
    roleName: 's3-echoer',
    trustPolicy: buildTrustPolicy({
      issuer: issuerUrl,
      accountId: aws.accountId,
      subjects: [{ namespace: 'default', name: 's3-echoer' }],
    }),
  }));
  await aws.createBucket({ bucket: 'data' });
  await aws.putRolePolicy({
    roleName: 's3-echoer',
    policyName: 's3',
    policy: {
      Version: '2012-10-17',
      Statement: [
        {
          Effect: 'Allow',
          Action: ['s3:PutObject', 's3:GetObject'],
          Resource: 'arn:aws:s3:::data/*',
        },
        { Effect: 'Allow', Action: 's3:ListBucket', Resource: 'arn:aws:s3:::data' },
      ],
    },
  });
});

afterAll(async () => {
  await Promise.all([aws.close(), issuer.close()]);
});

const client = (): { endpoint: string; region: string; requestHandler: NodeHttpHandler } => ({
  endpoint: aws.endpoint,
  region: aws.region,
  requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca: aws.caPem }) }),
});

test('a projected token becomes credentials that read and write, and nothing more', async () => {
  const token = await mintServiceAccountToken({
    privateKeyPem,
    issuer: issuerUrl,
    namespace: 'default',
    serviceAccount: 's3-echoer',
  });
  const sts = new STSClient(client());
  const assumed = await sts.send(
    new AssumeRoleWithWebIdentityCommand({
      RoleArn: roleArn,
      RoleSessionName: 'pod',
      WebIdentityToken: token,
    }),
  );
  expect(assumed).toMatchObject({
    Audience: 'sts.amazonaws.com',
    SubjectFromWebIdentityToken: 'system:serviceaccount:default:s3-echoer',
    Provider: `arn:aws:iam::${aws.accountId}:oidc-provider/irsa-oidc-demo.s3.us-west-2.amazonaws.com`,
    AssumedRoleUser: { Arn: `arn:aws:sts::${aws.accountId}:assumed-role/s3-echoer/pod` },
  });
  const { AccessKeyId, SecretAccessKey, SessionToken } = assumed.Credentials!;
  const credentials = {
    accessKeyId: AccessKeyId!,
    secretAccessKey: SecretAccessKey!,
    sessionToken: SessionToken!,
  };
  const identity = await new STSClient({ ...client(), credentials }).send(
    new GetCallerIdentityCommand({}),
  );
  expect(identity.Arn).toBe(`arn:aws:sts::${aws.accountId}:assumed-role/s3-echoer/pod`);
  const s3 = new S3Client({ ...client(), credentials });
  await s3.send(new PutObjectCommand({ Bucket: 'data', Key: 'hello world.txt', Body: 'hello' }));
  const listed = await s3.send(new ListObjectsV2Command({ Bucket: 'data' }));
  expect(listed.Contents?.map(({ Key, Size }) => [Key, Size])).toEqual([['hello world.txt', 5]]);
  const read = await s3.send(new GetObjectCommand({ Bucket: 'data', Key: 'hello world.txt' }));
  expect(await read.Body?.transformToString()).toBe('hello');
  await expect(
    s3.send(new PutObjectCommand({ Bucket: 'other', Key: 'x', Body: 'x' })),
  ).rejects.toMatchObject({ name: 'AccessDenied' });
});
