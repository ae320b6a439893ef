import { IssuerError } from '../errors.js';
import { hasPlainHost } from '../names/issuer.js';

/** Checks that a document's address is an absolute https URL without user information or fragment, and returns it unchanged. */
export function parseHttpsUrl(value: string, what: string): string {
  const text: unknown = value;
  let fault = 'an https URL';
  if (typeof text === 'string' && /^https:\/\/[\x21-\x7e]+$/.test(text)) {
    try {
      const url = new URL(text);
      const isBare = url.username === '' && url.password === '' && !text.includes('#');
      if (isBare && hasPlainHost(text)) return text;
      fault = isBare
        ? 'an https URL with a host'
        : 'an https URL without user information or fragment';
    } catch {
      fault = 'an https URL that can be parsed';
    }
  }
  const shown =
    typeof text === 'string' ? text.slice(0, 300).replace(/\/\/[^/@]*@/, '//…@') : typeof text;
  throw new IssuerError(
    `${what}: expected ${fault}, got ${JSON.stringify(shown)}; write https://HOST/PATH`,
    {
      expected: fault,
      actual: shown,
    },
  );
}
