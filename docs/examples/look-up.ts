import type { ServiceAccount } from 'irsa/patch';

/** Stands in for a call to the API server: the one annotated ServiceAccount of the examples. */
export async function lookUp(namespace: string, name: string): Promise<ServiceAccount | undefined> {
  const annotations = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/s3-echoer' };
  const known = namespace === 'default' && name === 's3-echoer';
  return Promise.resolve(known ? { metadata: { namespace, name, annotations } } : undefined);
}
