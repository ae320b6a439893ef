import type { KeyObject } from 'node:crypto';
import { KeyError } from '../errors.js';
import { serviceAccountSubject } from '../names/subject.js';

/** What {@link mintServiceAccountToken} takes. */
export interface ServiceAccountTokenOptions {
  /** The issuer's signing key, RSA or EC, as PKCS#8, PKCS#1 or SEC1. */
  readonly privateKeyPem: string;
  readonly issuer: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  /** The pod that the token is bound to; default none. */
  readonly pod?: { readonly name: string; readonly uid?: string };
  /** One audience, or several; default `sts.amazonaws.com`. */
  readonly audience?: string | readonly string[];
  /** Default the system's clock. */
  readonly now?: Date;
  /** Default 86,400, as the webhook asks for. */
  readonly lifetimeSeconds?: number;
  /** Replaces or, with undefined, removes claims: for tokens that Kubernetes would never issue. */
  readonly claims?: Readonly<Record<string, unknown>>;
  /** Replaces or, with undefined, removes header members. */
  readonly header?: Readonly<Record<string, unknown>>;
}

const uidOf = (hex: string): string =>
  `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;

const natural: Readonly<Record<string, string>> = {
  prime256v1: 'ES256',
  secp384r1: 'ES384',
  secp521r1: 'ES512',
};

const shown = (value: unknown): string =>
  typeof value === 'string' ? JSON.stringify(value) : value === null ? 'null' : typeof value;

const assertText = (name: string, value: unknown): void => {
  if (typeof value !== 'string' || value === '')
    throw new TypeError(
      `mintServiceAccountToken: expected ${name} to be a string that is not empty, got ${shown(value)}; use \`claims\` for a token that breaks the rules`,
    );
};

const assertCall = (options: ServiceAccountTokenOptions): void => {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null)
    throw new TypeError(
      `mintServiceAccountToken: expected an object of options, got ${shown(given)}`,
    );
  for (const name of ['privateKeyPem', 'issuer', 'namespace', 'serviceAccount'] as const)
    assertText(name, options[name]);
  // A null is no absent value: it would be written into the token.
  const { audience = 'sts.amazonaws.com' }: { readonly audience?: unknown } = options;
  for (const one of Array.isArray(audience) ? (audience as unknown[]) : [audience])
    // `as`: isArray says any[].
    assertText('audience', one);
  const now: unknown = options.now ?? new Date();
  if (!(now instanceof Date) || Number.isNaN(now.getTime()))
    throw new TypeError(
      'mintServiceAccountToken: expected now to be a valid Date; leave it out for the clock',
    );
  const { lifetimeSeconds = 86_400 } = options;
  if (!Number.isSafeInteger(lifetimeSeconds))
    throw new TypeError(
      `mintServiceAccountToken: expected lifetimeSeconds to be a whole number of seconds, got ${String(lifetimeSeconds)}`,
    );
};

const readKey = (
  createPrivateKey: (pem: string) => KeyObject,
  pem: string,
): { privateKey: KeyObject; alg: string } => {
  const expected = 'an RSA key or an EC key on P-256, P-384 or P-521, as unencrypted PEM';
  const refuse = (actual: string): never => {
    throw new KeyError(
      `privateKeyPem: expected ${expected}, got ${actual}; generateSigningKey() of irsa/oidc makes one`,
      { path: 'privateKeyPem', expected, actual },
    );
  };
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey(pem);
  } catch {
    // OpenSSL's own text is left out: it names a decoder, not the mistake.
    return refuse(pem.includes('PUBLIC KEY') ? 'a public key' : 'text that is no private key');
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = privateKey;
  const alg = type === 'rsa' ? 'RS256' : natural[details?.namedCurve ?? ''];
  return alg === undefined
    ? refuse(`a key of type ${details?.namedCurve ?? String(type)}`)
    : { privateKey, alg };
};

/**
 * Signs a projected service-account token, claim by claim as kube-apiserver's TokenRequest does.
 *
 * @throws {@link KeyError} `ERR_KEY` for a key that cannot sign such a token
 * @throws {@link SubjectError} `ERR_SUBJECT` for names that Kubernetes would not accept
 * @example
 * ```ts
 * import { generateSigningKey } from 'irsa/oidc';
 * import { mintServiceAccountToken } from 'irsa/testing';
 * const { privateKeyPem } = await generateSigningKey({});
 * const token = await mintServiceAccountToken({
 *   privateKeyPem,
 *   issuer: 'https://oidc.example.com',
 *   namespace: 'default',
 *   serviceAccount: 's3-echoer',
 * });
 * console.log(token.split('.').length); // 3
 * ```
 * @see {@link https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#schema-for-service-account-private-claims | Kubernetes: claims of service account tokens}
 */
export async function mintServiceAccountToken(
  options: ServiceAccountTokenOptions,
): Promise<string> {
  assertCall(options);
  const {
    privateKeyPem,
    issuer,
    namespace,
    serviceAccount,
    pod,
    audience = 'sts.amazonaws.com',
  } = options;
  const { createHash, createPrivateKey, createPublicKey, randomUUID, sign } =
    await import('node:crypto');
  const { privateKey, alg } = readKey(createPrivateKey, privateKeyPem);
  const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const issuedAt = Math.floor((options.now ?? new Date()).getTime() / 1000);
  const stableUid = (name: string): string =>
    uidOf(createHash('sha256').update(name).digest('hex'));
  const claims = {
    aud: typeof audience === 'string' ? [audience] : audience,
    exp: issuedAt + (options.lifetimeSeconds ?? 86_400),
    iat: issuedAt,
    iss: issuer,
    jti: randomUUID(),
    'kubernetes.io': {
      namespace,
      ...(pod === undefined
        ? {}
        : { pod: { name: pod.name, uid: pod.uid ?? stableUid(`pod ${namespace}/${pod.name}`) } }),
      serviceaccount: {
        name: serviceAccount,
        uid: stableUid(`serviceaccount ${namespace}/${serviceAccount}`),
      },
    },
    nbf: issuedAt,
    sub: serviceAccountSubject(namespace, serviceAccount),
    ...options.claims,
  };
  const header: Readonly<Record<string, unknown>> = {
    alg,
    kid: createHash('sha256').update(spki).digest('base64url'),
    ...options.header,
  };
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part(header)}.${part(claims)}`;
  const bits = /^[RE]S(256|384|512)$/.exec(String(header['alg']))?.[1] ?? '256';
  const signature = sign(`sha${bits}`, Buffer.from(input), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return `${input}.${signature.toString('base64url')}`;
}
