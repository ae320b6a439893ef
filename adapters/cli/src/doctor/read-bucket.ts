import type { BucketFact, PublicAccessBlockFact } from 'irsa/diagnose';
import type { CliIo } from '../types.js';
import { awsAccess } from './aws-access.js';
import { readOrGap } from './read-or-gap.js';
import type { Gap } from './types.js';

/** The bucket and region of an S3 host name, in every form that S3 has had. */
export function bucketOf(
  issuer: string,
): { readonly bucket: string; readonly region: string } | undefined {
  const { hostname, pathname } = new URL(issuer);
  const match =
    /^(?:([a-z0-9][a-z0-9.-]*)\.)?s3(?:[.-](?:dualstack\.)?([a-z]{2,4}(?:-[a-z]+)+-\d))?\.(?:amazonaws\.(?:com(?:\.cn)?|eu)|c2s\.ic\.gov|sc2s\.sgov\.gov|cloud\.adc-e\.uk|csp\.hci\.ic\.gov)$/.exec(
      hostname,
    );
  if (match === null) return undefined;
  const [, inHost, region = 'us-east-1'] = match;
  const bucket = inHost ?? pathname.split('/')[1] ?? '';
  return bucket === '' ? undefined : { bucket, region };
}

/** Why the bucket behind an issuer keeps strangers out, as its owner can see it; undefined where nobody may look. */
export async function readBucket(
  issuer: string,
  roleArn: string | undefined,
  gaps: Gap[],
  io: CliIo,
): Promise<BucketFact | undefined> {
  const found = bucketOf(issuer);
  if (found === undefined) return undefined;
  const access = awsAccess(io, 'S3');
  if (access === undefined) {
    gaps.push({ what: `bucket ${found.bucket}`, why: 'no AWS credentials' });
    return undefined;
  }
  const { bucket, region } = found;
  const s3 = await import('@aws-sdk/client-s3');
  const client = new s3.S3Client({
    ...access,
    region,
    forcePathStyle: access.endpoint !== undefined,
  });
  const [block, policy, accountBlock] = await Promise.all([
    readOrGap(
      gaps,
      `the public access block of ${bucket}`,
      'NoSuchPublicAccessBlockConfiguration',
      () => client.send(new s3.GetPublicAccessBlockCommand({ Bucket: bucket })),
    ),
    readOrGap(gaps, `the policy of ${bucket}`, 'NoSuchBucketPolicy', () =>
      client.send(new s3.GetBucketPolicyCommand({ Bucket: bucket })),
    ),
    readAccountBlock(roleArn, region, gaps, io),
  ]);
  client.destroy();
  return {
    name: bucket,
    ...(block === undefined
      ? {}
      : { publicAccessBlock: blockOf(block?.PublicAccessBlockConfiguration) }),
    ...(policy === undefined ? {} : { policy: policy?.Policy ?? null }),
    ...(accountBlock === undefined ? {} : { accountPublicAccessBlock: accountBlock }),
  };
}

async function readAccountBlock(
  roleArn: string | undefined,
  region: string,
  gaps: Gap[],
  io: CliIo,
): Promise<PublicAccessBlockFact | null | undefined> {
  const accountId = /^arn:[^:]+:iam::(\d{12}):/.exec(roleArn ?? '')?.[1];
  const access = awsAccess(io, 'S3');
  if (accountId === undefined || access === undefined) return undefined;
  const control = await import('@aws-sdk/client-s3-control');
  const client = new control.S3ControlClient({
    ...access,
    region,
    // One host name answers for all accounts where an endpoint is given.
    disableHostPrefix: access.endpoint !== undefined,
  });
  const found = await readOrGap(
    gaps,
    'the account’s public access block',
    'NoSuchPublicAccessBlockConfiguration',
    () => client.send(new control.GetPublicAccessBlockCommand({ AccountId: accountId })),
  );
  client.destroy();
  return found === undefined ? undefined : blockOf(found?.PublicAccessBlockConfiguration);
}

const blockOf = (
  switches:
    | {
        readonly BlockPublicPolicy?: boolean | undefined;
        readonly RestrictPublicBuckets?: boolean | undefined;
      }
    | undefined,
): PublicAccessBlockFact | null =>
  switches === undefined
    ? null
    : {
        blockPublicPolicy: switches.BlockPublicPolicy === true,
        restrictPublicBuckets: switches.RestrictPublicBuckets === true,
      };
