import { CertificateError } from '../errors.js';

/** One block of a PEM text. */
export interface PemBlock {
  readonly label: string;
  readonly der: Uint8Array<ArrayBuffer>;
}

/** A chain of certificates is a few kilobytes; more is not one. */
const maxPemLength = 1_000_000;

const broken = (what: string, expected: string, fix: string): CertificateError =>
  new CertificateError(`${what}: expected ${expected}; ${fix}`, { path: what, expected });

/**
 * Every block of a PEM text, in order. Text around the blocks, Windows line ends and a byte-order mark are ignored.
 *
 * @param what - what the text is, for messages; the text itself never gets into one
 */
export function parsePem(text: string, what: string): PemBlock[] {
  const value: unknown = text;
  if (typeof value !== 'string') throw new TypeError(`${what}: expected a PEM string`);
  if (value.length > maxPemLength) {
    throw broken(
      what,
      `at most ${maxPemLength} characters of PEM, got ${value.length}`,
      'pass the PEM file alone',
    );
  }
  const blocks: PemBlock[] = [];
  let position = 0;
  for (;;) {
    const begin = value.indexOf('-----BEGIN ', position);
    if (begin === -1) break;
    const labelEnd = value.indexOf('-----', begin + 11);
    const label = labelEnd === -1 ? '' : value.slice(begin + 11, labelEnd);
    if (!/^[A-Z0-9 ]{1,40}$/.test(label)) {
      throw broken(what, 'a PEM header such as -----BEGIN CERTIFICATE-----', 'copy the whole file');
    }
    const end = value.indexOf(`-----END ${label}-----`, labelEnd);
    if (end === -1) {
      throw broken(what, `-----END ${label}----- after the block`, 'the file is cut off');
    }
    blocks.push({ label, der: decode(value.slice(labelEnd + 5, end), label, what) });
    position = end + label.length + 14;
  }
  if (blocks.length === 0) {
    const html = /^\s*<(?:!doctype|html)/i.test(value);
    throw broken(
      what,
      `PEM (-----BEGIN …-----), got ${html ? 'an HTML page' : 'text without a PEM block'}`,
      'pass the content of a .pem, .crt or .key file',
    );
  }
  return blocks;
}

function decode(body: string, label: string, what: string): Uint8Array<ArrayBuffer> {
  if (label === 'ENCRYPTED PRIVATE KEY' || body.includes('ENCRYPTED')) {
    throw broken(
      what,
      'an unencrypted private key, got an encrypted one',
      'decrypt it first: openssl pkey -in FILE -out FILE.plain',
    );
  }
  const base64 = body.replace(/\s+/g, '');
  let binary: string;
  try {
    if (base64 === '' || base64.includes('-----')) throw new Error('no base64');
    binary = atob(base64);
  } catch {
    // The cause is left out: its message could quote key material.
    throw broken(what, `base64 inside the ${label} block`, 'the file is damaged');
  }
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** DER as one PEM block of 64-character lines, ending in a line feed. */
export function encodePem(label: string, der: Uint8Array): string {
  let binary = '';
  for (const byte of der) binary += String.fromCharCode(byte);
  const lines = btoa(binary).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
