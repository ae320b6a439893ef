import { deepStrictEqual } from 'node:assert/strict';
import { DeleteBucketPolicyCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { buildIssuerDocuments, readPublicKeys, s3Issuer } from 'irsa/oidc';
import type { IssuerDocument } from 'irsa/oidc';
import { assumeRole } from '../clients/assume-role.js';
import { region } from '../environment/hosts.js';
import { makeSigningKey } from '../environment/signing-key.js';
import type { KeyKind, SigningKeyFiles } from '../environment/signing-key.js';
import { serviceAccountArguments } from '../environment/start-api-server.js';
import type { VerifyingAws } from '../environment/start-aws.js';
import type { World } from '../environment/world.js';
import { createRole } from '../setup/create-role.js';
import { ensureServiceAccount } from '../setup/ensure-service-account.js';
import { publishIssuer, putDocuments, registerIssuer } from '../setup/publish-issuer.js';
import { requestToken } from '../setup/request-token.js';
import { tryIrsa } from '../setup/run-irsa.js';
import type { Scenario } from './types.js';

const bucket = 'irsa-oidc-documents';
const issuer = s3Issuer({ bucket, region });
/** An issuer made with the mistakes of the old walk-through. */
const faultyBucket = 'irsa-oidc-documents-faulty';
const kinds: readonly KeyKind[] = ['RSA-2048', 'RSA-3072', 'RSA-4096', 'P-256', 'P-384', 'P-521'];

/** The API server's own documents are ours, byte for byte, and the verifier takes a token of every kind of key from them. */
export const documents: Scenario = {
  id: 'documents',
  about: "our issuer documents equal the API server's own, and the verifier reads them",
  parts: ['etcd', 'kube-apiserver', 'versitygw'],
  buckets: [bucket, faultyBucket],
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
  const faults = await catchWalkthroughFaults(world, keys[0]!);
  return `${keys.length} kinds of key alone and all at once: documents byte-equal to the API server's, STS took a token of each (${kinds.join(', ')}); ${faults}`;
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

/** What the walk-through of 2019 did wrong is found by reading the published documents, before any token is refused. */
async function catchWalkthroughFaults(world: World, key: NamedKey): Promise<string> {
  const aws = await world.aws();
  const faultyIssuer = s3Issuer({ bucket: faultyBucket, region });
  const { keys } = await readPublicKeys(key.publicKeyPem);
  const good = await buildIssuerDocuments({ issuer: faultyIssuer, keys });
  const [discovery, jwks] = good as [IssuerDocument, IssuerDocument];
  const parsed = { discovery: JSON.parse(discovery.body), jwks: JSON.parse(jwks.body) };
  const slash = JSON.stringify({ ...parsed.discovery, issuer: `${faultyIssuer}/` });
  const doubled = JSON.stringify({
    keys: [...parsed.jwks.keys, { ...parsed.jwks.keys[0], kid: '' }],
  });
  await publishIssuer(aws, faultyBucket, good);
  const verify = async (...changed: readonly IssuerDocument[]): Promise<Verified> => {
    await putDocuments(aws, faultyBucket, [discovery, jwks, ...changed]);
    return verifyIssuer(world, faultyIssuer);
  };
  const sound = await verify();
  if (sound.code !== 0) throw new Error(`irsa issuer verify, sound documents: ${sound.said}`);
  const faults = {
    'trailing slash': await verify({ ...discovery, body: slash }),
    'doubled key': await verify({ ...jwks, body: doubled }),
    'public-read ACL': await verifyPublicRead(world, aws, faultyIssuer, discovery),
  };
  const causes: Record<keyof typeof faults, RegExp> = {
    'trailing slash': /issuer-trailing-slash/,
    'doubled key': /jwks-empty-kid/,
    'public-read ACL': /status 403/,
  };
  const missed = Object.entries(faults).filter(
    ([fault, { code, said }]) => code !== 1 || !causes[fault as keyof typeof faults].test(said),
  );
  if (missed.length > 0) {
    const answers = missed.map(([fault, { code, said }]) => `${fault} (${String(code)}: ${said})`);
    throw new Error(`irsa issuer verify misses ${answers.join(', ')}`);
  }
  const said = Object.entries(faults).map(([fault, verified]) => `${fault} (${verified.said})`);
  return `the walk-through's faults are caught by irsa issuer verify before the verifier meets them: ${said.join(', ')}`;
}

/** An object put with the walk-through's ACL is not public: that takes a bucket policy. */
async function verifyPublicRead(
  world: World,
  aws: VerifyingAws,
  faultyIssuer: string,
  { path, body }: IssuerDocument,
): Promise<Verified> {
  await aws.s3.send(
    new PutObjectCommand({ Bucket: faultyBucket, Key: path, Body: body, ACL: 'public-read' }),
  );
  await aws.s3.send(new DeleteBucketPolicyCommand({ Bucket: faultyBucket }));
  return verifyIssuer(world, faultyIssuer);
}

/** The command's exit code, and the ids of what it finds or its message. */
interface Verified {
  readonly code: number;
  readonly said: string;
}

/** `irsa issuer verify` reads the documents as a stranger: it has no credentials here. */
async function verifyIssuer(world: World, faultyIssuer: string): Promise<Verified> {
  const env = { NODE_EXTRA_CA_CERTS: world.certificates.caFile };
  const args = ['issuer', 'verify', faultyIssuer, '--output', 'json'];
  const { code, stdout, stderr } = await tryIrsa(world, args, env);
  try {
    const { findings } = JSON.parse(stdout) as { findings: { id: string; severity: string }[] };
    const bad = findings.filter(({ severity }) => severity !== 'info');
    return { code, said: bad.map(({ id }) => id).join(', ') };
  } catch {
    return { code, said: /^[^;\n]*/.exec(`${stdout}${stderr}`.trim())?.[0] ?? '' };
  }
}
