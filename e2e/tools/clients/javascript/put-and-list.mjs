// s3-echoer with the SDK's default chain, or with our provider where PROVIDER=irsa says so.
import { ListObjectsV2Command, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';

const { BUCKET: bucket, KEY: key, PROVIDER: provider } = process.env;
const ours = async () => (await import('irsa/credentials')).fromProjectedToken();
const s3 = new S3Client(provider === 'irsa' ? { credentials: await ours() } : {});
await s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: `put by ${key}` }));
const { Contents: found = [] } = await s3.send(new ListObjectsV2Command({ Bucket: bucket }));
console.log(JSON.stringify({ keys: found.map((item) => item.Key) }));
