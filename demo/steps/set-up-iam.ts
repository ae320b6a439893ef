import { buildTrustPolicy, evaluateTrustPolicy } from 'irsa/iam';
import { serviceAccountSubject } from 'irsa/oidc';
import { startLocalAws, type LocalAws } from 'irsa/testing';
import { story, type Stage } from '../story.js';
import type { PublishedIssuer } from './publish-issuer.js';

/** The AWS side as the later steps use it. */
export interface AwsSide {
  readonly aws: LocalAws;
  readonly roleArn: string;
  readonly detail: string;
}

/** Registers the issuer in the local AWS, creates the role that trusts the workload, and lets it use one bucket. */
export async function setUpIam(stage: Stage, issuer: PublishedIssuer): Promise<AwsSide> {
  const { tell, breaks, tls, ports, cleanUp, check } = stage;
  const { region, roleName, bucket, namespace, serviceAccount, audience } = story;
  const aws = await startLocalAws({
    region,
    tls,
    fetchDocument: (url) => issuer.server.fetchDocument(url),
    ...(ports.aws === undefined ? {} : { port: ports.aws }),
  });
  cleanUp(() => aws.close());

  const provider = await aws.createOpenIDConnectProvider({
    url: story.issuer,
    audiences: [audience],
  });
  tell(provider.arn);
  const trustPolicy = buildTrustPolicy({
    issuer: story.issuer,
    accountId: aws.accountId,
    subjects: [{ namespace, name: breaks.trustedServiceAccount ?? serviceAccount }],
  });
  const role = await aws.createRole({ roleName, trustPolicy });
  tell(role.arn);
  await aws.createBucket({ bucket });
  await aws.putRolePolicy({
    roleName,
    policyName: 'use-the-bucket',
    policy: {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 's3:PutObject', Resource: `arn:aws:s3:::${bucket}/*` },
        { Effect: 'Allow', Action: 's3:ListBucket', Resource: `arn:aws:s3:::${bucket}` },
      ],
    },
  });

  const sub = serviceAccountSubject(namespace, serviceAccount);
  const { allowed } = evaluateTrustPolicy(trustPolicy, {
    providerArn: provider.arn,
    claims: { iss: story.issuer, sub, aud: [audience] },
  });
  check(allowed, `the trust policy of ${role.arn} does not admit ${sub}`);
  return { aws, roleArn: role.arn, detail: `${role.arn} trusts ${sub}` };
}
