import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A throw-away authority and one serving certificate, as files. */
export interface Certificates {
  readonly ca: string;
  readonly caFile: string;
  /** The leaf with its chain. */
  readonly certFile: string;
  readonly keyFile: string;
}

/** Makes the authority and a certificate for all names; openssl, so that no code of ours vouches for ours. */
export function makeCertificates(
  folder: string,
  names: { readonly dns: readonly string[]; readonly ip: readonly string[] },
): Certificates {
  const at = (name: string): string => join(folder, name);
  const openssl = (...args: readonly string[]): void => {
    execFileSync('openssl', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  };
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'] as const;
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
    '-days',
    '2',
    '-subj',
    '/CN=irsa e2e authority',
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=critical,keyCertSign,cRLSign',
  );
  const alternatives = [
    ...names.dns.map((name) => `DNS:${name}`),
    ...names.ip.map((address) => `IP:${address}`),
  ].join(',');
  writeFileSync(
    at('leaf.ext'),
    `subjectAltName=${alternatives}\nextendedKeyUsage=serverAuth\nkeyUsage=critical,digitalSignature\n`,
  );
  openssl(
    'req',
    ...newKey,
    '-keyout',
    at('tls.key'),
    '-out',
    at('tls.csr'),
    '-subj',
    '/CN=irsa e2e',
  );
  openssl(
    'x509',
    '-req',
    '-in',
    at('tls.csr'),
    '-CA',
    at('ca.pem'),
    '-CAkey',
    at('ca.key'),
    '-CAcreateserial',
    '-out',
    at('leaf.pem'),
    '-days',
    '2',
    '-extfile',
    at('leaf.ext'),
  );
  const ca = readFileSync(at('ca.pem'), 'utf8');
  writeFileSync(at('tls.crt'), readFileSync(at('leaf.pem'), 'utf8') + ca);
  return { ca, caFile: at('ca.pem'), certFile: at('tls.crt'), keyFile: at('tls.key') };
}
