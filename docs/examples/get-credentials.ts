import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { fromProjectedToken } from 'irsa/credentials';

const s3 = new S3Client({ region: 'eu-west-1', credentials: fromProjectedToken() });
const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket: 'my-bucket' }));
for (const { Key } of Contents) console.log(Key);
