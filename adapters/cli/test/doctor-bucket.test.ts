import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  DeletePublicAccessBlockCommand,
  PutBucketPolicyCommand,
  PutObjectCommand,
  PutPublicAccessBlockCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { buildIssuerBucketPolicy, buildTrustPolicy } from 'irsa/iam';
import {
  buildIssuerDocuments,
  generateSigningKey,
  parseIssuer,
  readPublicKeys,
  type SigningKey,
} from 'irsa/oidc';
import { mintServiceAccountToken, startLocalAws, type LocalAws } from 'irsa/testing';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { bucketOf } from '../src/doctor/read-bucket.js';
import { irsa, scratchFolder } from './test-io.js';

const bucket = 'irsa-oidc';
const issuer = parseIssuer(`https://${bucket}.s3.us-west-2.amazonaws.com`);
const paths = ['.well-known/openid-configuration', 'openid/v1/jwks'];
let key: SigningKey;
let aws: LocalAws | undefined;
beforeAll(async () => {
  key = await generateSigningKey();
});
afterEach(async () => {
  await aws?.close();
  aws = undefined;
});

/** The bucket's public name leads to the local S3, where nobody signs: what a stranger gets. */
const asStranger =
  (local: () => LocalAws): typeof globalThis.fetch =>
  (input, init) => {
    const url = input instanceof Request ? input.url : input.toString();
    return url.startsWith(issuer)
      ? fetch(url.replace(issuer, `${local().endpoint}/${bucket}`), init)
      : fetch(input, init);
  };

/** An issuer in a bucket: both documents are there, and the settings are what a case makes of them. */
async function start(
  settings: (s3: S3Client) => Promise<unknown>,
): Promise<{ readonly local: LocalAws; readonly roleArn: string }> {
  const fetchAsStranger = asStranger(() => local);
  const local = await startLocalAws({
    tls: false,
    fetchDocument: async (url) => {
      const response = await fetchAsStranger(url);
      return { status: response.status, body: await response.text() };
    },
  });
  aws = local;
  const s3 = new S3Client({
    endpoint: local.endpoint,
    region: local.region,
    credentials: local.administrator,
    forcePathStyle: true,
  });
  await local.createBucket({ bucket });
  const { keys } = await readPublicKeys(key.publicKeyPem);
  for (const { path, body, contentType } of await buildIssuerDocuments({ issuer, keys }))
    await s3.send(
      new PutObjectCommand({ Bucket: bucket, Key: path, Body: body, ContentType: contentType }),
    );
  await settings(s3);
  s3.destroy();
  await local.createOpenIDConnectProvider({ url: issuer });
  const { arn: roleArn } = await local.createRole({
    roleName: 'app',
    trustPolicy: buildTrustPolicy({
      issuer,
      accountId: local.accountId,
      subjects: [{ namespace: 'default', name: 'app' }],
    }),
  });
  return { local, roleArn };
}

interface Report {
  readonly findings: readonly { readonly id: string; readonly evidence: string }[];
  readonly notLookedAt: readonly { readonly what: string }[];
  readonly stsError?: { readonly message: string };
}

async function doctor(
  settings: (s3: S3Client) => Promise<unknown>,
  administrator = true,
): Promise<Report> {
  const { local, roleArn } = await start(settings);
  const tokenFile = join(scratchFolder(), 'token');
  writeFileSync(
    tokenFile,
    await mintServiceAccountToken({
      privateKeyPem: key.privateKeyPem,
      issuer,
      namespace: 'default',
      serviceAccount: 'app',
    }),
  );
  const { stdout, stderr } = await irsa(['doctor', '--output', 'json'], {
    now: () => new Date(),
    fetch: asStranger(() => local),
    env: {
      ...local.env({ administrator }),
      AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
      AWS_ROLE_ARN: roleArn,
    },
  });
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Report;
}

const ids = ({ findings }: Report): string[] => findings.map(({ id }) => id);
const publicPolicy = (resources: readonly string[]): PutBucketPolicyCommand =>
  new PutBucketPolicyCommand({
    Bucket: bucket,
    Policy: JSON.stringify(buildIssuerBucketPolicy({ bucket, paths: resources, via: 'public' })),
  });
const open = (s3: S3Client): Promise<unknown> =>
  s3.send(new DeletePublicAccessBlockCommand({ Bucket: bucket }));
const block = (changes: Readonly<Record<string, boolean>>): PutPublicAccessBlockCommand =>
  new PutPublicAccessBlockCommand({ Bucket: bucket, PublicAccessBlockConfiguration: changes });

describe('irsa doctor, an issuer in a bucket', () => {
  it('finds nothing wrong where strangers may read the two documents', async () => {
    const report = await doctor(async (s3) => {
      await open(s3);
      await s3.send(publicPolicy(paths));
    });
    expect(ids(report)).toEqual([]);
  });

  it.each<readonly [string, string, (s3: S3Client) => Promise<unknown>]>([
    [
      'a new bucket: public access is blocked',
      'issuer-public-access-block',
      () => Promise.resolve(),
    ],
    [
      'the block came back over a policy that is right',
      'issuer-public-access-block',
      async (s3) => {
        await open(s3);
        await s3.send(publicPolicy(paths));
        await s3.send(block({ RestrictPublicBuckets: true }));
      },
    ],
    ['no block and no policy, as after the ACLs of 2019', 'issuer-bucket-policy', open],
    [
      'a policy for other objects',
      'issuer-bucket-policy',
      async (s3) => {
        await open(s3);
        await s3.send(publicPolicy(['keys.json']));
      },
    ],
  ])('%s', async (_, id, settings) => {
    const report = await doctor(settings);
    expect(ids(report)).toEqual([id]);
    expect(report.findings[0]?.evidence).toContain('HTTP 403 (AccessDenied)');
    expect(report.stsError?.message).toContain("Couldn't retrieve verification key");
  });

  it('explains the 403 in general where nobody may look at the bucket', async () => {
    const report = await doctor(open, false);
    expect(ids(report)).toContain('issuer-forbidden');
    expect(report.notLookedAt.map(({ what }) => what)).toEqual(['IAM', `bucket ${bucket}`]);
  });
});

describe('the bucket of an issuer', () => {
  it.each<readonly [string, ReturnType<typeof bucketOf>]>([
    ['https://b.s3.eu-west-1.amazonaws.com', { bucket: 'b', region: 'eu-west-1' }],
    ['https://b.s3-eu-west-1.amazonaws.com', { bucket: 'b', region: 'eu-west-1' }],
    ['https://b.s3.amazonaws.com/a', { bucket: 'b', region: 'us-east-1' }],
    ['https://s3.eu-west-1.amazonaws.com/b', { bucket: 'b', region: 'eu-west-1' }],
    ['https://s3-eu-west-1.amazonaws.com/b/c', { bucket: 'b', region: 'eu-west-1' }],
    ['https://b.s3.dualstack.eu-west-1.amazonaws.com', { bucket: 'b', region: 'eu-west-1' }],
    ['https://b.s3.cn-north-1.amazonaws.com.cn', { bucket: 'b', region: 'cn-north-1' }],
    ['https://b.s3.eusc-de-east-1.amazonaws.eu', { bucket: 'b', region: 'eusc-de-east-1' }],
    ['https://oidc.eks.eu-west-1.amazonaws.com/id/X', undefined],
    ['https://d1.cloudfront.net', undefined],
    ['https://s3.amazonaws.com', undefined],
  ])('%s', (url, expected) => {
    expect(bucketOf(url)).toEqual(expected);
  });
});
