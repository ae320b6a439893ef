import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  AssumeRoleError,
  fromProjectedToken,
  type FromProjectedTokenOptions,
} from 'irsa/credentials';
import { TokenFileError, type IrsaError } from 'irsa/errors';
import { buildOidcProvider, buildTrustPolicy } from 'irsa/iam';
import { generateSigningKey } from 'irsa/oidc';
import {
  mintServiceAccountToken,
  startLocalAws,
  startLocalIssuer,
  type LocalAws,
  type LocalIssuer,
} from 'irsa/testing';

const issuerUrl = 'https://irsa-oidc-demo.s3.us-west-2.amazonaws.com';

/** A local AWS with an issuer and a role, and a token file: everything as it should be. */
export interface FaultWorld {
  readonly aws: LocalAws;
  /** The same over https with a certificate that nobody trusts. */
  readonly untrusted: LocalAws;
  readonly issuer: LocalIssuer;
  readonly roleArn: string;
  readonly tokenFile: string;
  readonly mint: (options?: {
    lifetimeSeconds?: number;
    now?: Date;
    serviceAccount?: string;
    audience?: string;
  }) => Promise<string>;
  /** How many web identity calls reached STS. */
  calls(): number;
  /** Puts everything right again. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export const startFaultWorld = async (): Promise<FaultWorld> => {
  const folder = await mkdtemp(join(tmpdir(), 'irsa-faults-'));
  await chmod(folder, 0o755);
  const tokenFile = join(folder, 'token');
  const key = await generateSigningKey({ algorithm: 'ES256' });
  const issuer = await startLocalIssuer({ keys: key.publicKeyPem, issuer: issuerUrl });
  const { fetchDocument } = issuer;
  const aws = await startLocalAws({ fetchDocument, tls: false });
  const untrusted = await startLocalAws({ fetchDocument });
  await aws.createOpenIDConnectProvider(buildOidcProvider({ issuer: issuerUrl }));
  const { arn: roleArn } = await aws.createRole({
    roleName: 's3-echoer',
    trustPolicy: buildTrustPolicy({
      issuer: issuerUrl,
      accountId: aws.accountId,
      subjects: [{ namespace: 'default', name: 's3-echoer' }],
    }),
  });
  const mint: FaultWorld['mint'] = (options = {}) =>
    mintServiceAccountToken({
      privateKeyPem: key.privateKeyPem,
      issuer: issuerUrl,
      namespace: 'default',
      serviceAccount: 's3-echoer',
      ...options,
    });
  return {
    aws,
    untrusted,
    issuer,
    roleArn,
    tokenFile,
    mint,
    calls: () =>
      aws.requests().filter(({ operation }) => operation === 'AssumeRoleWithWebIdentity').length,
    reset: async () => {
      aws.setFault();
      issuer.setFault();
      await rm(tokenFile, { recursive: true, force: true });
      await writeFile(tokenFile, await mint());
    },
    close: async () => {
      await Promise.all([aws.close(), untrusted.close(), issuer.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** One fault: how it is made, and what callers see. */
export interface FaultCase {
  readonly fault: string;
  readonly options?: FromProjectedTokenOptions;
  /** Another endpoint than the local AWS: a fault that is there from the start, so that nothing ever gets warm. */
  readonly endpointOf?: (world: FaultWorld) => string;
  /** Reads the file as somebody whom its mode shuts out: root, whom no mode shuts out, becomes another user meanwhile. */
  readonly asOtherUser?: boolean;
  readonly make: (world: FaultWorld) => Promise<unknown> | undefined;
  /** With nothing cached: what a caller gets, and how often STS was called. */
  readonly cold: string;
  /** With a credential cached that is still good, at its refresh. */
  readonly warm: string;
}

export interface Observed {
  readonly cold: string;
  readonly warm: string;
  /** Once the fault is gone. */
  readonly healed: string;
}

const see = async (call: Promise<{ accessKeyId: string }>, cached?: string): Promise<string> => {
  try {
    const { accessKeyId } = await call;
    return accessKeyId === cached ? 'the cached credential' : 'new credentials';
  } catch (error) {
    if (error instanceof AssumeRoleError) return `${error.code} ${error.explanation.id}`;
    if (error instanceof TokenFileError) return `${error.code} ${error.actual ?? ''}`;
    return (error as IrsaError).code;
  }
};

const nobody = 65_534;
let number = 0;

/** Runs one fault: cold, warm, and healed. */
export const runFault = async (world: FaultWorld, fault: FaultCase): Promise<Observed> => {
  const provider = (): ReturnType<typeof fromProjectedToken> =>
    fromProjectedToken({
      roleArn: world.roleArn,
      webIdentityTokenFile: world.tokenFile,
      region: 'us-west-2',
      endpoint: fault.endpointOf?.(world) ?? world.aws.endpoint,
      // A session name of its own keeps each run apart from every other in the cache.
      roleSessionName: `fault-${(number += 1)}`,
      deadlineSeconds: 1.4,
      ...fault.options,
    });
  await world.reset();
  const warmHandle = provider();
  const first = fault.endpointOf === undefined ? await warmHandle() : undefined;
  await fault.make(world);
  const before = world.calls();
  const coldHandle = provider();
  const becomesOther = fault.asOtherUser === true && process.getuid?.() === 0;
  if (becomesOther) process.seteuid?.(nobody);
  const seen = await see(coldHandle());
  const calls = world.calls() - before;
  warmHandle.invalidate();
  const warm = first === undefined ? '–' : await see(warmHandle(), first.accessKeyId);
  if (becomesOther) process.seteuid?.(0);
  await world.reset();
  const last = provider();
  const healed = fault.endpointOf === undefined ? await see(last()) : '–';
  for (const handle of [warmHandle, coldHandle, last]) handle.close();
  return { cold: `${seen}; ${calls} ${calls === 1 ? 'call' : 'calls'}`, warm, healed };
};
