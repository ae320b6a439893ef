import { createPrivateKey, X509Certificate } from 'node:crypto';
import { CertificateError } from 'irsa/errors';
import type { CertificatePair } from './types.js';
import { watchFiles, type WatchedFiles } from './watch-files.js';

/** What {@link watchCertificate} needs. */
export interface WatchCertificateOptions {
  readonly certificateFile: string;
  readonly privateKeyFile: string;
  /** Called with each new pair that can be served. */
  readonly onPair: (pair: CertificatePair) => void;
  /** A pair cannot be read or served; the one before it stays. */
  readonly onError: (error: unknown) => void;
  /** After that, the files hold a pair again. */
  readonly onMended: () => void;
  /** Default 10,000. */
  readonly pollMs?: number;
}

/**
 * Serves the certificate that cert-manager, or whoever, writes to two files: watched and polled, the last good pair kept. A pair whose
 * halves do not belong together, as between two writes, is looked at again.
 */
export function watchCertificate(options: WatchCertificateOptions): Promise<WatchedFiles> {
  const { certificateFile, privateKeyFile, onPair, onError, onMended, pollMs } = options;
  return watchFiles({
    paths: [certificateFile, privateKeyFile],
    onContents: ([certificatePem = '', privateKeyPem = '']) => {
      const pair = { certificatePem, privateKeyPem };
      assertPair(pair);
      onPair(pair);
    },
    onError,
    onMended,
    ...(pollMs !== undefined && { pollMs }),
  });
}

/**
 * Checks that a certificate and a private key belong together.
 *
 * @throws {@link CertificateError} `ERR_CERTIFICATE`
 */
export function assertPair(pair: CertificatePair): void {
  let fault: string | undefined;
  try {
    const certificate = new X509Certificate(pair.certificatePem);
    if (!certificate.checkPrivateKey(createPrivateKey(pair.privateKeyPem))) {
      fault = 'a key of another certificate';
    }
  } catch (cause) {
    fault = cause instanceof Error ? cause.message : 'unreadable PEM';
  }
  if (fault !== undefined) {
    throw new CertificateError(
      `serving certificate: expected a PEM certificate and its private key, got ${fault}; the last good pair stays in use`,
    );
  }
}
