import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:tls';
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createCertificateAuthority,
  generateRsaKeyPair,
  generateServerIdentity,
  inspectCertificate,
  inspectCertificates,
  issueServingCertificate,
  webhookDnsNames,
  type IssuedCertificate,
  type RsaKeyPair,
} from 'irsa/certs';
import { CertificateError } from 'irsa/errors';

const notBefore = new Date('2026-01-01T00:00:00.999Z');
const authorityEnd = new Date('2056-01-01T00:00:00Z');
const notAfter = new Date('2026-04-01T00:00:00Z');
const dnsNames = webhookDnsNames({ service: 'irsa-webhook', namespace: 'irsa-system' });

let folder: string;
let authorityKey: Required<RsaKeyPair>;
let servingKey: Required<RsaKeyPair>;
let authority: IssuedCertificate;
let serving: IssuedCertificate;

const openssl = (...args: string[]): string =>
  execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'irsa-certs-'));
  [authorityKey, servingKey] = await Promise.all([generateRsaKeyPair(), generateRsaKeyPair()]);
  authority = await createCertificateAuthority(
    Object.freeze({
      keyPair: Object.freeze(authorityKey),
      commonName: 'irsa webhook CA',
      serialNumber: 'F1',
      notBefore,
      notAfter: authorityEnd,
    }),
  );
  serving = await issueServingCertificate(
    Object.freeze({
      authority: Object.freeze(authority),
      keyPair: Object.freeze(servingKey),
      dnsNames: Object.freeze(dnsNames),
      ipAddresses: Object.freeze(['127.0.0.1', '2001:DB8::1']),
      serialNumber: '7a',
      notBefore,
      notAfter,
    }),
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('the certificate authority, read by node:crypto', () => {
  it('signs itself, may sign others, and is named', () => {
    const ca = new X509Certificate(authority.certificatePem);
    expect(ca.ca).toBe(true);
    expect(ca.subject).toBe('CN=irsa webhook CA');
    expect(ca.issuer).toBe(ca.subject);
    expect(ca.verify(ca.publicKey)).toBe(true);
    expect(ca.serialNumber).toBe('F1');
    expect(ca.checkPrivateKey(createPrivateKey(authority.privateKeyPem))).toBe(true);
    expect(new Date(ca.validTo)).toEqual(authorityEnd);
    expect(authority.notBefore).toEqual(new Date('2026-01-01T00:00:00Z'));
  });
});

describe('the serving certificate, read by node:crypto', () => {
  it('chains to the authority, is none itself, and belongs to its key', () => {
    const ca = new X509Certificate(authority.certificatePem);
    const leaf = new X509Certificate(serving.certificatePem);
    expect(leaf.checkIssued(ca)).toBe(true);
    expect(leaf.verify(ca.publicKey)).toBe(true);
    expect(leaf.verify(leaf.publicKey)).toBe(false);
    expect(leaf.ca).toBe(false);
    expect(leaf.subject).toBe('CN=irsa-webhook');
    expect(leaf.checkPrivateKey(createPrivateKey(servingKey.privateKeyPem))).toBe(true);
    // node:crypto calls the extended key usages "keyUsage".
    expect(leaf.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  it.each(dnsNames)('is good for %s', (name) => {
    expect(new X509Certificate(serving.certificatePem).checkHost(name)).toBe(name);
  });

  it('is good for its addresses and for no other name or address', () => {
    const leaf = new X509Certificate(serving.certificatePem);
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(leaf.checkIP('2001:db8::1')).toBe('2001:db8::1');
    expect(leaf.checkIP('127.0.0.2')).toBeUndefined();
    expect(leaf.checkHost('irsa-webhook.other.svc')).toBeUndefined();
  });

  it('is the same, byte for byte, for the same input', async () => {
    const again = await issueServingCertificate({
      authority,
      keyPair: servingKey,
      dnsNames,
      ipAddresses: ['127.0.0.1', '2001:DB8::1'],
      serialNumber: '7a',
      notBefore,
      notAfter,
    });
    expect(again).toEqual(serving);
  });
});

describe('the certificates, read by openssl', () => {
  it('verify as a TLS server for the name that the API server dials', () => {
    const ca = file('ca.pem', authority.certificatePem);
    const leaf = file('leaf.pem', serving.certificatePem);
    const at = String(Date.parse('2026-02-01T00:00:00Z') / 1000);
    const verify = (...more: string[]): string =>
      openssl('verify', '-x509_strict', '-purpose', 'sslserver', '-CAfile', ca, ...more, leaf);
    expect(verify('-attime', at, '-verify_hostname', 'irsa-webhook.irsa-system.svc')).toMatch(
      /OK$/m,
    );
    expect(verify('-attime', at, '-verify_ip', '2001:db8::1')).toMatch(/OK$/m);
    expect(() => verify('-attime', at, '-verify_hostname', 'example.com')).toThrow(/mismatch/);
    expect(() => verify('-attime', String(notAfter.getTime() / 1000 + 60))).toThrow(/expired/);
  });

  it('carry exactly the extensions that a webhook needs', () => {
    const text = openssl(
      'x509',
      '-noout',
      '-text',
      '-in',
      file('leaf.pem', serving.certificatePem),
    );
    for (const line of [
      /Signature Algorithm: sha256WithRSAEncryption/,
      /X509v3 Basic Constraints: critical\n\s+CA:FALSE/,
      /X509v3 Key Usage: critical\n\s+Digital Signature, Key Encipherment/,
      /X509v3 Extended Key Usage: \n\s+TLS Web Server Authentication/,
    ]) {
      expect(text).toMatch(line);
    }
    const ca = openssl('x509', '-noout', '-text', '-in', file('ca.pem', authority.certificatePem));
    expect(ca).toMatch(/Basic Constraints: critical\n\s+CA:TRUE, pathlen:0/);
    expect(ca).toMatch(/Key Usage: critical\n\s+Certificate Sign, CRL Sign/);
    const keyId = /Subject Key Identifier: \n\s+([0-9A-F:]+)/.exec(ca)?.[1];
    expect(/Authority Key Identifier: \n\s+(?:keyid:)?([0-9A-F:]+)/.exec(text)?.[1]).toBe(keyId);
    expect(keyId).toHaveLength(59);
  });

  it('takes over an authority that openssl made', async () => {
    const key = join(folder, 'other-ca.key');
    const subject = '/C=DE/O=Müller & Söhne/CN=Other CA';
    const pem = openssl(
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-days', '30'],
      ...['-subj', subject, '-utf8'],
    );
    const keyPem = openssl('rsa', '-in', key, '-traditional');
    expect(keyPem).toContain('BEGIN RSA PRIVATE KEY');
    const begin = new Date(new X509Certificate(pem).validFrom);
    const leaf = await issueServingCertificate({
      authority: { certificatePem: pem, privateKeyPem: keyPem },
      keyPair: servingKey,
      dnsNames: ['a.example.com'],
      serialNumber: '01',
      notBefore: begin,
      notAfter: new Date(begin.getTime() + 86_400_000),
    });
    const paths = [file('other.pem', pem), file('of-other.pem', leaf.certificatePem)] as const;
    expect(openssl('verify', '-purpose', 'sslserver', '-CAfile', ...paths)).toMatch(/OK$/m);
  });
});

describe('refusals', () => {
  const issue = (change: Record<string, unknown>): Promise<unknown> =>
    issueServingCertificate({
      authority,
      keyPair: servingKey,
      dnsNames: ['a.example.com'],
      serialNumber: '01',
      notBefore,
      notAfter,
      ...change,
    });
  const ec = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
  });
  const ecPkcs8 = createPrivateKey(ec.privateKey).export({ type: 'pkcs8', format: 'pem' });
  const small = generateKeyPairSync('rsa', {
    modulusLength: 1024,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const encrypted = (): string =>
    createPrivateKey(servingKey.privateKeyPem)
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' })
      .toString();

  it.each<[what: string, change: () => Record<string, unknown>, message: RegExp]>([
    ['no name at all', () => ({ dnsNames: [] }), /at least one DNS name/],
    ['an address as a name', () => ({ dnsNames: ['10.0.0.1'] }), /addresses go into ipAddresses/],
    ['a URL as a name', () => ({ dnsNames: ['https://a.example.com'] }), /dnsNames\[0\]/],
    ['a NUL in a name', () => ({ dnsNames: ['a.example.com\0.evil.com'] }), /a DNS name/],
    ['a space in a name', () => ({ dnsNames: ['a b'] }), /a DNS name/],
    ['a wildcard inside', () => ({ dnsNames: ['a.*.com'] }), /a DNS name/],
    ['a long name', () => ({ dnsNames: [`${'a.'.repeat(130)}com`] }), /a DNS name/],
    ['an address with a port', () => ({ ipAddresses: ['10.0.0.1:443'] }), /ipAddresses\[0\]/],
    ['an address out of range', () => ({ ipAddresses: ['10.0.0.256'] }), /ipAddresses\[0\]/],
    ['an octal address', () => ({ ipAddresses: ['010.0.0.1'] }), /ipAddresses\[0\]/],
    ['serial zero', () => ({ serialNumber: '00' }), /positive number in hex/],
    ['a serial of 161 bits', () => ({ serialNumber: '1'.repeat(41) }), /at most 159 bits/],
    ['a negative serial', () => ({ serialNumber: '-1' }), /positive number in hex/],
    ['dates swapped', () => ({ notAfter: new Date('2025-01-01') }), /later than notBefore/],
    ['no date', () => ({ notAfter: new Date(Number.NaN) }), /notAfter: expected a date/],
    [
      'outliving the authority',
      () => ({ notAfter: new Date('2057-01-01') }),
      /authority's own end/,
    ],
    ['the name of the authority', () => ({ commonName: 'irsa webhook CA' }), /another name/],
    ['a blank name', () => ({ commonName: ' ' }), /printable ASCII/],
    ['an EC key (SEC1)', () => ({ keyPair: { privateKeyPem: ec.privateKey } }), /got an EC key/],
    ['an EC key (PKCS#8)', () => ({ keyPair: { privateKeyPem: ecPkcs8 } }), /RSA private key/],
    ['a small key', () => ({ keyPair: { privateKeyPem: small.privateKey } }), /2048 bits or more/],
    [
      'an encrypted key',
      () => ({ keyPair: { privateKeyPem: encrypted() } }),
      /got an encrypted one/,
    ],
    ['a public key only', () => ({ keyPair: { privateKeyPem: ec.publicKey } }), /found none/],
    [
      'halves of two keys',
      () => ({ keyPair: { ...servingKey, publicKeyPem: authorityKey.publicKeyPem } }),
      /belong to privateKeyPem/,
    ],
    [
      'an authority without its certificate',
      () => ({ authority: { ...authority, certificatePem: servingKey.publicKeyPem } }),
      /a CERTIFICATE block/,
    ],
    [
      'an authority that is no certificate',
      () => ({
        authority: {
          ...authority,
          certificatePem: '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----',
        },
      }),
      /an X\.509 certificate with an RSA key/,
    ],
    ['a leaf as authority', () => ({ authority: serving }), /CA:TRUE/],
    [
      'an authority with a strange key',
      () => ({ authority: { ...authority, privateKeyPem: servingKey.privateKeyPem } }),
      /the private key of its certificate/,
    ],
  ])('%s', async (_what, change, message) => {
    const failure = await issue(change()).then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(CertificateError);
    expect((failure as Error).message).toMatch(message);
    expect((failure as Error).message).not.toContain('PRIVATE KEY-----');
  });
});

describe('wrong calls', () => {
  it('are TypeErrors', async () => {
    const day = { notBefore: '2026-01-01' as unknown as Date, notAfter };
    const options = { keyPair: authorityKey, commonName: 'a', serialNumber: '1', ...day };
    await expect(createCertificateAuthority(options)).rejects.toThrow(TypeError);
    await expect(generateRsaKeyPair({ modulusLength: 1024 as 2048 })).rejects.toThrow(TypeError);
    await expect(inspectCertificate(undefined as unknown as string)).rejects.toThrow(TypeError);
  });
});

describe('webhookDnsNames', () => {
  it('begins with the name that the API server dials', () => {
    expect(dnsNames).toEqual([
      'irsa-webhook.irsa-system.svc',
      'irsa-webhook.irsa-system.svc.cluster.local',
      'irsa-webhook.irsa-system',
      'irsa-webhook',
    ]);
    expect(webhookDnsNames({ service: 'a', namespace: 'b', clusterDomain: null })).toEqual([
      'a.b.svc',
      'a.b',
      'a',
    ]);
  });

  it('refuses other bad names', () => {
    expect(() => webhookDnsNames({ service: 'a', namespace: 'B' })).toThrow(/namespace: expected/);
    const clusterDomain = 'a b';
    expect(() => webhookDnsNames({ service: 'a', namespace: 'b', clusterDomain })).toThrow(
      /clusterDomain: expected/,
    );
  });

  it.each(['A', 'a.b', '', 'a_b', '-a'])('refuses the service name %j', (service) => {
    expect(() => webhookDnsNames({ service, namespace: 'b' })).toThrow(CertificateError);
  });
});

describe('generateServerIdentity', () => {
  it('serves TLS that a client with the bundle trusts, by name and by address', async () => {
    const identity = await generateServerIdentity({
      dnsNames: ['localhost'],
      ipAddresses: ['127.0.0.1'],
    });
    const server = createServer({ cert: identity.certificatePem, key: identity.privateKeyPem });
    server.on('secureConnection', (socket) => socket.end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const dial = (ca: string, servername?: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const options = servername === undefined ? {} : { servername };
        connect({ host: '127.0.0.1', port, ca, ...options })
          .on('error', reject)
          .on('data', (data) => {
            resolve(data.toString());
          });
      });
    try {
      expect(await dial(identity.caBundlePem)).toBe('hello');
      expect(await dial(atob(identity.caBundle), 'localhost')).toBe('hello');
      const stranger = await generateServerIdentity({ dnsNames: ['localhost'] });
      await expect(dial(stranger.caBundlePem, 'localhost')).rejects.toThrow(/certificate/);
      await expect(dial(identity.caBundlePem, 'other')).rejects.toThrow(/altnames/);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it('signs with an authority that is given, with fresh serials', async () => {
    const now = new Date('2026-03-01T00:00:00Z');
    const make = () => generateServerIdentity({ dnsNames: ['a.example.com'], authority, now });
    const [one, other] = await Promise.all([make(), make()]);
    expect(one.caBundlePem).toBe(authority.certificatePem);
    expect(one.serving.serialNumber).not.toBe(other.serving.serialNumber);
    expect(one.notBefore).toEqual(new Date('2026-02-28T23:55:00Z'));
    expect(one.notAfter).toEqual(new Date('2026-05-30T00:00:00Z'));
  });
});

describe('inspectCertificate', () => {
  it('reads a chain of ours', async () => {
    const facts = await inspectCertificates(serving.certificatePem + authority.certificatePem);
    expect(facts).toEqual([
      expect.objectContaining({
        subject: 'CN=irsa-webhook',
        issuer: 'CN=irsa webhook CA',
        serialNumber: '7a',
        notAfter,
        isAuthority: false,
        selfSigned: false,
        dnsNames,
        ipAddresses: ['127.0.0.1', '2001:DB8:0:0:0:0:0:1'],
        keyType: 'rsa',
        keyBits: 2048,
        certificatePem: serving.certificatePem,
      }),
      expect.objectContaining({ isAuthority: true, selfSigned: true, dnsNames: [] }),
    ]);
    expect(facts[0]!.fingerprint).toMatch(/^[0-9a-f]{64}$/);
  });

  it('reads an expired EC certificate', async () => {
    const key = join(folder, 'ec.key');
    const pem = openssl(
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384', '-nodes'],
      ...['-keyout', key, '-subj', '/CN=ec', '-days', '1'],
    );
    const facts = await inspectCertificate(pem);
    expect(facts).toMatchObject({ keyType: 'ec', keyBits: 384, selfSigned: true });
  });
});

describe('inspectCertificate, other keys', () => {
  it('reads an Ed25519 certificate, and names of other kinds', async () => {
    const pem = openssl(
      ...['req', '-x509', '-newkey', 'ed25519', '-nodes', '-keyout', join(folder, 'ed.key')],
      ...['-subj', '/CN=ed', '-addext', 'subjectAltName=DNS:a.example.com,email:a@example.com'],
    );
    const facts = await inspectCertificate(pem);
    expect(facts).toMatchObject({ keyType: 'other', dnsNames: ['a.example.com'], ipAddresses: [] });
    expect(facts.keyBits).toBeUndefined();
  });
});

describe('hostile PEM', () => {
  const leaf = (): string => serving.certificatePem;
  it.each<[what: string, pem: () => string]>([
    ['Windows line ends', () => leaf().replaceAll('\n', '\r\n')],
    ['a byte-order mark', () => `\ufeff${leaf()}`],
    ['leading text', () => `subject=CN = irsa-webhook\n\n${leaf()}`],
    ['blocks joined without a line feed', () => leaf().trimEnd() + authority.certificatePem],
    ['one long line', () => leaf().replace(/(?<!-)\n(?!-)/g, '')],
  ])('reads %s', async (_what, pem) => {
    expect(await inspectCertificate(pem())).toMatchObject({ serialNumber: '7a' });
  });

  it.each<[what: string, pem: () => string, message: RegExp]>([
    ['nothing', () => '', /text without a PEM block/],
    ['an HTML page', () => '<!DOCTYPE html><html></html>', /an HTML page/],
    ['a cut-off file', () => leaf().slice(0, 300), /-----END CERTIFICATE-----/],
    ['a lost middle', () => leaf().replace(/\n[^\n]{64}\n/, '\n'), /X.509 in DER/],
    ['no base64', () => leaf().replace('M', '!'), /base64 inside/],
    ['a private key', () => servingKey.privateKeyPem, /found none/],
    [
      'an encrypted key',
      () => '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAA==\n-----END ENCRYPTED PRIVATE KEY-----',
      /got an encrypted one/,
    ],
    ['a megabyte of garbage', () => 'x'.repeat(1_000_000), /text without a PEM block/],
    ['two megabytes', () => leaf().repeat(1500), /at most 1000000 characters/],
    ['many headers and no end', () => '-----BEGIN A-----'.repeat(50_000), /-----END A-----/],
    ['a header without an end', () => '-----BEGIN ', /a PEM header/],
    ['an empty block', () => '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----', /base64/],
  ])('refuses %s in words', async (_what, pem, message) => {
    const failure = await inspectCertificate(pem()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(CertificateError);
    expect((failure as Error).message).toMatch(message);
  });

  it('answers any text with facts or ERR_CERTIFICATE', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.constantFrom('-----BEGIN ', 'CERTIFICATE', '-----', '-----END ', 'MIIB', '\n', '='),
        ),
        async (parts) => {
          const failure = await inspectCertificate(parts.join('')).catch((error: unknown) => error);
          expect(failure).toBeInstanceOf(CertificateError);
        },
      ),
    );
  });

  it('answers a damaged certificate with facts or ERR_CERTIFICATE', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(800), fc.nat(255), async (at, byte) => {
        const der = Buffer.from(leaf().replace(/-----.*-----|\n/g, ''), 'base64');
        der[at % der.length] = byte;
        const pem = `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----`;
        const read = await inspectCertificate(pem).catch((error: unknown) => error);
        if (read instanceof Error) expect(read).toBeInstanceOf(CertificateError);
        else expect(read).toHaveProperty('fingerprint');
      }),
      { numRuns: 200 },
    );
  });
});
