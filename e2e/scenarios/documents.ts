import { deepStrictEqual } from 'node:assert/strict';
import { buildIssuerDocuments, readPublicKeys, s3Issuer } from 'irsa/oidc';
import type { IssuerDocument } from 'irsa/oidc';
import { assumeRole } from '../clients/assume-role.js';
import { region } from '../environment/hosts.js';
import { makeSigningKey } from '../environment/signing-key.js';
import type { KeyKind, SigningKeyFiles } from '../environment/signing-key.js';
import { serviceAccountArguments } from '../environment/start-api-server.js';
import type { World } from '../environment/world.js';
import { createRole } from '../setup/create-role.js';
import { ensureServiceAccount } from '../setup/ensure-service-account.js';
import { publishIssuer, registerIssuer } from '../setup/publish-issuer.js';
import { requestToken } from '../setup/request-token.js';
import type { Scenario } from './types.js';

const bucket = 'irsa-oidc-documents';
const issuer = s3Issuer({ bucket, region });
const kinds: readonly KeyKind[] = ['RSA-2048', 'RSA-3072', 'RSA-4096', 'P-256', 'P-384', 'P-521'];

/** The API server's own documents are ours, byte for byte, and the verifier takes a token of every kind of key from them. */
export const documents: Scenario = {
  id: 'documents',
  about: "our issuer documents equal the API server's own, and the verifier reads them",
  parts: ['etcd', 'kube-apiserver', 'versitygw'],
  buckets: [bucket],
  run,
};

type NamedKey = SigningKeyFiles & { readonly kind: KeyKind };

async function run(world: World): Promise<string> {
  const keys = kinds.map((kind) => ({ kind, ...makeSigningKey(world.data, kind, kind) }));
  const aws = await world.aws();
  await publishIssuer(aws, bucket, await ourDocuments(keys, 'aws'));
  await registerIssuer(aws, issuer);
  const roleArn = await createRole(aws, {
    name: 'documents',
    issuer,
    subjects: [{ namespace: 'default', name: 'reader' }],
  });
  for (const key of keys) {
    const token = await compareDocuments(world, [key]);
    const answer = await assumeRole({ ca: world.certificates.ca, token, roleArn });
    if (!answer.ok) throw new Error(`${key.kind}: STS answered ${answer.code}: ${answer.message}`);
  }
  await compareDocuments(world, keys);
  return `${keys.length} kinds of key alone and all at once: documents byte-equal to the API server's, STS took a token of each (${kinds.join(', ')})`;
}

async function ourDocuments(
  keys: readonly NamedKey[],
  profile: 'aws' | 'kubernetes',
): Promise<IssuerDocument[]> {
  const pem = keys.map(({ publicKeyPem }) => publicKeyPem).join('');
  return buildIssuerDocuments({ issuer, keys: (await readPublicKeys(pem)).keys, profile });
}

/** Starts an API server with these keys, compares its documents with ours, and returns a token that its first key signed. */
async function compareDocuments(world: World, keys: readonly NamedKey[]): Promise<string> {
  const api = await world.apiServer({
    name: keys.length === 1 ? keys[0]!.kind : 'all',
    prefix: 'documents',
    serviceAccountArguments: serviceAccountArguments({
      issuers: [issuer],
      jwksUri: `${issuer}/openid/v1/jwks`,
      signingKeyFile: keys[0]!.privateKeyFile,
      verificationKeyFiles: keys.map(({ publicKeyFile }) => publicKeyFile),
    }),
  });
  try {
    for (const { path, body } of await ourDocuments(keys, 'kubernetes')) {
      const theirs = await api.client.sendRaw('GET', `/${path}`);
      deepStrictEqual(body, theirs.text, `${path} for ${keys.map(({ kind }) => kind).join(', ')}`);
    }
    await ensureServiceAccount(api.client, 'default', 'reader');
    return await requestToken(api.client, { namespace: 'default', serviceAccount: 'reader' });
  } finally {
    await api.stop();
  }
}
