import { startLocalIrsa, type LocalIrsa } from 'irsa/testing';

/** Starts everything that the app's tests need, and gives this process the environment of a pod; the same for every test runner. */
export async function startCluster(): Promise<LocalIrsa> {
  const irsa = await startLocalIrsa({
    serviceAccount: 'greeter',
    buckets: ['greetings'],
    policy: {
      Version: '2012-10-17',
      Statement: [
        { Effect: 'Allow', Action: 's3:PutObject', Resource: 'arn:aws:s3:::greetings/*' },
      ],
    },
  });
  Object.assign(process.env, irsa.env());
  return irsa;
}
