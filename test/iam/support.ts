/** Freezes a value through and through, so that a function that writes to its input throws. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const child of Object.values(value)) deepFreeze(child);
  }
  return value;
}

export const accountId = '111122223333';
export const issuer = 'https://oidc.example.com/cluster-1';
export const hostPath = 'oidc.example.com/cluster-1';
export const providerArn = 'arn:aws:iam::111122223333:oidc-provider/oidc.example.com/cluster-1';
export const subject = 'system:serviceaccount:default:s3-echoer';
export const echoer: { readonly namespace: string; readonly name: string } = {
  namespace: 'default',
  name: 's3-echoer',
};
export const claims: {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
} = { iss: issuer, sub: subject, aud: ['sts.amazonaws.com'] };
