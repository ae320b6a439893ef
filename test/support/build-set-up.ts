import { buildJwks, readPublicKeys } from 'irsa/oidc';
import type { ApiServerSetUp, BrokenSetUp } from '../diagnose/broken-set-ups.js';
import { issuerUrl, startLocalIrsa, type LocalIrsa, type Material } from './local-irsa.js';

/** A set-up that is built and runs, with the token that its pod has. */
export interface BuiltSetUp {
  readonly running: LocalIrsa;
  readonly token: string;
}

/** Builds a set-up for real: issuer, AWS, keys, token, with what is broken about it. */
export async function buildSetUp(
  material: Material,
  broken: BrokenSetUp,
  limitMs: number,
): Promise<BuiltSetUp> {
  const running = await startLocalIrsa(material, {
    ...broken.setUp,
    wrongCertificate: broken.wrongCertificate === true,
    aws: { fetchTimeoutMs: limitMs, ...broken.setUp?.aws },
  });
  await publish(running, broken);
  if (broken.issuerFault !== undefined)
    running.issuer.setFault(
      // Just slower than STS waits, however long that is here.
      broken.issuerFault.map((fault) =>
        fault.kind === 'slow' ? { ...fault, delayMs: limitMs + 300 } : fault,
      ),
    );
  const token = await mint(running, broken);
  if (broken.awsFault !== undefined) {
    running.aws.setFault({ ...broken.awsFault, operation: 'AssumeRoleWithWebIdentity' });
  }
  return { running, token };
}

async function publish(running: LocalIrsa, { publish: which, jwks }: BrokenSetUp): Promise<void> {
  const { material } = running;
  if (which === 'other') await running.issuer.setKeys(material.other.publicKeyPem);
  if (which === 'both') {
    await running.issuer.setKeys(`${material.signing.publicKeyPem}\n${material.ec.publicKeyPem}`);
  }
  if (jwks === undefined) return;
  const { keys } = await readPublicKeys(material.signing.publicKeyPem);
  const [key] = (await buildJwks(keys)).keys;
  running.issuer.setFault({
    document: 'jwks',
    kind: 'body',
    body: JSON.stringify(jwks({ ...key! })),
  });
}

async function mint(running: LocalIrsa, broken: BrokenSetUp): Promise<string> {
  const { signWith, keepKid, token, rawToken } = broken;
  const { material } = running;
  const minted = await running.mint({
    ...(signWith === undefined ? {} : { privateKeyPem: material[signWith].privateKeyPem }),
    ...token,
    header: { ...(keepKid === true ? { kid: material.signing.kid } : {}), ...token?.header },
  });
  return rawToken?.(minted) ?? minted;
}

/** The documents that the API server of a set-up publishes: built by our own builders, in Kubernetes' profile. */
export async function apiServerDocuments(
  material: Material,
  { issuer = issuerUrl, keys = 'signing' }: ApiServerSetUp,
): Promise<{ readonly discovery: string; readonly jwks: string }> {
  const pem = {
    signing: material.signing.publicKeyPem,
    other: material.other.publicKeyPem,
    both: `${material.signing.publicKeyPem}\n${material.other.publicKeyPem}`,
  }[keys];
  const { keys: publicKeys } = await readPublicKeys(pem);
  const jwks = await buildJwks(publicKeys);
  return {
    discovery: JSON.stringify({ issuer, jwks_uri: 'https://10.0.0.1:6443/openid/v1/jwks' }),
    jwks: JSON.stringify(jwks),
  };
}
