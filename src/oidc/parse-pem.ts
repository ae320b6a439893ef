import { KeyError } from '../errors.js';
import { decodeBase64 } from './base64.js';

/** One PEM block. */
export interface PemBlock {
  /** What stands between BEGIN and the dashes, e.g. `PUBLIC KEY`. */
  readonly label: string;
  readonly bytes: Uint8Array;
  /** Counted from 1. */
  readonly number: number;
}

const begin = '-----BEGIN ';

const failAt = (number: number, found: string, advice: string): KeyError =>
  new KeyError(`key: PEM block ${number}: expected a whole block, got ${found}; ${advice}`, {
    path: `PEM block ${number}`,
    expected: 'a whole PEM block',
    actual: found,
  });

/**
 * Every PEM block of a text. Text around and between the blocks is passed over, line ends are free, and blocks may
 * follow one another without one: people concatenate files.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7468 | RFC 7468}
 */
export function parsePem(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let start = text.indexOf(begin); start !== -1;) {
    const number = blocks.length + 1;
    const labelEnd = text.indexOf('-----', start + begin.length);
    const label = labelEnd === -1 ? '' : text.slice(start + begin.length, labelEnd);
    if (!/^[A-Z0-9][A-Z0-9 ]{0,60}$/.test(label)) {
      throw failAt(number, 'a damaged BEGIN line', 'copy the file again');
    }
    const end = `-----END ${label}-----`;
    const bodyEnd = text.indexOf(end, labelEnd);
    const next = text.indexOf(begin, labelEnd);
    if (bodyEnd === -1 || (next !== -1 && next < bodyEnd)) {
      throw failAt(number, `BEGIN ${label} without its END line`, 'the file is cut off');
    }
    const body = text.slice(labelEnd + 5, bodyEnd);
    blocks.push({ label, bytes: decodeBody(body, label, number), number });
    start = next;
  }
  return blocks;
}

const decodeBody = (body: string, label: string, number: number): Uint8Array => {
  if (label.startsWith('ENCRYPTED') || /Proc-Type:\s*4,\s*ENCRYPTED/.test(body)) {
    throw failAt(
      number,
      'an encrypted private key',
      'pass the public key (openssl pkey -in KEY -pubout, ssh-keygen -e -m PKCS8)',
    );
  }
  // Headers such as "Comment: …" (RFC 4716) end with the first line that has no colon and continues none.
  const lines = body
    .trimStart()
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim());
  let first = 0;
  while (lines[first]?.includes(':') === true || lines[first - 1]?.endsWith('\\') === true)
    first += 1;
  const bytes = decodeBase64(lines.slice(first).join('').replace(/\s+/g, ''));
  if (bytes === undefined || bytes.length === 0) {
    throw failAt(number, 'a body that is not base64', 'copy the file again');
  }
  return bytes;
};
