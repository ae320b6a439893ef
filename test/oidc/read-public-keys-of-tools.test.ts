import {
  createHash,
  createPrivateKey,
  createPublicKey,
  webcrypto,
  X509Certificate,
} from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readPublicKeys, type KeyMaterial } from 'irsa/oidc';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runTool } from '../support/run-tool.js';

const openssl = (command: string, input?: string | Uint8Array): Buffer =>
  runTool('openssl', command.split(' '), input);

/** An independent judge: node:crypto, over OpenSSL, says the key ID of a public key in PEM. */
const kidOf = (pem: string | Buffer): string =>
  createHash('sha256')
    .update(createPublicKey(pem).export({ format: 'der', type: 'spki' }))
    .digest('base64url');

let folder: string;
const file = (name: string): string => join(folder, name);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'irsa-keys-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Made {
  readonly alg: string;
  readonly make: string;
}

const made: Record<string, Made> = {
  'RSA-2048': { alg: 'RS256', make: 'genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048' },
  'RSA-3072': { alg: 'RS256', make: 'genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072' },
  'P-256': { alg: 'ES256', make: 'genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256' },
  'P-384': { alg: 'ES384', make: 'genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384' },
  'P-521': { alg: 'ES512', make: 'genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521' },
};

describe.each(Object.entries(made))('%s by openssl', (name, { alg, make }) => {
  const isRsa = name.startsWith('RSA');
  let pkcs8: Buffer;
  let spki: Buffer;

  beforeAll(() => {
    pkcs8 = openssl(make);
    spki = openssl('pkey -pubout', pkcs8);
  });

  const certificate = (extra = ''): Buffer => {
    writeFileSync(file('cert.key'), pkcs8);
    return openssl(`req -x509 -new -key ${file('cert.key')} -subj /CN=signer -days 30${extra}`);
  };

  const forms: Record<string, () => KeyMaterial | Promise<KeyMaterial>> = {
    'PKCS#8 PEM': () => pkcs8.toString(),
    'PKCS#8 PEM as bytes': () => pkcs8,
    'PKCS#8 DER': () => openssl('pkey -outform DER', pkcs8),
    'SPKI PEM': () => spki.toString(),
    'SPKI DER': () => openssl('pkey -pubout -outform DER', pkcs8),
    'traditional private PEM': () => openssl('pkey -traditional', pkcs8).toString(),
    'traditional private DER': () =>
      openssl(
        `${isRsa ? 'rsa' : 'ec'} -traditional -outform DER`.replace('ec -traditional', 'ec'),
        pkcs8,
      ),
    'certificate PEM': () => certificate().toString(),
    'certificate DER': () => certificate(' -outform DER'),
    'certificate with its text before it': () => openssl('x509 -text', certificate()).toString(),
    'TRUSTED CERTIFICATE PEM': () =>
      openssl('x509 -trustout -addtrust serverAuth -setalias signer', certificate()).toString(),
    'CERTIFICATE PEM of another label': () =>
      certificate().toString().replaceAll(' CERTIFICATE', ' X509 CERTIFICATE'),
    X509Certificate: () => new X509Certificate(certificate()),
    'private KeyObject': () => createPrivateKey(pkcs8),
    'public KeyObject': () => createPublicKey(spki),
    'private JWK': () => createPrivateKey(pkcs8).export({ format: 'jwk' }),
    'public JWK as text': () => JSON.stringify(createPublicKey(spki).export({ format: 'jwk' })),
    JWKS: () => ({ keys: [createPublicKey(spki).export({ format: 'jwk' })] }),
    CryptoKey: () =>
      webcrypto.subtle.importKey(
        'spki',
        createPublicKey(spki).export({ format: 'der', type: 'spki' }),
        isRsa
          ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
          : { name: 'ECDSA', namedCurve: name },
        true,
        ['verify'],
      ),
    'private CryptoKey': () =>
      webcrypto.subtle.importKey(
        'pkcs8',
        createPrivateKey(pkcs8).export({ format: 'der', type: 'pkcs8' }),
        isRsa
          ? { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
          : { name: 'ECDSA', namedCurve: name },
        true,
        ['sign'],
      ),
    ...(isRsa
      ? {
          'PKCS#1 public PEM': () => openssl('rsa -RSAPublicKey_out', pkcs8).toString(),
          'PKCS#1 public DER': () => openssl('rsa -RSAPublicKey_out -outform DER', pkcs8),
        }
      : {
          'SEC1 PEM after EC PARAMETERS': () =>
            `${openssl(`ecparam -name ${{ 'P-256': 'prime256v1', 'P-384': 'secp384r1', 'P-521': 'secp521r1' }[name]!}`).toString()}${openssl('ec', pkcs8).toString()}`,
          'SEC1 without its public point': () => openssl('ec -no_public', pkcs8).toString(),
          'PKCS#8 without its public point': () =>
            openssl('pkcs8 -topk8 -nocrypt', openssl('ec -no_public', pkcs8)).toString(),
          'compressed point': () => openssl('ec -pubout -conv_form compressed', pkcs8).toString(),
        }),
  };

  test.each(Object.keys(forms))('%s gives the one public key', async (form) => {
    const { keys, omitted } = await readPublicKeys(await forms[form]!());
    expect(omitted).toEqual([]);
    expect(keys).toHaveLength(1);
    const { d, ...expected } = createPublicKey(spki).export({ format: 'jwk' });
    expect(d).toBeUndefined();
    expect(keys[0]).toMatchObject({ kid: kidOf(spki), alg });
    expect(keys[0]?.jwk).toEqual({ use: 'sig', kid: kidOf(spki), alg, ...expected });
  });

  test('what follows a certificate is OpenSSL’s own form only', async () => {
    const trusted = openssl('x509 -trustout -addtrust serverAuth', certificate()).toString();
    await expect(readPublicKeys(trusted.replaceAll('TRUSTED ', ''))).rejects.toThrow(
      /more data after the end/,
    );
    await expect(readPublicKeys(trusted.replaceAll('TRUSTED', 'ATTRIBUTE'))).rejects.toThrow(
      /ATTRIBUTE CERTIFICATE.*pass keys or certificates/,
    );
  });

  test('a certificate’s end is read, in both centuries’ forms', async () => {
    for (const days of [30, 40_000]) {
      const pem = certificate(` -days ${days}`).toString();
      const { keys } = await readPublicKeys(pem);
      expect((await readPublicKeys(new X509Certificate(pem))).keys).toEqual(keys);
      expect(keys[0]?.notAfter).toEqual(new Date(new X509Certificate(pem).validTo));
    }
  });

  test('an expired certificate is read and dated', async () => {
    writeFileSync(file('ca.key'), pkcs8);
    const csr = openssl(`req -new -key ${file('ca.key')} -subj /CN=signer`);
    const pem = openssl(`x509 -req -signkey ${file('ca.key')} -days -1`, csr).toString();
    const { keys } = await readPublicKeys(pem);
    expect(keys[0]?.notAfter?.getTime()).toBeLessThan(Date.now());
  });

  test('encrypted private keys are said to be encrypted, and how to go on', async () => {
    writeFileSync(file('plain.key'), pkcs8);
    const encrypted = [
      openssl('pkcs8 -topk8 -passout pass:secret-phrase', pkcs8).toString(),
      openssl('pkcs8 -topk8 -passout pass:secret-phrase -outform DER', pkcs8),
      openssl(
        `pkey -traditional -aes256 -passout pass:secret-phrase -in ${file('plain.key')}`,
      ).toString(),
    ];
    for (const material of encrypted) {
      await expect(readPublicKeys(material, { onUnsupported: 'omit' })).rejects.toMatchObject({
        code: 'ERR_KEY',
        message: expect.stringMatching(/encrypted.*-pubout/) as string,
      });
    }
  });
});

describe.each([
  ['rsa', '2048', 'RS256'],
  ['ecdsa', '256', 'ES256'],
  ['ecdsa', '384', 'ES384'],
  ['ecdsa', '521', 'ES512'],
])('%s-%s by ssh-keygen', (type, bits, alg) => {
  test.each(['PEM', 'PKCS8', 'RFC4716'])('private and public in format %s', async (format) => {
    const path = file(`ssh-${type}-${bits}-${format}`);
    const phrase = ['-q', '-N', ''];
    runTool('ssh-keygen', ['-t', type, '-b', bits, '-m', format, '-f', path, ...phrase]);
    const spki = runTool('ssh-keygen', ['-e', '-m', 'PKCS8', '-f', `${path}.pub`]);
    const forms = [
      readFileSync(path, 'utf8'),
      readFileSync(`${path}.pub`, 'utf8'),
      runTool('ssh-keygen', ['-e', '-m', 'RFC4716', '-f', `${path}.pub`]).toString(),
      // ssh-keygen writes PEM only for RSA, and SPKI in its place.
      runTool('ssh-keygen', ['-e', '-m', 'PEM', '-f', `${path}.pub`]).toString(),
    ];
    for (const material of forms) {
      const { keys } = await readPublicKeys(material);
      expect(keys).toMatchObject([{ kid: kidOf(spki), alg }]);
    }
  });

  test('the public half of an encrypted OpenSSH private key is in clear, and read', async () => {
    const path = file(`ssh-${type}-${bits}-encrypted`);
    runTool('ssh-keygen', ['-t', type, '-b', bits, '-q', '-N', 'secret-phrase', '-f', path]);
    const { keys } = await readPublicKeys(readFileSync(path));
    const spki = runTool('ssh-keygen', ['-e', '-m', 'PKCS8', '-f', `${path}.pub`]);
    expect(keys).toMatchObject([{ kid: kidOf(spki), alg }]);
  });
});

describe('keys that AWS does not take are refused by name', () => {
  const genpkey =
    (options: string): (() => Buffer) =>
    () =>
      openssl(`genpkey ${options}`);
  const unsupported: Record<string, () => Buffer> = {
    Ed25519: genpkey('-algorithm ED25519'),
    Ed448: genpkey('-algorithm ED448'),
    X25519: genpkey('-algorithm X25519'),
    'EC on secp256k1': genpkey('-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1'),
    'EC on P-224': genpkey('-algorithm EC -pkeyopt ec_paramgen_curve:secp224r1'),
    'EC on brainpoolP256r1': genpkey('-algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1'),
    'RSA-PSS': genpkey('-algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048'),
    'RSA of 1024 bits': genpkey('-algorithm RSA -pkeyopt rsa_keygen_bits:1024'),
    'curve parameters written out': genpkey(
      '-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit',
    ),
  };
  const good = (): string => openssl(made['P-256']!.make).toString();

  test.each(Object.keys(unsupported))(
    '%s: private, public, and beside a good one',
    async (name) => {
      const pkcs8 = unsupported[name]!().toString();
      const spki = openssl('pkey -pubout', pkcs8).toString();
      for (const material of [pkcs8, spki]) {
        await expect(readPublicKeys(material)).rejects.toMatchObject({
          name: 'KeyError',
          code: 'ERR_KEY',
          message: expect.stringContaining(name) as string,
        });
      }
      const { keys, omitted } = await readPublicKeys(`${spki}${good()}`, { onUnsupported: 'omit' });
      expect(keys).toMatchObject([{ alg: 'ES256' }]);
      expect(omitted).toMatchObject([{ why: expect.stringContaining(name), path: 'PEM block 1' }]);
    },
  );

  test('an OpenSSH Ed25519 key', async () => {
    const path = file('ssh-ed25519');
    runTool('ssh-keygen', ['-t', 'ed25519', '-q', '-N', '', '-f', path]);
    for (const material of [readFileSync(path), readFileSync(`${path}.pub`)]) {
      await expect(readPublicKeys(material)).rejects.toThrow(/Ed25519/);
    }
  });

  test('a certificate request', async () => {
    writeFileSync(file('csr.key'), good());
    const csr = openssl(`req -new -key ${file('csr.key')} -subj /CN=a`).toString();
    await expect(readPublicKeys(csr)).rejects.toThrow(/CERTIFICATE REQUEST/);
    await expect(readPublicKeys(openssl('req -outform DER', csr))).rejects.toMatchObject({
      code: 'ERR_KEY',
    });
  });
});
