import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type KeyKind = 'RSA-2048' | 'RSA-3072' | 'RSA-4096' | 'P-256' | 'P-384' | 'P-521';

/** A signing key pair as the files that kube-apiserver reads. */
export interface SigningKeyFiles {
  readonly privateKeyFile: string;
  readonly publicKeyFile: string;
  readonly privateKeyPem: string;
  readonly publicKeyPem: string;
}

/** Makes a signing key with the platform's own generator. */
export function makeSigningKey(folder: string, name: string, kind: KeyKind): SigningKeyFiles {
  const [family, size] = kind.split('-') as ['RSA' | 'P', string];
  const pair =
    family === 'RSA'
      ? generateKeyPairSync('rsa', { modulusLength: Number(size) })
      : generateKeyPairSync('ec', { namedCurve: kind });
  const publicKeyPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const privateKeyPem = pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const files = {
    privateKeyFile: join(folder, `${name}.key`),
    publicKeyFile: join(folder, `${name}.pub`),
  };
  writeFileSync(files.privateKeyFile, privateKeyPem, { mode: 0o600 });
  writeFileSync(files.publicKeyFile, publicKeyPem);
  return { ...files, privateKeyPem, publicKeyPem };
}
