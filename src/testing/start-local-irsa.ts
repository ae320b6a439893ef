import { buildTrustPolicy } from '../iam/build-trust-policy.js';
import { partitionOf } from '../names/partition.js';
import { generateSigningKey } from '../oidc/generate-signing-key.js';
import {
  mintServiceAccountToken,
  type ServiceAccountTokenOptions,
} from './mint-service-account-token.js';
import { startLocalAws } from './start-local-aws.js';
import { startLocalIssuer } from './start-local-issuer.js';
import type { LocalAws, LocalAwsOptions, LocalIssuer } from './types.js';

/** What {@link startLocalIrsa} takes; everything has a default. */
export interface LocalIrsaOptions {
  /** Default `default`. */
  readonly namespace?: string;
  /** Default `app`. */
  readonly serviceAccount?: string;
  /** What the role may do: one inline policy, object or JSON text; default nothing. */
  readonly policy?: unknown;
  /** Buckets to create; default none. */
  readonly buckets?: readonly string[];
  /** Of the role; default 3,600. */
  readonly maxSessionDurationSeconds?: number;
  /** Whether AWS is served over https, for other processes and languages; default false: clients in this process need no CA then. */
  readonly https?: boolean;
  /** Further options of the local AWS: clock, port, region, account, faults. */
  readonly aws?: Omit<LocalAwsOptions, 'fetchDocument' | 'tls'>;
}

/** A running IRSA: AWS, issuer, a role, and the token file of one pod. */
export interface LocalIrsa {
  readonly aws: LocalAws;
  readonly issuer: LocalIssuer;
  readonly roleArn: string;
  /** Holds the pod's token, as the kubelet would keep it. */
  readonly tokenFile: string;
  /** For clients of other languages and processes: holds the CA of the local AWS; empty with plain http. */
  readonly caFile: string;
  /** The environment of the pod: what a webhook injects, and the endpoint that leads to the local AWS. */
  env(): Record<string, string>;
  /** Mints a token with the present key: of the pod, or changed. */
  mint(changes?: Partial<ServiceAccountTokenOptions>): Promise<string>;
  /** Writes a token into the token file: of the pod, or changed, e.g. `{ serviceAccount: 'stranger' }` or `{ lifetimeSeconds: 1 }`. */
  writeToken(changes?: Partial<ServiceAccountTokenOptions>): Promise<void>;
  /** Signs with a new key from now on, and writes a new token. The new key is published beside the old one, unless `publish` is false: then STS does not find it. */
  rotateKey(options?: { readonly publish?: boolean }): Promise<void>;
  /** Stops both servers and removes the files. */
  close(): Promise<void>;
}

/**
 * Starts all of IRSA for an app's own tests in one line: a local AWS that verifies for real, an issuer, a role, and a token file.
 *
 * @throws {@link LocalAwsError} `ERR_LOCAL_AWS` when it cannot listen, or IAM would refuse a name or policy
 * @throws {@link SubjectError} `ERR_SUBJECT` for names that Kubernetes would not accept
 * @example
 * ```ts
 * import { startLocalIrsa } from 'irsa/testing';
 * const irsa = await startLocalIrsa({ serviceAccount: 'greeter', buckets: ['greetings'] });
 * console.log(irsa.env()); // { AWS_ENDPOINT_URL: …, AWS_ROLE_ARN: …, AWS_WEB_IDENTITY_TOKEN_FILE: …, … }
 * await irsa.close();
 * ```
 * @see {@link https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html | IAM roles for service accounts}
 */
export async function startLocalIrsa(options: LocalIrsaOptions = {}): Promise<LocalIrsa> {
  const { namespace = 'default', serviceAccount = 'app', buckets = [] } = options;
  const { mkdtemp, rename, rm, writeFile } = await import('node:fs/promises');
  const [os, path] = await Promise.all([import('node:os'), import('node:path')]);
  // EC: as good to STS as RSA, and made in a millisecond.
  let signing = await generateSigningKey({ algorithm: 'ES256' });
  let published = signing.publicKeyPem;
  const issuer = await startLocalIssuer({ keys: published });
  const aws = await startLocalAws({
    ...options.aws,
    ...(options.https === true ? {} : { tls: false }),
    fetchDocument: issuer.fetchDocument,
  }).catch(async (error: unknown) => {
    await issuer.close();
    throw error;
  });
  const now = options.aws?.now;
  const folder = await mkdtemp(path.join(os.tmpdir(), 'irsa-testing-'));
  const tokenFile = path.join(folder, 'token');
  const caFile = aws.caPem === '' ? '' : path.join(folder, 'ca.pem');
  const mint = (changes: Partial<ServiceAccountTokenOptions> = {}): Promise<string> =>
    mintServiceAccountToken({
      privateKeyPem: signing.privateKeyPem,
      issuer: issuer.issuer,
      namespace,
      serviceAccount,
      ...(now === undefined ? {} : { now: now() }),
      ...changes,
    });
  const writeToken = async (changes?: Partial<ServiceAccountTokenOptions>): Promise<void> => {
    // As the kubelet does: readers see the old token or the new one, never half of one.
    await writeFile(`${tokenFile}.next`, await mint(changes), { mode: 0o600 });
    await rename(`${tokenFile}.next`, tokenFile);
  };
  const close = async (): Promise<void> => {
    await Promise.all([aws.close(), issuer.close(), rm(folder, { recursive: true, force: true })]);
  };
  try {
    if (caFile !== '') await writeFile(caFile, aws.caPem);
    await writeToken();
    const roleArn = await setUp(aws, issuer, { ...options, namespace, serviceAccount, buckets });
    return {
      aws,
      issuer,
      roleArn,
      tokenFile,
      caFile,
      env: () => ({
        ...aws.env(caFile === '' ? {} : { caFile }),
        AWS_ROLE_ARN: roleArn,
        AWS_WEB_IDENTITY_TOKEN_FILE: tokenFile,
        AWS_STS_REGIONAL_ENDPOINTS: 'regional',
      }),
      mint,
      writeToken,
      rotateKey: async ({ publish = true } = {}) => {
        signing = await generateSigningKey({ algorithm: 'ES256' });
        if (publish) {
          published = `${published}\n${signing.publicKeyPem}`;
          await issuer.setKeys(published);
        }
        await writeToken();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Provider, role, policy and buckets; answers the role's ARN. */
async function setUp(
  aws: LocalAws,
  { issuer }: LocalIssuer,
  options: LocalIrsaOptions & {
    readonly namespace: string;
    readonly serviceAccount: string;
    readonly buckets: readonly string[];
  },
): Promise<string> {
  const { namespace, serviceAccount, policy, maxSessionDurationSeconds, buckets } = options;
  await aws.createOpenIDConnectProvider({ url: issuer });
  const roleName = serviceAccount;
  const { arn } = await aws.createRole({
    roleName,
    trustPolicy: buildTrustPolicy({
      issuer,
      accountId: aws.accountId,
      partition: partitionOf(aws.region),
      subjects: [{ namespace, name: serviceAccount }],
    }),
    ...(maxSessionDurationSeconds === undefined ? {} : { maxSessionDurationSeconds }),
  });
  if (policy !== undefined) await aws.putRolePolicy({ roleName, policyName: 'app', policy });
  for (const bucket of buckets) await aws.createBucket({ bucket });
  return arn;
}
