import { Option, type Command } from 'commander';
import type { IssuerSpec, Partition, TrustPolicyOptions } from 'irsa/iam';
import { readKeys } from './read-keys.js';
import { serviceAccountPattern } from './trust-options.js';
import type { CliIo } from './types.js';
import { UsageError } from './usage-error.js';

/** The options by which an issuer is named. */
export interface IssuerOptions {
  readonly name: string;
  readonly accountId?: string;
  readonly partition?: Partition;
  readonly issuer?: string;
  readonly bucket?: string;
  readonly region?: string;
  readonly via: 'public' | 'cloudfront';
  readonly directory?: string;
  readonly key?: string[];
  readonly role?: string[];
  readonly retiredKid?: string[];
  readonly adopt?: true;
}

/** What the commands on an issuer work with. */
export interface IssuerTask {
  readonly spec: IssuerSpec;
  readonly directory?: string;
  /** As the command line has it, for people. */
  readonly directoryAsGiven?: string;
}

/** Adds the options of an issuer. */
export function addIssuerOptions(command: Command): Command {
  return command
    .requiredOption(
      '--name <name>',
      'of the issuer, e.g. the cluster’s; what is ours is tagged with it',
    )
    .option(
      '--account-id <id>',
      'of bucket, provider and roles, 12 digits; without it IAM is left alone',
    )
    .option('--partition <partition>', 'aws, aws-cn, aws-us-gov, … (default: of the region)')
    .option('--bucket <bucket>', 'that publishes the documents')
    .option('--region <region>', 'of the bucket')
    .addOption(
      new Option('--via <way>', 'how the public reads the bucket')
        .choices(['public', 'cloudfront'])
        .default('public'),
    )
    .option(
      '--directory <folder>',
      'publish into a folder that a web server serves, instead of a bucket',
    )
    .option('--issuer <url>', 'needed for CloudFront and folders (default: the bucket’s own URL)')
    .option('--key <file...>', 'public keys to publish, the one that signs first')
    .option('--role <name=namespace/account...>', 'roles, and who may assume them')
    .option('--retired-kid <kid...>', 'keys that irsa rotate next allows to drop')
    .option('--adopt', 'take over a bucket, documents or provider without our tags');
}

/** The issuer that the options describe. */
export async function issuerTask(
  options: IssuerOptions,
  io: CliIo,
  state: 'published' | 'absent' = 'published',
): Promise<IssuerTask> {
  const [{ buildIssuerDocuments, s3Issuer }, { partitionOf }] = await Promise.all([
    import('irsa/oidc'),
    import('irsa/iam'),
  ]);
  const { name, accountId, directory, via } = options;
  const bucket = options.bucket ?? (directory === undefined ? undefined : 'directory');
  const region = options.region ?? (directory === undefined ? undefined : 'us-east-1');
  if (bucket === undefined || region === undefined) {
    throw new UsageError('expected --bucket and --region, or --directory');
  }
  const ownUrl = directory === undefined && via === 'public';
  const issuer = options.issuer ?? (ownUrl ? s3Issuer({ bucket, region }) : undefined);
  if (issuer === undefined) {
    throw new UsageError('--issuer: needed where the bucket’s own URL is not the issuer');
  }
  const { keys } = await readKeys(options.key ?? [], io);
  if (keys.length === 0 && state === 'published') {
    throw new UsageError('--key: expected at least one public key to publish');
  }
  // A teardown needs the documents' places only; an empty key set would be refused.
  const documents = keys.length === 0 ? [] : await buildIssuerDocuments({ issuer, keys });
  const partition = options.partition ?? partitionOf(region);
  const spec: IssuerSpec = {
    name,
    accountId: accountId ?? '000000000000',
    partition,
    issuer,
    target: { kind: 's3', bucket, region, via },
    documents: documents.length === 0 ? placesOnly() : documents,
    ...(accountId === undefined ? { provider: null } : {}),
    roles: accountId === undefined ? [] : rolesOf(options.role ?? []),
    ...(options.retiredKid === undefined ? {} : { retiredKids: options.retiredKid }),
    ...(options.adopt === undefined ? {} : { adopt: true }),
    state,
  };
  if (directory === undefined) return { spec };
  const path = await import('node:path');
  return { spec, directory: path.resolve(io.cwd, directory), directoryAsGiven: directory };
}

const placesOnly = (): IssuerSpec['documents'] =>
  ['.well-known/openid-configuration', 'openid/v1/jwks'].map((path) => ({
    path,
    body: '',
    contentType: 'application/json',
    cacheControl: '',
    sha256: '',
  }));

/** `name=namespace/account`; the same name may come again for more accounts. */
export function rolesOf(texts: readonly string[]): NonNullable<IssuerSpec['roles']> {
  const roles = new Map<string, TrustPolicyOptions['subjects'][number][]>();
  for (const text of texts) {
    const [roleName, account, ...rest] = text.split('=');
    if (roleName === undefined || account === undefined || rest.length > 0) {
      throw new UsageError(`--role: expected NAME=NAMESPACE/ACCOUNT, got ${JSON.stringify(text)}`);
    }
    roles.set(roleName, [...(roles.get(roleName) ?? []), serviceAccountPattern(account)]);
  }
  return [...roles].map(([roleName, subjects]) => ({ roleName, subjects }));
}
