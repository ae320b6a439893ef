import { readPublicKeys } from './read-public-keys.js';

/** Options of {@link generateSigningKey}. */
export interface SigningKeyOptions {
  /** Default `RS256`, which every verifier knows. */
  readonly algorithm?: 'RS256' | 'ES256' | 'ES384' | 'ES512';
  /** Bits of an RSA key, 2048 to 8192 in steps of 8. Default 2048. */
  readonly modulusLength?: number;
}

/** A new signing key for `--service-account-signing-key-file` and `--service-account-key-file`. */
export interface SigningKey {
  /** PKCS#8 PEM. Keep it secret: whoever has it is every service account. */
  readonly privateKeyPem: string;
  /** SPKI PEM. */
  readonly publicKeyPem: string;
  /** Kubernetes' key ID. */
  readonly kid: string;
}

const curveOf = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' } as const;

const toPem = (label: string, der: ArrayBuffer): string => {
  const base64 = Buffer.from(der)
    .toString('base64')
    .replace(/.{64}(?=.)/g, '$&\n');
  return `-----BEGIN ${label}-----\n${base64}\n-----END ${label}-----\n`;
};

/**
 * Makes a service-account signing key with the platform's own generator.
 *
 * @throws TypeError for an algorithm or modulus length that AWS or kube-apiserver does not take
 * @example
 * ```ts
 * import { generateSigningKey } from 'irsa/oidc';
 * const { privateKeyPem, publicKeyPem, kid } = await generateSigningKey({ algorithm: 'ES256' });
 * console.log(privateKeyPem.split('\n')[0], publicKeyPem.split('\n')[0], kid.length);
 * // -----BEGIN PRIVATE KEY----- -----BEGIN PUBLIC KEY----- 43
 * ```
 * @see {@link https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/ | kube-apiserver: --service-account-signing-key-file}
 */
export async function generateSigningKey(options: SigningKeyOptions = {}): Promise<SigningKey> {
  const { algorithm = 'RS256', modulusLength = 2048 } = options;
  if (algorithm !== 'RS256' && !Object.hasOwn(curveOf, algorithm)) {
    throw new TypeError('generateSigningKey: expected algorithm RS256, ES256, ES384 or ES512');
  }
  if (algorithm !== 'RS256' && options.modulusLength !== undefined) {
    throw new TypeError('generateSigningKey: modulusLength is for RS256 only');
  }
  if (!(modulusLength >= 2048 && modulusLength <= 8192 && modulusLength % 8 === 0)) {
    throw new TypeError(
      'generateSigningKey: expected a modulusLength of 2048 to 8192 in steps of 8',
    );
  }
  const parameters =
    algorithm === 'RS256'
      ? {
          name: 'RSASSA-PKCS1-v1_5',
          hash: 'SHA-256',
          modulusLength,
          publicExponent: Uint8Array.of(1, 0, 1),
        }
      : { name: 'ECDSA', namedCurve: curveOf[algorithm] };
  const pair = await crypto.subtle.generateKey(parameters, true, ['sign', 'verify']);
  const spki = await crypto.subtle.exportKey('spki', pair.publicKey);
  const publicKeyPem = toPem('PUBLIC KEY', spki);
  const { keys } = await readPublicKeys(publicKeyPem);
  return {
    privateKeyPem: toPem('PRIVATE KEY', await crypto.subtle.exportKey('pkcs8', pair.privateKey)),
    publicKeyPem,
    kid: keys[0]?.kid ?? '',
  };
}
