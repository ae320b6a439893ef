import { CertificateError } from '../errors.js';

/** Subject alternative names as node-forge takes them: type 2 is a DNS name, type 7 an address. */
export type AltName =
  { readonly type: 2; readonly value: string } | { readonly type: 7; readonly ip: string };

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const dnsName = new RegExp(`^(?:\\*\\.)?${label}(?:\\.${label})*$`);

const refuse = (path: string, actual: unknown, expected: string, fix: string): CertificateError => {
  const shown = String(actual).slice(0, 300);
  return new CertificateError(
    `${path}: expected ${expected}, got ${JSON.stringify(shown)}; ${fix}`,
    {
      path,
      actual: shown,
      expected,
    },
  );
};

/** The names in lower case and without doubles, each one checked. */
export function checkedAltNames(
  dnsNames: readonly string[],
  ipAddresses: readonly string[],
): { dnsNames: string[]; altNames: AltName[] } {
  for (const [path, list] of Object.entries({ dnsNames, ipAddresses })) {
    if (!Array.isArray(list)) throw refuse(path, list, 'a list', 'put a single name into [ ]');
  }
  const names = new Set<string>();
  for (const [index, given] of dnsNames.entries()) {
    const name: unknown = typeof given === 'string' ? given.toLowerCase() : given;
    const path = `dnsNames[${index}]`;
    if (typeof name === 'string' && isIpAddress(name)) {
      throw refuse(path, name, 'a DNS name', 'addresses go into ipAddresses');
    }
    if (typeof name !== 'string' || name.length > 253 || !dnsName.test(name)) {
      throw refuse(
        path,
        given,
        'a DNS name',
        'letters, digits, "-" and "."; write other scripts in punycode',
      );
    }
    names.add(name);
  }
  const addresses = new Set<string>();
  for (const [index, given] of ipAddresses.entries()) {
    if (typeof given !== 'string' || !isIpAddress(given)) {
      throw refuse(
        `ipAddresses[${index}]`,
        given,
        'an IPv4 or IPv6 address',
        'without port, brackets, prefix length or zone',
      );
    }
    addresses.add(given.toLowerCase());
  }
  if (names.size + addresses.size === 0) {
    throw new CertificateError(
      'dnsNames: expected at least one DNS name or IP address, got none; TLS clients look at nothing else',
      { path: 'dnsNames' },
    );
  }
  return {
    dnsNames: [...names],
    altNames: [
      ...[...names].map((value): AltName => ({ type: 2, value })),
      ...[...addresses].map((ip): AltName => ({ type: 7, ip })),
    ],
  };
}

function isIpAddress(text: string): boolean {
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(text)) {
    return text.split('.').every((part) => Number(part) <= 255 && String(Number(part)) === part);
  }
  // Of what is left only IPv6 has a colon; the URL parser knows its grammar.
  return /^[0-9a-f:.]{2,45}$/i.test(text) && text.includes(':') && URL.canParse(`http://[${text}]`);
}
