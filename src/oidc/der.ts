import { KeyError } from '../errors.js';

/** One DER element: `content` and `whole` are views into the bytes that were read, not copies. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly whole: Uint8Array;
}

/** The tags that keys and certificates are made of. */
export const derTags = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
  context0: 0xa0,
  context1: 0xa1,
} as const;

/** No structure that is read here has more children; a bound keeps hostile input cheap. */
const maxChildren = 64;

const broken = (found: string): KeyError =>
  new KeyError(`key: expected whole DER, got ${found}; copy the file again in binary mode`, {
    expected: 'DER',
    actual: found,
  });

/**
 * Reads the element at `offset`: definite, minimal lengths and single-octet tags only, as DER demands.
 *
 * @see ITU-T X.690, sections 8.1 and 10.1
 */
export function readDer(bytes: Uint8Array, offset = 0): DerElement {
  const tag = bytes[offset];
  const first = bytes[offset + 1];
  if (tag === undefined || first === undefined) throw broken('data that ends early');
  if ((tag & 0x1f) === 0x1f) throw broken('a tag of several octets');
  let start = offset + 2;
  let length = first;
  if (first >= 0x80) {
    const count = first & 0x7f;
    if (count === 0 || count > 4) throw broken('a length that DER does not allow');
    length = 0;
    for (let octet = 0; octet < count; octet += 1) {
      length = length * 256 + (bytes[start + octet] ?? 0);
    }
    start += count;
    if (length < 0x80 || length < 256 ** (count - 1)) throw broken('a length that is not minimal');
  }
  const end = start + length;
  if (end > bytes.length) throw broken('data that ends early');
  return { tag, content: bytes.subarray(start, end), whole: bytes.subarray(offset, end) };
}

/** The only element of `bytes`: anything after it is refused. */
export function readOnlyDer(bytes: Uint8Array): DerElement {
  const element = readDer(bytes);
  if (element.whole.length !== bytes.length) throw broken('more data after the end of the key');
  return element;
}

/** The elements inside a constructed element, in order. */
export function readDerChildren(parent: DerElement): DerElement[] {
  const children: DerElement[] = [];
  for (let offset = 0; offset < parent.content.length;) {
    if (children.length === maxChildren) throw broken('more elements than a key has');
    const child = readDer(parent.content, offset);
    children.push(child);
    offset += child.whole.length;
  }
  return children;
}

/** The magnitude of a positive INTEGER in the fewest octets. */
export function readDerUnsigned(element: DerElement): Uint8Array {
  const { content } = element;
  const [first, second] = content;
  if (element.tag !== derTags.integer || first === undefined) throw broken('no INTEGER');
  if (first >= 0x80) throw broken('a negative INTEGER');
  if (first !== 0) return content;
  if (second === undefined) return content;
  if (second < 0x80) throw broken('an INTEGER that is not minimal');
  return content.subarray(1);
}

/** The octets of a BIT STRING that has no unused bits. */
export function readDerBits(element: DerElement): Uint8Array {
  if (element.tag !== derTags.bitString || element.content[0] !== 0) {
    throw broken('no BIT STRING of whole octets');
  }
  return element.content.subarray(1);
}

/** An OBJECT IDENTIFIER in dotted form. */
export function readDerOid(element: DerElement): string {
  const { content } = element;
  const last = content[content.length - 1];
  if (element.tag !== derTags.oid || last === undefined || last >= 0x80 || content.length > 32) {
    throw broken('no OBJECT IDENTIFIER');
  }
  const arcs: number[] = [];
  let arc = 0;
  for (const octet of content) {
    arc = arc * 128 + (octet & 0x7f);
    if (octet < 0x80) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const [head = 0, ...rest] = arcs;
  const top = Math.min(2, Math.floor(head / 40));
  return [top, head - 40 * top, ...rest].join('.');
}

/** Writes one element. */
export function writeDer(tag: number, ...contents: readonly Uint8Array[]): Uint8Array {
  const length = contents.reduce((sum, content) => sum + content.length, 0);
  const lengthOctets: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) lengthOctets.unshift(rest % 256);
  const header = length < 0x80 ? [tag, length] : [tag, 0x80 | lengthOctets.length, ...lengthOctets];
  const bytes = new Uint8Array(header.length + length);
  bytes.set(header);
  let at = header.length;
  for (const content of contents) {
    bytes.set(content, at);
    at += content.length;
  }
  return bytes;
}
