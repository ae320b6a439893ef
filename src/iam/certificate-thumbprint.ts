import { CertificateError } from '../errors.js';

const pemBlock = /-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \1-----/g;

const refuse = (expected: string, actual: string, fix: string): CertificateError =>
  new CertificateError(`certificate chain: expected ${expected}, got ${actual}; ${fix}`, {
    expected,
    actual,
  });

const decodeBase64 = (text: string): Uint8Array<ArrayBuffer> => {
  try {
    return Uint8Array.from(atob(text.replaceAll(/\s/g, '')), (character) =>
      character.charCodeAt(0),
    );
  } catch (cause) {
    throw new CertificateError(
      'certificate chain: expected base64 between BEGIN and END, got other characters; copy the PEM file again',
      { cause, expected: 'base64' },
    );
  }
};

/** One DER SEQUENCE that fills the bytes exactly: a truncated copy does not. */
const isWholeSequence = (der: Uint8Array): boolean => {
  const [tag, first = 0] = der;
  if (tag !== 0x30) return false;
  if (first < 0x80) return der.length === first + 2;
  const count = first - 0x80;
  if (count < 1 || count > 3) return false;
  const length = der.slice(2, 2 + count).reduce((value, byte) => value * 256 + byte, 0);
  return der.length === length + 2 + count;
};

/**
 * The thumbprint that IAM compares: SHA-1 over the last certificate of the chain that the issuer's host presents,
 * 40 lower-case hex digits. Only hosts whose certificate no public CA has signed need it.
 *
 * @param chainPem - what the host presents, leaf first, as `openssl s_client -showcerts` prints it; other text is skipped
 * @throws {@link CertificateError} `ERR_CERTIFICATE`
 * @example
 * ```ts no-run
 * import { certificateThumbprint } from 'irsa/iam';
 * import { readFile } from 'node:fs/promises';
 * console.log(await certificateThumbprint(await readFile('chain.pem', 'utf8')));
 * ```
 * @see {@link https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc_verify-thumbprint.html | IAM: obtain the thumbprint for an OIDC identity provider}
 */
export async function certificateThumbprint(chainPem: string): Promise<string> {
  const text: unknown = chainPem;
  if (typeof text !== 'string') {
    throw refuse('PEM text', typeof text, 'read the file as text');
  }
  const blocks = [...text.matchAll(pemBlock)];
  const last = blocks.filter(([, label]) => label === 'CERTIFICATE').at(-1);
  if (last === undefined) {
    const found = blocks.map(([, label]) => label).join(', ');
    throw refuse(
      'at least one CERTIFICATE block',
      found === '' ? 'no PEM block' : found,
      'print the chain with openssl s_client -showcerts -connect HOST:443 -servername HOST',
    );
  }
  const der = decodeBase64(last[2] ?? '');
  if (!isWholeSequence(der)) {
    throw refuse(
      'a whole DER certificate',
      `${String(der.length)} bytes that are none`,
      'the copy may be cut off',
    );
  }
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-1', der));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
