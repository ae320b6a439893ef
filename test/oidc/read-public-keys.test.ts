import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import {
  buildIssuerDocuments,
  buildJwks,
  generateSigningKey,
  readPublicKeys,
  type KeyMaterial,
  type SigningKey,
} from 'irsa/oidc';
import { IrsaError } from 'irsa/errors';
import { beforeAll, describe, expect, test } from 'vitest';
import { deepFreeze } from '../support/deep-freeze.js';

let rsa: SigningKey;
let ec: SigningKey;

beforeAll(async () => {
  rsa = await generateSigningKey();
  ec = await generateSigningKey({ algorithm: 'ES384' });
});

const forms =
  'PEM, DER, an OpenSSH key, a JWK, a JWKS, a KeyObject, a CryptoKey, a pair of either or an X509Certificate';
const kidsOf = async (material: KeyMaterial): Promise<string[]> =>
  (await readPublicKeys(material)).keys.map(({ kid }) => kid);

describe('PEM as people have it', () => {
  test.each([
    ['Windows line ends', (a: string, b: string) => (a + b).replaceAll('\n', '\r\n')],
    ['old Mac line ends', (a: string, b: string) => (a + b).replaceAll('\n', '\r')],
    ['a byte order mark', (a: string, b: string) => `\uFEFF${a}${b}`],
    ['text around the blocks', (a: string, b: string) => `key one:\n${a}\nkey two:\n${b}\nthe end`],
    ['blocks on one line', (a: string, b: string) => a.trimEnd() + b.trimEnd()],
    [
      'no line breaks in the body',
      (a: string, b: string) => (a + b).replaceAll(/(?<=[\w+/=])\n(?=[\w+/=])/g, ''),
    ],
    [
      'headers in the blocks, with and without a line that goes on',
      (a: string, b: string) =>
        a.replace('\n', '\nComment: my key\n\n') + b.replace('\n', '\r\nX-Note: a \\\r\nb\r\n'),
    ],
    ['indented lines', (a: string, b: string) => (a + b).replaceAll(/^/gm, '    ')],
    ['the same key twice', (a: string, b: string) => a + b + a],
    ['private keys', () => rsa.privateKeyPem + ec.privateKeyPem],
    [
      'a private key and its public key',
      () => rsa.privateKeyPem + rsa.publicKeyPem + ec.publicKeyPem,
    ],
  ])('%s', async (_, arrange) => {
    const text = arrange(rsa.publicKeyPem, ec.publicKeyPem);
    expect(await kidsOf(text)).toEqual([rsa.kid, ec.kid]);
    expect(await kidsOf(new TextEncoder().encode(text))).toEqual([rsa.kid, ec.kid]);
  });

  test('UTF-16 with a byte order mark, as PowerShell redirects', async () => {
    const bytes = Buffer.from(`\uFEFF${rsa.publicKeyPem}`, 'utf16le');
    expect(await kidsOf(bytes)).toEqual([rsa.kid]);
  });

  test('a wrong label: the content decides', async () => {
    const mislabelled = rsa.publicKeyPem.replaceAll('PUBLIC KEY', 'RSA PUBLIC KEY');
    expect(await kidsOf(mislabelled)).toEqual([rsa.kid]);
  });
});

test('a key set by text, by object, with a mark and white space, and frozen', async () => {
  const set = deepFreeze(await buildJwks((await readPublicKeys(rsa.publicKeyPem)).keys));
  const text = JSON.stringify(set, null, 2);
  for (const material of [set, text, `\uFEFF${text}\n`, new TextEncoder().encode(text)]) {
    expect(await kidsOf(material)).toEqual([rsa.kid]);
  }
  const twice = { keys: [...set.keys, { ...set.keys[0], kid: '' }] };
  expect(await kidsOf(twice)).toEqual([rsa.kid]);
});

test('RS384 and RS512 are kept, as AWS verifies them', async () => {
  const { keys } = await readPublicKeys(rsa.publicKeyPem);
  const other = await readPublicKeys({ ...keys[0]?.jwk, alg: 'RS512' });
  expect(other.keys[0]).toMatchObject({ kid: rsa.kid, alg: 'RS512' });
});

/** SPKI of a key with nothing in it but its algorithm. */
const spkiWithOid = (oid: readonly number[]): Uint8Array => {
  const algorithm = [0x30, oid.length + 2, 0x06, oid.length, ...oid];
  return Uint8Array.of(0x30, algorithm.length + 4, ...algorithm, 0x03, 0x02, 0x00, 0x05);
};

/** One DER element, of at most 127 octets. */
const der = (tag: number, ...contents: Uint8Array[]): Uint8Array => {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.of(tag, content.length), content]);
};
const emptySequence = der(0x30);
const one = der(0x02, Uint8Array.of(1));
const p256 = der(0x06, Buffer.from('2a8648ce3d030107', 'hex'));
const ecSpki = (point: Uint8Array): Uint8Array =>
  der(
    0x30,
    der(0x30, der(0x06, Buffer.from('2a8648ce3d0201', 'hex')), p256),
    der(0x03, Uint8Array.of(0), point),
  );

describe('what platforms hand out', () => {
  test('a pair of CryptoKeys, and one of KeyObjects: the public one', async () => {
    const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
      'sign',
      'verify',
    ]);
    expect(await kidsOf(pair)).toEqual(await kidsOf(pair.publicKey));
    const ofNode = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(await kidsOf(ofNode)).toEqual(await kidsOf(ofNode.publicKey));
  });

  test('an ArrayBuffer, and any view of one', async () => {
    const bytes = new TextEncoder().encode(`  ${rsa.publicKeyPem}`);
    expect(await kidsOf(bytes.buffer)).toEqual([rsa.kid]);
    expect(await kidsOf(new DataView(bytes.buffer, 2))).toEqual([rsa.kid]);
    // Of another realm, as in Jest.
    const foreign = runInNewContext('new ArrayBuffer(size)', { size: bytes.length }) as ArrayBuffer;
    new Uint8Array(foreign).set(bytes);
    expect(await kidsOf(foreign)).toEqual([rsa.kid]);
  });

  test('a pair that holds itself is no endless way', async () => {
    const pair: Record<string, unknown> = {};
    pair['publicKey'] = pair;
    await expect(readPublicKeys(pair as never)).rejects.toBeInstanceOf(IrsaError);
  });

  test('a promise is not read as a JWK', async () => {
    const promise = Promise.resolve(rsa.publicKeyPem);
    await expect(readPublicKeys(promise as never)).rejects.toThrow(
      new TypeError(`readPublicKeys: expected ${forms}, got a promise; await it first`),
    );
  });
});

describe('hostile material', () => {
  const pem = (): string => rsa.publicKeyPem;
  const table: Record<string, [() => unknown, RegExp]> = {
    nothing: [() => '', /got nothing/],
    'white space': [() => ' \n', /got nothing/],
    'no bytes': [() => new Uint8Array(), /got nothing/],
    text: [() => 'hello', /text without any key/],
    'an HTML page': [() => '<!DOCTYPE html><html><body>Sign in', /HTML or XML page/],
    'an XML error': [() => '<?xml version="1.0"?><Error/>', /HTML or XML page/],
    'a truncated PEM': [() => pem().slice(0, 200), /without its END line/],
    'a PEM that ends in the BEGIN line': [() => '-----BEGIN PUBLIC', /damaged BEGIN line/],
    'a block in a block': [() => pem().slice(0, 100) + pem(), /without its END line/],
    'another END label': [() => pem().replace('END PUBLIC', 'END PRIVATE'), /without its END line/],
    'an empty block': [() => '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----', /not base64/],
    'no base64 in the block': [() => pem().replace('MII', 'M%I'), /not base64/],
    'a body that is cut': [
      () =>
        pem()
          .replace(/\n.{64}\n-----END/, '\n-----END')
          .replace(/.{8}\n.*\n-----END/, '\n-----END'),
      /ends early/,
    ],
    'DER that is cut': [
      () => Buffer.from(pem().split('\n').slice(1, 4).join(''), 'base64'),
      /ends early/,
    ],
    'DER with a tail': [
      () =>
        Buffer.concat([
          Buffer.from(pem().split('\n').slice(1, -2).join(''), 'base64'),
          Buffer.of(0),
        ]),
      /more data/,
    ],
    'an encrypted key': [
      () => '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----',
      /encrypted private key/,
    ],
    'an encrypted traditional key': [
      () =>
        '-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----',
      /encrypted private key/,
    ],
    'JSON that is cut': [() => '{"keys":[', /cut off/],
    'a JSON list': [() => '[]', /other JSON/],
    'an empty key set': [() => '{"keys":[]}', /at least one key/],
    'keys that are no list': [() => ({ keys: 7 }), /at least one key/],
    'a key set of numbers': [() => ({ keys: [7] }), /keys\[0\]/],
    'an object without kty': [() => ({}), /kty/],
    'a JWK with a number for n': [() => ({ kty: 'RSA', n: 7, e: 'AQAB' }), /JWK's n/],
    'a JWK with padding': [
      () => ({ kty: 'RSA', n: 'AQAB==', e: 'AQAB' }),
      /base64url without padding/,
    ],
    'a JWK without y': [() => ({ kty: 'EC', crv: 'P-256', x: 'AQAB' }), /JWK's y/],
    'a point off the curve': [
      () => ({ kty: 'EC', crv: 'P-256', x: 'AQAB', y: 'AQAB' }),
      /a point on P-256/,
    ],
    'a coordinate that is too long': [
      () => ({ kty: 'EC', crv: 'P-256', x: '_'.repeat(64), y: 'AQAB' }),
      /32 octets/,
    ],
    'an EC key that says RS256': [
      () => ({
        kty: 'EC',
        crv: 'P-256',
        alg: 'RS256',
        x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
        y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
      }),
      /alg "RS256".*ES256/,
    ],
    'an RSA key that says PS256': [
      () => ({
        kty: 'RSA',
        alg: 'PS256',
        n: Buffer.alloc(256, 255).toString('base64url'),
        e: 'AQAB',
      }),
      /alg "PS256".*RS384/,
    ],
    'an even modulus': [
      () => ({ kty: 'RSA', n: Buffer.alloc(256, 254).toString('base64url'), e: 'AQAB' }),
      /odd/,
    ],
    'an RSA key of 20,000 bits': [
      () => ({ kty: 'RSA', n: Buffer.alloc(2500, 255).toString('base64url'), e: 'AQAB' }),
      /20000 bits/,
    ],
    'an exponent of 1': [
      () => ({ kty: 'RSA', n: Buffer.alloc(256, 255).toString('base64url'), e: 'AQ' }),
      /exponent/,
    ],
    'an exponent of 64 bits': [
      () => ({ kty: 'RSA', n: Buffer.alloc(256, 255).toString('base64url'), e: '__________8' }),
      /exponent/,
    ],
    'a symmetric JWK': [() => ({ kty: 'oct', k: 'c2VjcmV0' }), /symmetric/],
    'an Ed25519 JWK': [() => ({ kty: 'OKP', crv: 'Ed25519', x: 'AQ' }), /Ed25519/],
    'an ML-DSA JWK': [() => ({ kty: 'AKP', alg: 'ML-DSA-65', pub: 'AQ' }), /ML-DSA-65/],
    'an unheard-of JWK': [() => ({ kty: 'XYZ' }), /kty "XYZ"/],
    'a secp256k1 JWK': [
      () => ({ kty: 'EC', crv: 'secp256k1', x: 'AQ', y: 'AQ' }),
      /EC on secp256k1/,
    ],
    'ML-DSA-44 in DER': [
      () => spkiWithOid([0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x11]),
      /ML-DSA-44/,
    ],
    'ML-DSA-87 in DER': [
      () => spkiWithOid([0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x13]),
      /ML-DSA-87/,
    ],
    'an object identifier that is none': [() => spkiWithOid([0x2a, 0x86]), /no OBJECT IDENTIFIER/],
    'an empty SEQUENCE': [() => emptySequence, /other DER/],
    'an OCTET STRING': [() => Uint8Array.of(0x04, 0x01, 0x00), /text without any key|other DER/],
    'three INTEGERs': [() => der(0x30, one, one, one), /other DER/],
    'an INTEGER that is not minimal': [
      () => der(0x30, der(0x02, Uint8Array.of(0, 1)), one),
      /not minimal/,
    ],
    'a negative INTEGER': [() => der(0x30, der(0x02, Uint8Array.of(0x80)), one), /negative/],
    'an empty INTEGER': [() => der(0x30, der(0x02), one), /no INTEGER/],
    'a length that is not minimal': [() => Uint8Array.of(0x30, 0x81, 0x01, 0x00), /not minimal/],
    'an indefinite length': [() => Uint8Array.of(0x30, 0x80, 0x00, 0x00), /does not allow/],
    'a tag of several octets': [() => der(0x30, Uint8Array.of(0x1f, 0x01, 0x00)), /several octets/],
    'a certificate without its end': [
      () =>
        der(
          0x30,
          der(
            0x30,
            one,
            emptySequence,
            emptySequence,
            emptySequence,
            emptySequence,
            ecSpki(Uint8Array.of(2, ...new Uint8Array(32))),
          ),
          emptySequence,
          der(0x03, Uint8Array.of(0)),
        ),
      /validity|point/,
    ],
    'a point that is none': [() => ecSpki(Uint8Array.of(5, 1)), /a point on P-256/],
    'a compressed point off the curve': [
      () => ecSpki(Uint8Array.of(2, ...new Uint8Array(32).fill(255))),
      /a point on P-256/,
    ],
    'a compressed x without a y': [
      () => ecSpki(Uint8Array.of(2, ...new Uint8Array(31), 1)),
      /a point on P-256/,
    ],
    'a BIT STRING with unused bits': [
      () =>
        der(
          0x30,
          der(0x30, der(0x06, Buffer.from('2a8648ce3d0201', 'hex')), p256),
          der(0x03, Uint8Array.of(3, 8)),
        ),
      /whole octets/,
    ],
    'a scalar of zero without its point': [
      () => der(0x30, one, der(0x04, new Uint8Array(32)), der(0xa0, p256)),
      /cannot complete/,
    ],
    'an OpenSSH private key that is none': [
      () => '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----',
      /OpenSSH key/,
    ],
    'an OpenSSH key cut off': [
      () => `ssh-rsa ${Buffer.from('\0\0\0\x07ssh-rsa\0\0').toString('base64')}`,
      /OpenSSH key/,
    ],
    'an OpenSSH key of an odd length': [() => 'ssh-rsa A', /OpenSSH key/],
    'a KeyObject that exports no DER': [
      () => ({ type: 'public', export: () => 'text' }),
      /to give DER/,
    ],
    'a symmetric CryptoKey': [
      () => ({ type: 'secret', extractable: true, algorithm: { name: 'HMAC' } }),
      /symmetric/,
    ],
    'an RSA-PSS CryptoKey': [
      () => ({ type: 'public', extractable: true, algorithm: { name: 'RSA-PSS' } }),
      /RSA-PSS/,
    ],
    'an unheard-of algorithm in DER': [() => spkiWithOid([0x2a, 0x03, 0x04]), /1\.2\.3\.4/],
    'a damaged OpenSSH key': [() => 'ssh-rsa AAAA', /OpenSSH key/],
    'an OpenSSH security key': [
      () =>
        `sk-ssh-ed25519@openssh.com ${Buffer.from('\0\0\0\x1ask-ssh-ed25519@openssh.com').toString('base64')}`,
      /sk-ssh-ed25519/,
    ],
    'a symmetric KeyObject': [
      () => ({ type: 'secret', export: () => new Uint8Array() }),
      /symmetric/,
    ],
    'an unextractable CryptoKey': [
      () => ({ type: 'private', extractable: false, algorithm: { name: 'ECDSA' } }),
      /extractable/,
    ],
    '1 MB of spaces': [() => ' '.repeat(1_000_000), /got nothing/],
    '1 MB of letters': [() => 'a'.repeat(1_000_000), /text without any key/],
    '1 MB of BEGIN lines': [
      () => '-----BEGIN PUBLIC KEY-----\n'.repeat(40_000),
      /without its END line/,
    ],
    '1 MB of dashes': [() => '-----BEGIN '.repeat(90_000), /damaged BEGIN line/],
    '1 MB of base64 in one block': [
      () => `-----BEGIN PUBLIC KEY-----\n${'A'.repeat(1_000_000)}\n-----END PUBLIC KEY-----`,
      /DER/,
    ],
    '1 MB of colons in one block': [
      () => `-----BEGIN PUBLIC KEY-----\n${'a:\n'.repeat(300_000)}\n-----END PUBLIC KEY-----`,
      /not base64/,
    ],
    '1 MB of zeros': [() => new Uint8Array(1_000_000), /text without any key/],
    '1 MB of SEQUENCE headers': [() => new Uint8Array(1_000_000).fill(0x30), /./],
    '1 MB of INTEGERs': [
      () =>
        Buffer.concat([Buffer.from('30830f4240', 'hex'), Buffer.alloc(1_000_000, '0500', 'hex')]),
      /more elements/,
    ],
    '1 MB of brackets': [() => '['.repeat(1_000_000), /cut off/],
    '1 MB in a JWK': [() => ({ kty: 'RSA', n: 'a'.repeat(1_000_000), e: 'AQAB' }), /bits/],
  };

  test.each(Object.keys(table))('%s', async (name) => {
    const [make, words] = table[name]!;
    const material = make() as KeyMaterial;
    const error: unknown = await readPublicKeys(material).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(IrsaError);
    expect(error).toMatchObject({ code: expect.stringMatching(/^ERR_(KEY|JWKS)$/) as string });
    expect((error as Error).message).toMatch(words);
    expect((error as Error).message.length).toBeLessThan(500);
  });

  test.each([null, undefined, 7, true, [], () => 'key'])('%s is a wrong call', async (material) => {
    await expect(readPublicKeys(material as unknown as string)).rejects.toThrow(TypeError);
  });

  test('one kid for different keys is refused', async () => {
    const { keys } = await readPublicKeys(rsa.publicKeyPem + ec.publicKeyPem);
    const set = { keys: keys.map(({ jwk }) => ({ ...jwk, kid: 'same' })) };
    await expect(readPublicKeys(set)).rejects.toMatchObject({ code: 'ERR_JWKS', path: 'keys[1]' });
  });

  test('no message holds a part of the key', async () => {
    const body = rsa.privateKeyPem.split('\n').slice(1, -2);
    const damaged = [
      rsa.privateKeyPem.slice(0, 900),
      `{"d": "${body.join('')}`,
      rsa.privateKeyPem.replace(body[3]!, `${body[3]!.slice(0, -4)}%%%%`),
      body.join('\n'),
      JSON.stringify({
        ...createPrivateKey(rsa.privateKeyPem).export({ format: 'jwk' }),
        n: 'AQAB',
      }),
    ];
    for (const material of damaged) {
      const error = (await readPublicKeys(material).catch((thrown: unknown) => thrown)) as Error;
      expect(error).toBeInstanceOf(IrsaError);
      const told = `${error.message} ${JSON.stringify(error)} ${String((error.cause as Error | undefined)?.message)}`;
      for (const line of body) expect(told).not.toContain(line.slice(0, 16));
    }
  });
});

describe('fuzzed', () => {
  const forms = (): Uint8Array[] => {
    const traditional = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { format: 'der', type: 'spki' },
      privateKeyEncoding: { format: 'der', type: 'sec1' },
    });
    const pkcs1 = createPrivateKey(rsa.privateKeyPem);
    return [
      Buffer.from(rsa.publicKeyPem.split('\n').slice(1, -2).join(''), 'base64'),
      Buffer.from(rsa.privateKeyPem.split('\n').slice(1, -2).join(''), 'base64'),
      pkcs1.export({ format: 'der', type: 'pkcs1' }),
      traditional.privateKey,
      traditional.publicKey,
    ];
  };

  const settles = async (material: KeyMaterial): Promise<void> => {
    try {
      const { keys } = await readPublicKeys(material);
      for (const { jwk, kid } of keys) {
        expect(kid).toMatch(/^[\w-]{43}$/);
        expect(
          Object.keys(jwk).every((name) =>
            ['use', 'kty', 'kid', 'alg', 'n', 'e', 'crv', 'x', 'y'].includes(name),
          ),
        ).toBe(true);
      }
    } catch (error) {
      expect(error).toBeInstanceOf(IrsaError);
    }
  };

  test('damaged DER is read or refused, never anything else', async () => {
    const samples = forms();
    const edit = fc.record({
      form: fc.nat(samples.length - 1),
      at: fc.nat(4000),
      octets: fc.uint8Array({ maxLength: 6 }),
      drop: fc.nat(6),
      cut: fc.nat(4000),
    });
    await fc.assert(
      fc.asyncProperty(edit, async ({ form, at, octets, drop, cut }) => {
        const bytes = samples[form]!;
        const start = at % bytes.length;
        const damaged = Buffer.concat([
          bytes.subarray(0, start),
          octets,
          bytes.subarray(start + drop, cut < 1000 ? cut : bytes.length),
        ]);
        await settles(damaged);
      }),
      { numRuns: 1000 },
    );
  });

  test('arbitrary bytes, text and JSON are read or refused', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.uint8Array(),
          fc.uint8Array().map((tail) => Uint8Array.of(0x30, 0x82, ...tail)),
          fc.string(),
          fc.string().map((body) => `-----BEGIN PUBLIC KEY-----${body}-----END PUBLIC KEY-----`),
          fc.json(),
          fc.dictionary(
            fc.constantFrom('kty', 'n', 'e', 'crv', 'x', 'y', 'alg', 'use', 'kid', 'keys'),
            fc.jsonValue(),
          ),
        ),
        settles,
      ),
      { numRuns: 300 },
    );
  });
});

test('whatever private members come along, none gets out', async () => {
  const jwks = [rsa, ec].map(
    ({ privateKeyPem }) =>
      createPrivateKey(privateKeyPem).export({ format: 'jwk' }) as Record<string, string>,
  );
  const secretMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi'] as const;
  const forms = jwks.flatMap((jwk): KeyMaterial[] => [
    jwk as KeyMaterial,
    JSON.stringify(jwk),
    { keys: [jwk] },
    createPrivateKey({ key: jwk, format: 'jwk' }),
    createPrivateKey({ key: jwk, format: 'jwk' }).export({ format: 'der', type: 'pkcs8' }),
    createPrivateKey({ key: jwk, format: 'jwk' }).export({ format: 'pem', type: 'pkcs8' }),
  ]);
  const extra = fc.dictionary(
    fc.constantFrom(...secretMembers, 'k', 'oth', 'priv', 'x5c', 'name'),
    fc.string({ minLength: 8 }).map((text) => `SECRET${text}`),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...forms), extra, async (material, members) => {
      const { keys } = await readPublicKeys(material);
      // The types forbid it; a caller in JavaScript may still smuggle members into a key.
      const smuggled = keys.map((key) => ({ ...key, ...members, jwk: { ...key.jwk, ...members } }));
      const out = JSON.stringify([
        keys,
        await buildJwks(smuggled, { legacyEmptyKid: true }),
        await buildIssuerDocuments({
          issuer: 'https://a.example.com',
          keys: smuggled,
        }),
      ]);
      expect(out).not.toContain('SECRET');
      for (const jwk of jwks) {
        for (const member of secretMembers) {
          const secret = jwk[member];
          if (secret !== undefined) expect(out).not.toContain(secret.slice(0, 24));
        }
      }
    }),
    { numRuns: 100 },
  );
});
