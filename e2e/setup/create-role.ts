import { CreateRoleCommand, PutRolePolicyCommand } from '@aws-sdk/client-iam';
import { buildTrustPolicy } from 'irsa/iam';
import type { ServiceAccountPattern, TrustPolicy } from 'irsa/iam';
import { accountId } from '../environment/hosts.js';
import type { VerifyingAws } from '../environment/start-aws.js';

/** Creates a role that the service accounts may assume and that may use one bucket; returns its ARN. */
export async function createRole(
  aws: VerifyingAws,
  options: {
    readonly name: string;
    readonly issuer: string;
    readonly subjects: readonly ServiceAccountPattern[];
    readonly bucket?: string;
    /** Instead of the policy for `subjects`. */
    readonly trustPolicy?: TrustPolicy;
  },
): Promise<string> {
  const { name, issuer, subjects, bucket } = options;
  const trustPolicy = options.trustPolicy ?? buildTrustPolicy({ issuer, accountId, subjects });
  const made = await aws.iam.send(
    new CreateRoleCommand({
      RoleName: name,
      AssumeRolePolicyDocument: JSON.stringify(trustPolicy),
    }),
  );
  if (bucket !== undefined) {
    const policy = {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 's3:ListBucket', Resource: `arn:aws:s3:::${bucket}` },
        {
          Effect: 'Allow',
          Action: ['s3:PutObject', 's3:GetObject'],
          Resource: `arn:aws:s3:::${bucket}/*`,
        },
      ],
    };
    await aws.iam.send(
      new PutRolePolicyCommand({
        RoleName: name,
        PolicyName: 'bucket',
        PolicyDocument: JSON.stringify(policy),
      }),
    );
  }
  return made.Role!.Arn!;
}
