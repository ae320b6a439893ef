import type { RsaKeyPair } from './types.js';

/** What {@link generateRsaKeyPair} takes. */
export interface GenerateRsaKeyPairOptions {
  /** Bits: 2048 (default), 3072 or 4096. */
  readonly modulusLength?: 2048 | 3072 | 4096;
}

/**
 * Draws an RSA key pair from the platform: PKCS#8 and SPKI as PEM.
 *
 * @example
 * ```ts
 * import { generateRsaKeyPair } from 'irsa/certs';
 * const { privateKeyPem, publicKeyPem } = await generateRsaKeyPair();
 * ```
 */
export async function generateRsaKeyPair(
  options: GenerateRsaKeyPairOptions = {},
): Promise<Required<RsaKeyPair>> {
  const { modulusLength = 2048 } = options;
  if (![2048, 3072, 4096].includes(modulusLength)) {
    throw new TypeError('modulusLength: expected 2048, 3072 or 4096');
  }
  const { generateKeyPair } = await import('node:crypto');
  return new Promise((resolve, reject) => {
    generateKeyPair(
      'rsa',
      {
        modulusLength,
        publicKeyEncoding: { type: 'spki', format: 'pem' },
        privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
      },
      (error, publicKeyPem, privateKeyPem) => {
        if (error === null) resolve({ privateKeyPem, publicKeyPem });
        else reject(error);
      },
    );
  });
}
