/** A policy that lets everybody read exactly these objects. */
export const buildIssuerBucketPolicy = (bucket: string, paths: readonly string[]): string =>
  JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: '*',
        Action: 's3:GetObject',
        Resource: paths.map((path) => `arn:aws:s3:::${bucket}/${path}`),
      },
    ],
  });
