import { readFileSync } from 'node:fs';

const fixtures = new URL('../fixtures/', import.meta.url);

/** JSON of unknown shape, looked into freely. */
export type Json = ReturnType<JSON['parse']>;

/** A recorded AdmissionReview (or ServiceAccount), parsed anew for each caller. */
export const recorded = (name: string): Json =>
  JSON.parse(readFileSync(new URL(`reviews/${name}.json`, fixtures), 'utf8'));

/** Freezes a JSON value through and through: whoever writes to it throws. */
export const deepFreeze = <T>(value: T): T => {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const name of Object.keys(value)) deepFreeze((value as Record<string, unknown>)[name]);
  }
  return value;
};

export const roleArn = 'arn:aws:iam::111122223333:role/s3-echoer';

/** A ServiceAccount with annotations of the default domain. */
export const account = (annotations: Record<string, string> = { 'role-arn': roleArn }): Json => ({
  metadata: {
    name: 's3-echoer',
    namespace: 'default',
    annotations: Object.fromEntries(
      Object.entries(annotations).map(([name, value]) => [
        name.includes('/') ? name : `eks.amazonaws.com/${name}`,
        value,
      ]),
    ),
  },
});

/** A pod of the s3-echoer ServiceAccount with these containers. */
export const podOf = (containers: unknown[] = [{ name: 'app' }], more: object = {}): Json => ({
  metadata: {},
  spec: { serviceAccountName: 's3-echoer', containers, ...more },
});

/** The patch inside a review's answer. */
export const patchIn = (answer: { response: { patch?: string } }): Json[] =>
  JSON.parse(Buffer.from(answer.response.patch ?? '', 'base64').toString('utf8'));
