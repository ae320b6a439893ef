// The workload of the walk-through, as its own process: puts what it is given into the bucket, then lists the bucket.
// It knows nothing of keys or roles: all of its AWS configuration is what the webhook put into the container.
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { fromProjectedToken } from 'irsa/credentials';

const bucket = process.env['TARGET_BUCKET'];
const key = `s3echoer-${String(Math.floor(Date.now() / 1000))}`;
const s3 = new S3Client({ credentials: fromProjectedToken() });

try {
  await s3.send(
    new PutObjectCommand({ Bucket: bucket, Key: key, Body: 'This is an in-cluster test\n' }),
  );
  const { Contents: contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
  console.log(JSON.stringify(contents.map(({ Key, Size }) => ({ key: Key, size: Size }))));
} catch (error) {
  console.error(error instanceof Error ? `${error.name}: ${error.message}` : error);
  process.exitCode = 1;
}
