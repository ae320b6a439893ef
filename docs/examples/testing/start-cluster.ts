import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildTrustPolicy } from 'irsa/iam';
import { generateSigningKey } from 'irsa/oidc';
import {
  mintServiceAccountToken,
  startLocalAws,
  startLocalIssuer,
  type LocalAws,
} from 'irsa/testing';

/** A local AWS with one role and one bucket, and this process's environment as in a pod. */
export interface Cluster {
  readonly aws: LocalAws;
  /** Puts another service account's token into the token file. */
  runAs(serviceAccount: string): Promise<void>;
  stop(): Promise<void>;
}

/** Starts everything that the app's tests need; the same for every test runner. */
export async function startCluster(): Promise<Cluster> {
  const { privateKeyPem, publicKeyPem } = await generateSigningKey();
  const issuer = await startLocalIssuer({ keys: publicKeyPem });
  // Plain http, so that clients in this very process need no CA; for other processes leave `tls` out and pass `caPem` on.
  const aws = await startLocalAws({ tls: false, fetchDocument: issuer.fetchDocument });
  await aws.createOpenIDConnectProvider({ url: issuer.issuer });
  const { arn } = await aws.createRole({
    roleName: 'greeter',
    trustPolicy: buildTrustPolicy({
      issuer: issuer.issuer,
      accountId: aws.accountId,
      subjects: [{ namespace: 'default', name: 'greeter' }],
    }),
  });
  await aws.putRolePolicy({
    roleName: 'greeter',
    policyName: 's3',
    policy: {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 's3:PutObject', Resource: 'arn:aws:s3:::greetings/*' },
      ],
    },
  });
  await aws.createBucket({ bucket: 'greetings' });
  const folder = await mkdtemp(join(tmpdir(), 'greeter-'));
  const tokenFile = join(folder, 'token');
  const runAs = async (serviceAccount: string): Promise<void> => {
    const { issuer: url } = issuer;
    await writeFile(
      tokenFile,
      await mintServiceAccountToken({
        privateKeyPem,
        issuer: url,
        namespace: 'default',
        serviceAccount,
      }),
    );
  };
  await runAs('greeter');
  Object.assign(process.env, aws.env(), {
    AWS_ROLE_ARN: arn,
    AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
  });
  return {
    aws,
    runAs,
    stop: async () => {
      await Promise.all([aws.close(), issuer.close(), rm(folder, { recursive: true })]);
    },
  };
}
