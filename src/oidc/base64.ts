// `atob` and `btoa` go through strings of code units and are deprecated in Node; Buffer is not everywhere.
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const notADigit = 0xff;

const valueOfCode = new Uint8Array(128).fill(notADigit);
for (let value = 0; value < 64; value += 1) valueOfCode[alphabet.charCodeAt(value)] = value;
valueOfCode['+'.charCodeAt(0)] = 62;
valueOfCode['/'.charCodeAt(0)] = 63;

/** Base64url without padding. */
export function encodeBase64Url(bytes: Uint8Array): string {
  const digits: string[] = [];
  for (let at = 0; at < bytes.length; at += 3) {
    const group = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    const count = Math.min(3, bytes.length - at) + 1;
    for (let digit = 0; digit < count; digit += 1) {
      digits.push(alphabet.charAt((group >> (18 - 6 * digit)) & 63));
    }
  }
  return digits.join('');
}

/** Base64 or base64url, padded or not; undefined when a character or the length does not fit. */
export function decodeBase64(text: string): Uint8Array | undefined {
  const length = text.length - (text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0);
  if (length % 4 === 1) return undefined;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let held = 0;
  let bits = 0;
  let at = 0;
  for (let index = 0; index < length; index += 1) {
    const value = valueOfCode[text.charCodeAt(index)] ?? notADigit;
    if (value === notADigit) return undefined;
    held = ((held << 6) | value) & 0xfff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[at] = (held >> bits) & 0xff;
      at += 1;
    }
  }
  return bytes;
}
