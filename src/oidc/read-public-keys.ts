import { JwksError, KeyError } from '../errors.js';
import { decodeBase64 } from './base64.js';
import { readDer } from './der.js';
import { parseDerKey } from './parse-der-key.js';
import { parseJwk } from './parse-jwk.js';
import { parsePem, type PemBlock } from './parse-pem.js';
import { parseSshPrivateKey, parseSshPublicKey } from './parse-ssh-key.js';
import { publicKeyOf } from './public-key.js';
import type { CryptoKeyLike, KeyMaterial, KeyObjectLike, PublicKey } from './types.js';
import { UnsupportedKeyError } from './unsupported-key-error.js';

/** Options of {@link readPublicKeys}. */
export interface ReadPublicKeysOptions {
  /**
   * What to do with a whole key of a kind that AWS does not take (Ed25519, ML-DSA, secp256k1, RSA-PSS, RSA under 2048
   * bits, …): throw, or leave it out and list it in `omitted`. Default `throw`. Damaged keys always throw.
   */
  readonly onUnsupported?: 'throw' | 'omit';
}

/** A key that was left out. */
export interface OmittedKey {
  /** Which kind of key it is, e.g. `Ed25519`. */
  readonly why: string;
  /** Where it stood, e.g. `PEM block 2` or `keys[1]`. */
  readonly path: string;
}

/** What {@link readPublicKeys} has found. */
export interface PublicKeys {
  /** In the order of the material, each key once. */
  readonly keys: PublicKey[];
  readonly omitted: OmittedKey[];
}

/** One key of the material, not yet read. */
interface Candidate {
  readonly path: string;
  read(): Promise<PublicKey>;
}

type JsonObject = Readonly<Record<string, unknown>>;

const forms =
  'PEM, DER, an OpenSSH key, a JWK, a JWKS, a KeyObject, a CryptoKey, a pair of either or an X509Certificate';

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const readDerKey = async (bytes: Uint8Array): Promise<PublicKey> => {
  const key = parseDerKey(bytes);
  if ('numbers' in key) return publicKeyOf(key.numbers, key);
  // Only the private scalar is there: the platform multiplies it out, and only public members are picked from the answer.
  const { pkcs8WithoutPoint, crv } = key;
  try {
    const algorithm = { name: 'ECDSA', namedCurve: crv };
    const pkcs8 = Uint8Array.from(pkcs8WithoutPoint);
    const privateKey = await crypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']);
    return await readJwk({ ...(await crypto.subtle.exportKey('jwk', privateKey)) });
  } catch (cause) {
    throw new KeyError(
      'key: expected a key with its public point, got an EC private key without one that this platform cannot complete; pass the public key (openssl pkey -in KEY -pubout)',
      { cause, expected: 'a key with its public point' },
    );
  }
};

const readJwk = (jwk: JsonObject): Promise<PublicKey> => {
  const { numbers, ...known } = parseJwk(jwk);
  return publicKeyOf(numbers, known);
};

const readPemBlock = async ({ label, bytes }: PemBlock): Promise<PublicKey> => {
  if (label === 'OPENSSH PRIVATE KEY') return publicKeyOf(parseSshPrivateKey(bytes));
  // OpenSSL's own: what it trusts the certificate for follows after it, and is no matter of the key.
  if (label === 'TRUSTED CERTIFICATE') return readDerKey(readDer(bytes).whole);
  if (!/(?:^| )(?:PUBLIC KEY|PRIVATE KEY|(?<!ATTRIBUTE )CERTIFICATE)$/.test(label)) {
    throw new UnsupportedKeyError(`a PEM block ${label}`, 'pass keys or certificates');
  }
  return readDerKey(bytes);
};

const jsonCandidates = (value: unknown): Candidate[] => {
  if (!isObject(value)) {
    throw new KeyError('key: expected a JWK or a JWKS, got other JSON; pass the JWKS document', {
      expected: 'a JWK or a JWKS',
    });
  }
  if (!('keys' in value)) return [{ path: 'JWK', read: async () => readJwk(value) }];
  const members: unknown = value['keys'];
  if (!Array.isArray(members) || members.length === 0) {
    throw new JwksError(
      'JWKS: expected an array `keys` with at least one key, got none; an issuer without keys refuses every token',
      { path: 'keys', expected: 'at least one key' },
    );
  }
  return members.map((member: unknown, at) => ({
    path: `keys[${at}]`,
    read: async () => {
      if (isObject(member)) return readJwk(member);
      throw new KeyError(`key: expected keys[${at}] to be a JWK, got something else`, {
        path: `keys[${at}]`,
        expected: 'a JWK',
      });
    },
  }));
};

const sshLine = /^(?:ssh-[a-z0-9-]+|ecdsa-sha2-[a-z0-9-]+|sk-[a-z0-9@.-]+) +([A-Za-z0-9+/=]+)/;
const ssh2Block = /^---- BEGIN SSH2 PUBLIC KEY ----([^]*?)---- END SSH2 PUBLIC KEY ----/;

const sshCandidate = (base64: string): Candidate => ({
  path: 'OpenSSH key',
  read: async () => {
    const bytes = decodeBase64(base64.replace(/\s+/g, ''));
    if (bytes === undefined) throw new KeyError('key: expected base64 in the OpenSSH key');
    return publicKeyOf(parseSshPublicKey(bytes));
  },
});

const textCandidates = (material: string): Candidate[] => {
  const text = material.replace(/^\uFEFF/, '').trim();
  if (text.startsWith('{') || text.startsWith('[')) return jsonCandidates(parseJson(text));
  if (text.includes('-----BEGIN ')) {
    return (
      parsePem(text)
        // `openssl ecparam -genkey` writes the curve's name in a block of its own before the key.
        .filter(({ label }) => label !== 'EC PARAMETERS')
        .map((block) => ({
          path: `PEM block ${block.number}`,
          read: () => readPemBlock(block),
        }))
    );
  }
  const lines = text.split(/\r?\n/).filter((line) => sshLine.test(line));
  if (lines.length > 0) return lines.map((line) => sshCandidate(sshLine.exec(line)?.[1] ?? ''));
  const ssh2 = ssh2Block.exec(text)?.[1];
  if (ssh2 !== undefined) return [sshCandidate(withoutHeaders(ssh2))];
  throw noKeyIn(text);
};

/** RFC 4716, section 3.3: header lines have a colon and may go on after a backslash. */
const withoutHeaders = (body: string): string =>
  body.replace(/\r/g, '').replace(/^[^\n:]*:(?:[^\n]*\\\n)*[^\n]*$/gm, '');

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    // The engine's message quotes the text, which may hold a private key: it is not passed on.
    throw new KeyError('key: expected JSON, got text that is cut off or damaged; fetch it again', {
      expected: 'a JWK or a JWKS',
    });
  }
};

const noKeyIn = (text: string): KeyError => {
  const found = /^<(?:!doctype|html|\?xml|error)/i.test(text)
    ? 'an HTML or XML page'
    : text === ''
      ? 'nothing'
      : 'text without any key';
  return new KeyError(`key: expected ${forms}, got ${found}; pass the key file's content`, {
    expected: forms,
    actual: found,
  });
};

const bytesCandidates = (bytes: Uint8Array): Candidate[] => {
  // A SEQUENCE begins with what text would call "0"; no text has control characters near its beginning.
  const isDer =
    bytes[0] === 0x30 && bytes.subarray(0, 64).some((octet) => octet < 0x09 || octet > 0x7e);
  if (isDer) return [{ path: 'DER', read: () => readDerKey(bytes) }];
  // PowerShell's redirection writes UTF-16 with a byte order mark.
  const encoding = bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : 'utf-8';
  return textCandidates(new TextDecoder(encoding).decode(bytes));
};

/** Bytes in any view, of any realm; undefined for what is none. */
const bytesOf = (value: unknown): Uint8Array | undefined => {
  if (ArrayBuffer.isView(value))
    return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return Object.prototype.toString.call(value) === '[object ArrayBuffer]'
    ? new Uint8Array(value as ArrayBuffer)
    : undefined;
};

const isKeyObject = (value: object): value is KeyObjectLike =>
  'export' in value && typeof value.export === 'function' && 'type' in value;

const isCryptoKey = (value: object): value is CryptoKeyLike =>
  'algorithm' in value && 'extractable' in value && 'type' in value;

const readKeyObject = async (key: KeyObjectLike): Promise<PublicKey> => {
  if (key.type !== 'public' && key.type !== 'private') {
    throw new UnsupportedKeyError('a symmetric KeyObject', 'pass a public key');
  }
  const der = key.export({ format: 'der', type: key.type === 'public' ? 'spki' : 'pkcs8' });
  if (!(der instanceof Uint8Array))
    throw new KeyError('key: expected KeyObject.export() to give DER');
  return readDerKey(der);
};

const readCryptoKey = async (key: CryptoKeyLike): Promise<PublicKey> => {
  if (key.type !== 'public' && key.type !== 'private') {
    throw new UnsupportedKeyError('a symmetric CryptoKey', 'pass a public key');
  }
  if (!key.extractable) {
    throw new KeyError(
      'key: expected an extractable CryptoKey, got one that is not; pass the public key of the pair',
      { expected: 'an extractable CryptoKey' },
    );
  }
  if (/PSS|OAEP/.test(key.algorithm.name)) {
    throw new UnsupportedKeyError(key.algorithm.name, 'make a key with generateSigningKey()');
  }
  const format = key.type === 'public' ? 'spki' : 'pkcs8';
  // The structural type is all that the signatures show; the platform takes its own class only.
  const exported = await crypto.subtle.exportKey(
    format,
    key as Parameters<typeof crypto.subtle.exportKey>[1],
  );
  return readDerKey(new Uint8Array(exported));
};

const candidatesOf = (material: unknown, isOfPair = false): Candidate[] => {
  if (typeof material === 'string') return textCandidates(material);
  const bytes = bytesOf(material);
  if (bytes !== undefined) return bytesCandidates(bytes);
  if (isObject(material)) {
    if (isKeyObject(material)) return [{ path: 'KeyObject', read: () => readKeyObject(material) }];
    if (isCryptoKey(material)) return [{ path: 'CryptoKey', read: () => readCryptoKey(material) }];
    // The certificate itself, which knows its end, before the key in it.
    if ('publicKey' in material && !isOfPair) {
      const certificate = bytesOf(material['raw']);
      return certificate === undefined
        ? candidatesOf(material['publicKey'], true)
        : [{ path: 'X509Certificate', read: () => readDerKey(certificate) }];
    }
    if ('then' in material)
      throw new TypeError(`readPublicKeys: expected ${forms}, got a promise; await it first`);
    return jsonCandidates(material);
  }
  throw new TypeError(
    `readPublicKeys: expected ${forms}, got ${material === null ? 'null' : typeof material}`,
  );
};

/**
 * Reads every public key of some key material, whatever form it has; private keys are reduced to their public half.
 *
 * Takes PEM with any number of blocks (SPKI, PKCS#1, PKCS#8, SEC1, X.509, OpenSSH), DER, OpenSSH and RFC 4716 public
 * keys, a JWK, a JWKS (as an object or as text, e.g. of `kubectl get --raw /openid/v1/jwks`), a Node `KeyObject` or
 * `X509Certificate`, a Web Crypto `CryptoKey`, and a pair, of which the public key is taken. A key that occurs twice is given once.
 *
 * @param material - strings are PEM or JSON, bytes are DER or a text file's content
 * @throws {@link KeyError} `ERR_KEY` for damaged, encrypted or unsupported keys, and for material without any key
 * @throws {@link JwksError} `ERR_JWKS` for a JWKS without keys, or with one `kid` for different keys
 * @example
 * ```ts
 * import { generateSigningKey, readPublicKeys } from 'irsa/oidc';
 * const { publicKeyPem, kid } = await generateSigningKey({ algorithm: 'ES256' });
 * const { keys } = await readPublicKeys(publicKeyPem);
 * console.log(keys[0]?.kid === kid, keys[0]?.alg); // true ES256
 * ```
 * @see {@link https://www.rfc-editor.org/rfc/rfc7517 | RFC 7517}, {@link https://www.rfc-editor.org/rfc/rfc7468 | RFC 7468}
 */
export async function readPublicKeys(
  material: KeyMaterial,
  options: ReadPublicKeysOptions = {},
): Promise<PublicKeys> {
  const { onUnsupported = 'throw' } = options;
  const candidates = candidatesOf(material);
  const found = new Map<string, PublicKey>();
  const byDeclaredKid = new Map<string, string>();
  const omitted: OmittedKey[] = [];
  for (const candidate of candidates) {
    let key: PublicKey;
    try {
      key = await candidate.read();
    } catch (error) {
      if (onUnsupported === 'omit' && error instanceof UnsupportedKeyError) {
        omitted.push({ why: error.why, path: candidate.path });
        continue;
      }
      throw error;
    }
    const declared = key.declaredKid ?? key.kid;
    if ((byDeclaredKid.get(declared) ?? key.kid) !== key.kid) {
      throw new JwksError(
        `JWKS: expected a kid of its own for each key, got two different keys with kid ${JSON.stringify(declared.slice(0, 100))}; a verifier would take one of them at random`,
        { path: candidate.path, expected: 'unique kids' },
      );
    }
    byDeclaredKid.set(declared, key.kid);
    const earlier = found.get(key.kid);
    const notAfter = earlier?.notAfter ?? key.notAfter;
    found.set(key.kid, { ...(earlier ?? key), ...(notAfter === undefined ? {} : { notAfter }) });
  }
  if (candidates.length === 0) throw noKeyIn('');
  return { keys: [...found.values()], omitted };
}
