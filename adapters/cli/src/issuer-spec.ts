import { InvalidArgumentError, Option, type Command } from 'commander';
import type { IssuerTargetOptions } from 'irsa-aws';
import type { IssuerSpec, IssuerTarget, Partition, TrustPolicyOptions } from 'irsa/iam';
import { ambientRegion } from './ambient-region.js';
import { readKeys } from './read-keys.js';
import { serviceAccountPattern } from './trust-options.js';
import type { CliIo } from './types.js';
import { UsageError } from './usage-error.js';
import { accountNumber } from './whole-number.js';

/** The options by which an issuer is named. */
export interface IssuerOptions {
  readonly name: string;
  readonly accountId?: string;
  readonly partition?: Partition;
  readonly profile?: string;
  readonly issuer?: string;
  readonly bucket?: string;
  readonly region?: string;
  readonly via: 'public' | 'cloudfront';
  readonly alias?: string[];
  readonly certificateArn?: string;
  readonly directory?: string;
  readonly key?: string[];
  readonly role?: string[];
  readonly retiredKid?: string[];
  readonly adopt?: true;
  readonly s3Compatible?: true;
}

/** What the commands on an issuer work with. */
export interface IssuerTask {
  readonly spec: IssuerSpec;
  /** Where and through which clients; goes to `observeIssuer` and `applyIssuerChanges` alike. */
  readonly target: Omit<IssuerTargetOptions, 'spec'>;
  /** As the command line has it, for people. */
  readonly directoryAsGiven?: string;
  /** What another run does, when this one cannot do everything. */
  readonly next?: string;
}

const partitions: readonly Partition[] = [
  'aws',
  'aws-cn',
  'aws-us-gov',
  'aws-eusc',
  'aws-iso',
  'aws-iso-b',
  'aws-iso-e',
  'aws-iso-f',
];

const issuerName = (text: string): string => {
  if (/^[\w.:/=+@-]{1,128}$/.test(text)) return text;
  throw new InvalidArgumentError('Expected 1 to 128 letters, digits or _.:/=+@- (it is a tag).');
};

/** Adds the options of an issuer. */
export function addIssuerOptions(command: Command): Command {
  return command
    .requiredOption(
      '--name <name>',
      'of the issuer, e.g. the cluster’s; what is ours is tagged with it',
      issuerName,
    )
    .option('--account-id <id>', 'that owns bucket, provider and roles, 12 digits', accountNumber)
    .option('--bucket <bucket>', 'that publishes the documents')
    .option('--region <region>', 'of the bucket (default: AWS_REGION, or the profile’s)')
    .addOption(
      new Option('--partition <partition>', 'of AWS (default: the region’s)').choices(partitions),
    )
    .option('--profile <profile>', 'of the AWS configuration (default: AWS_PROFILE)')
    .addOption(
      new Option('--via <way>', 'how the public reads the bucket')
        .choices(['public', 'cloudfront'])
        .default('public'),
    )
    .option('--alias <host...>', 'CloudFront: host names of your own')
    .option('--certificate-arn <arn>', 'CloudFront: their certificate, in us-east-1')
    .option(
      '--directory <folder>',
      'publish into a folder that a web server serves, instead of a bucket',
    )
    .option(
      '--issuer <url>',
      'needed for folders (default: the bucket’s own URL, or CloudFront’s host)',
    )
    .option('--key <file...>', 'public keys to publish, the one that signs first')
    .option('--role <name=namespace/account...>', 'roles, and who may assume them')
    .option('--retired-kid <kid...>', 'keys that irsa rotate next allows to drop')
    .option(
      '--s3-compatible',
      'the bucket is not AWS’s (set AWS_ENDPOINT_URL_S3): nobody’s account, IAM is left alone',
    )
    .option('--adopt', 'take over a bucket, documents or provider without our tags');
}

/** Where the issuer is published; wrong combinations of options are refused before anything is done. */
export async function issuerTarget(
  options: IssuerOptions,
  io: CliIo,
): Promise<Extract<IssuerTarget, { kind: 's3' }>> {
  const { directory, via, alias, certificateArn, profile } = options;
  if (options.role !== undefined && options.accountId === undefined)
    throw new UsageError('--role: needs --account-id, the account of the roles');
  if (directory !== undefined) {
    if (options.bucket !== undefined) throw new UsageError('--directory stands in for --bucket');
    if (options.issuer === undefined)
      throw new UsageError('--directory: needs --issuer, the URL under which it is served');
    return { kind: 's3', bucket: 'directory', region: 'us-east-1', via: 'public' };
  }
  if (options.bucket === undefined) throw new UsageError('expected --bucket, or --directory');
  if ((options.accountId === undefined) !== (options.s3Compatible === true)) {
    throw new UsageError(
      'expected --account-id, the owner of the bucket; or --s3-compatible for a bucket that is not AWS’s',
    );
  }
  if (options.s3Compatible === true && options.issuer === undefined)
    throw new UsageError('--s3-compatible: needs --issuer, the public URL of the bucket');
  const region = options.region ?? (await ambientRegion(io.env, profile));
  if (region === undefined) {
    throw new UsageError(
      'expected --region, or AWS_REGION, or a region in the AWS configuration’s profile',
    );
  }
  if ((alias === undefined) !== (certificateArn === undefined))
    throw new UsageError('--alias and --certificate-arn go together');
  if (alias !== undefined && via !== 'cloudfront')
    throw new UsageError('--alias: needs --via cloudfront');
  return {
    kind: 's3',
    bucket: options.bucket,
    region,
    via,
    ...(alias === undefined ? {} : { aliases: alias }),
    ...(certificateArn === undefined ? {} : { certificateArn }),
  };
}

/** The issuer that the options describe. */
export async function issuerTask(
  options: IssuerOptions,
  io: CliIo,
  state: 'published' | 'absent' = 'published',
): Promise<IssuerTask> {
  const target = await issuerTarget(options, io);
  const [{ buildIssuerDocuments, s3Issuer }, { partitionOf }] = await Promise.all([
    import('irsa/oidc'),
    import('irsa/iam'),
  ]);
  const { name, accountId, directory, alias } = options;
  const { keys } = await readKeys(options.key ?? [], io);
  if (keys.length === 0 && state === 'published') {
    throw new UsageError('--key: expected at least one public key to publish');
  }
  const base: IssuerSpec = {
    name,
    accountId: accountId ?? '000000000000',
    partition: options.partition ?? partitionOf(target.region),
    target,
    documents: [],
    provider: null,
    ...(options.adopt === undefined ? {} : { adopt: true }),
  };
  const place = await placeOf(options, io, base);
  const ownUrl = target.via === 'public' ? s3Issuer(target) : undefined;
  const issuer =
    options.issuer ??
    (alias === undefined ? ownUrl : `https://${String(alias[0])}`) ??
    (await cloudFrontUrl(base, place));
  if (issuer === undefined) {
    const next =
      'CloudFront then gives the host name that is the issuer; the documents, the provider and the roles follow';
    return { spec: { ...base, state }, target: place, ...(state === 'absent' ? {} : { next }) };
  }
  const { provider, ...rest } = base;
  const spec: IssuerSpec = {
    ...rest,
    issuer,
    // A teardown needs the documents' places only; an empty key set would be refused.
    documents: keys.length === 0 ? placesOnly() : await buildIssuerDocuments({ issuer, keys }),
    ...(accountId === undefined ? { provider: provider ?? null } : {}),
    roles: accountId === undefined ? [] : rolesOf(options.role ?? []),
    ...(options.retiredKid === undefined ? {} : { retiredKids: options.retiredKid }),
    state,
  };
  return {
    spec,
    target: place,
    ...(directory === undefined ? {} : { directoryAsGiven: directory }),
  };
}

/** The clients, and the folder where there is one. */
async function placeOf(
  { directory, profile, accountId }: IssuerOptions,
  io: CliIo,
  spec: IssuerSpec,
): Promise<IssuerTask['target']> {
  const clients = await io.awsClients({ spec, ...(profile === undefined ? {} : { profile }) });
  // Without an account nobody knows who should own the bucket.
  if (directory === undefined)
    return { clients, ...(accountId === undefined ? { expectedBucketOwner: null } : {}) };
  const path = await import('node:path');
  return { clients, directory: path.resolve(io.cwd, directory) };
}

/** The host name that CloudFront has given, if the distribution is there already. */
async function cloudFrontUrl(
  spec: IssuerSpec,
  place: IssuerTask['target'],
): Promise<string | undefined> {
  const { observeIssuer } = await import('irsa-aws');
  const { cloudFront } = await observeIssuer({ spec, ...place, fetchPublic: null });
  const host = cloudFront?.distribution?.domainName;
  return host === undefined ? undefined : `https://${host}`;
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
    roles.set(roleName, [...(roles.get(roleName) ?? []), serviceAccountPattern(account, '--role')]);
  }
  return [...roles].map(([roleName, subjects]) => ({ roleName, subjects }));
}
