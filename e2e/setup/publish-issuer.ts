import { CreateBucketCommand, PutBucketPolicyCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { CreateOpenIDConnectProviderCommand } from '@aws-sdk/client-iam';
import { buildIssuerBucketPolicy, buildOidcProvider } from 'irsa/iam';
import type { IssuerDocument } from 'irsa/oidc';
import { region } from '../environment/hosts.js';
import type { VerifyingAws } from '../environment/start-aws.js';

/** Creates the bucket, puts the documents, and lets everybody read exactly these. */
export async function publishIssuer(
  aws: VerifyingAws,
  bucket: string,
  documents: readonly IssuerDocument[],
): Promise<void> {
  await aws.s3.send(
    new CreateBucketCommand({
      Bucket: bucket,
      CreateBucketConfiguration: { LocationConstraint: region },
    }),
  );
  await putDocuments(aws, bucket, documents);
  const paths = documents.map(({ path }) => path);
  if (paths.length === 0) return;
  const policy = buildIssuerBucketPolicy({ bucket, paths, via: 'public' });
  await aws.s3.send(new PutBucketPolicyCommand({ Bucket: bucket, Policy: JSON.stringify(policy) }));
}

/** Uploads the documents into a bucket that is there. */
export async function putDocuments(
  aws: VerifyingAws,
  bucket: string,
  documents: readonly IssuerDocument[],
): Promise<void> {
  for (const { path, body, contentType, cacheControl } of documents) {
    await aws.s3.send(
      new PutObjectCommand({
        Bucket: bucket,
        Key: path,
        Body: body,
        ContentType: contentType,
        CacheControl: cacheControl,
      }),
    );
  }
}

/** Registers the issuer in IAM as an OIDC provider and returns its ARN. */
export async function registerIssuer(
  aws: VerifyingAws,
  issuer: string,
  audiences: readonly string[] = ['sts.amazonaws.com'],
): Promise<string> {
  const spec = buildOidcProvider({ issuer, audiences });
  const made = await aws.iam.send(
    new CreateOpenIDConnectProviderCommand({
      Url: spec.url,
      ClientIDList: [...audiences],
      // The verifier's certificate is of a throw-away authority; AWS would find the thumbprint by itself.
      ThumbprintList: ['0'.repeat(40)],
    }),
  );
  return made.OpenIDConnectProviderArn!;
}
