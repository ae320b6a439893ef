import { constants, createPrivateKey, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/**
 * Signs any header and any claims, also those that no API server would: the refusals need tokens that are wrong in one way.
 * RS256 and ES256 by the kind of key; `alg: none` leaves the signature empty.
 */
export function signToken(options: {
  readonly privateKeyPem: string;
  readonly header: { readonly alg: string; readonly kid?: string };
  readonly claims: Readonly<Record<string, unknown>>;
}): string {
  const { header, claims } = options;
  const signed = `${encode({ typ: 'JWT', ...header })}.${encode(claims)}`;
  if (header.alg === 'none') return `${signed}.`;
  return `${signed}.${signature(signed, createPrivateKey(options.privateKeyPem)).toString('base64url')}`;
}

function signature(signed: string, key: KeyObject): Buffer {
  const data = Buffer.from(signed);
  if (key.asymmetricKeyType === 'ec')
    return sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' });
  return sign('sha256', data, { key, padding: constants.RSA_PKCS1_PADDING });
}

/** The claims of a projected token as kube-apiserver writes them. */
export function projectedClaims(options: {
  readonly issuer: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** An API server takes only tokens with the real one. */
  readonly serviceAccountUid?: string;
  readonly now: Date;
  readonly lifetimeSeconds: number;
  readonly audience?: readonly string[];
}): Record<string, unknown> {
  const { issuer, namespace, serviceAccount, lifetimeSeconds } = options;
  const iat = Math.floor(options.now.getTime() / 1000);
  return {
    aud: options.audience ?? ['sts.amazonaws.com'],
    exp: iat + lifetimeSeconds,
    iat,
    iss: issuer,
    nbf: iat,
    sub: `system:serviceaccount:${namespace}:${serviceAccount}`,
    'kubernetes.io': {
      namespace,
      serviceaccount: { name: serviceAccount, uid: options.serviceAccountUid ?? 'e2e' },
    },
  };
}
