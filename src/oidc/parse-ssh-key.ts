import { KeyError } from '../errors.js';
import { ecNumbersOfPoint, rsaNumbers, type PublicNumbers } from './public-numbers.js';
import { UnsupportedKeyError } from './unsupported-key-error.js';

const curveNames: Readonly<Record<string, string>> = Object.freeze({
  nistp256: 'P-256',
  nistp384: 'P-384',
  nistp521: 'P-521',
});

const broken = (): KeyError =>
  new KeyError('key: expected a whole OpenSSH key, got a damaged one; copy the file again', {
    expected: 'an OpenSSH key',
  });

const magic = 'openssh-key-v1\0';

const ascii = (bytes: Uint8Array): string => String.fromCharCode(...bytes);

/** Reads the length-prefixed strings of RFC 4251, section 5, one after the other. */
const reader = (bytes: Uint8Array, start = 0): ((limit?: number) => Uint8Array) => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  return (limit = bytes.length) => {
    if (at + 4 > bytes.length) throw broken();
    const length = view.getUint32(at);
    if (length > limit || at + 4 + length > bytes.length) throw broken();
    const value = bytes.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    return value;
  };
};

/**
 * Reads the public key blob of an `ssh-rsa …` or `ecdsa-sha2-nistp… …` line.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4253#section-6.6 | RFC 4253, section 6.6}
 * @see {@link https://www.rfc-editor.org/rfc/rfc5656#section-3.1 | RFC 5656, section 3.1}
 */
export function parseSshPublicKey(bytes: Uint8Array): PublicNumbers {
  const next = reader(bytes);
  const type = ascii(next(64));
  if (type === 'ssh-rsa') {
    const exponent = next();
    return rsaNumbers(next(), exponent);
  }
  if (type.startsWith('ecdsa-sha2-')) {
    const curve = ascii(next(64));
    return ecNumbersOfPoint(curveNames[curve] ?? curve, next());
  }
  throw new UnsupportedKeyError(
    type === 'ssh-ed25519'
      ? 'Ed25519'
      : `an OpenSSH key of type ${type.replace(/[^\x20-\x7e]/g, '?')}`,
    'AWS verifies nothing else: make a key with generateSigningKey()',
  );
}

/** Reads the public half of an `OPENSSH PRIVATE KEY`; it stands there in clear even when the private half is encrypted. */
export function parseSshPrivateKey(bytes: Uint8Array): PublicNumbers {
  if (ascii(bytes.subarray(0, magic.length)) !== magic) throw broken();
  const next = reader(bytes, magic.length);
  // Cipher, key derivation and its options; then the number of keys, which no tool writes as anything but one.
  const header = next(64).length + next(64).length + next(256).length + 3 * 4 + 4;
  return parseSshPublicKey(reader(bytes, magic.length + header)());
}
