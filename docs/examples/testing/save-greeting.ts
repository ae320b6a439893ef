import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { fromProjectedToken } from 'irsa/credentials';

/** The app under test: it knows nothing of any test. */
export async function saveGreeting(bucket: string): Promise<void> {
  const credentials = fromProjectedToken();
  const s3 = new S3Client({ credentials });
  try {
    await s3.send(new PutObjectCommand({ Bucket: bucket, Key: 'greeting', Body: 'hello' }));
  } finally {
    s3.destroy();
    credentials.close();
  }
}
