import { ArnError } from '../errors.js';
import { issuerHostPath, type Issuer } from './issuer.js';
import { partitions, type Partition } from './partition.js';

/** The parts of an ARN: `arn:partition:service:region:accountId:resource`. */
export interface Arn {
  readonly partition: Partition;
  readonly service: string;
  readonly region: string;
  readonly accountId: string;
  readonly resource: string;
}

const fail = (actual: unknown, expected: string, fix: string): ArnError => {
  const shown = typeof actual === 'string' ? actual.slice(0, 300) : String(actual);
  return new ArnError(`ARN: expected ${expected}, got ${JSON.stringify(shown)}; ${fix}`, {
    actual: shown,
    expected,
  });
};

const assertAccountId = (accountId: string): void => {
  if (typeof accountId !== 'string' || !/^\d{12}$/.test(accountId)) {
    throw fail(accountId, 'an account ID of 12 digits', 'pass it as a string, leading zeros kept');
  }
};

const assertPartition = (partition: string): Partition => {
  const known = partitions.find((name) => name === partition);
  if (known === undefined) {
    throw fail(partition, `a partition (${partitions.join(', ')})`, 'see partitionOf(region)');
  }
  return known;
};

/**
 * Reads an ARN into its parts.
 *
 * @throws {@link ArnError} `ERR_ARN`
 * @example
 * ```ts
 * import { parseArn } from 'irsa/iam';
 * parseArn('arn:aws:iam::111122223333:role/s3-echoer').accountId; // 111122223333
 * ```
 * @see {@link https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html | IAM: Amazon Resource Names}
 */
export function parseArn(value: string): Arn {
  const text: unknown = value;
  const match =
    typeof text === 'string' && text.length <= 2048
      ? /^arn:([^:]+):([a-z0-9-]+):([a-z0-9-]*):(\d{12}|aws|):(.+)$/s.exec(text)
      : null;
  if (match === null) {
    throw fail(
      text,
      'arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE',
      'copy the ARN as the AWS console or `aws iam get-role` shows it',
    );
  }
  const [, partition = '', service = '', region = '', accountId = '', resource = ''] = match;
  return { partition: assertPartition(partition), service, region, accountId, resource };
}

/** What {@link roleArn} needs. */
export interface RoleArnOptions {
  /** 12 digits. */
  readonly accountId: string;
  /** The role's name without its path, at most 64 characters. */
  readonly roleName: string;
  /** The role's path; default `/`. */
  readonly path?: string;
  /** Default `aws`. */
  readonly partition?: Partition;
}

/**
 * The ARN of an IAM role.
 *
 * @throws {@link ArnError} `ERR_ARN`
 * @example
 * ```ts
 * import { roleArn } from 'irsa/iam';
 * roleArn({ accountId: '111122223333', roleName: 's3-echoer' }); // arn:aws:iam::111122223333:role/s3-echoer
 * ```
 */
export function roleArn(options: RoleArnOptions): string {
  const { accountId, roleName, path = '/', partition = 'aws' } = options;
  assertAccountId(accountId);
  assertPartition(partition);
  if (typeof roleName !== 'string' || !/^[\w+=,.@-]{1,64}$/.test(roleName)) {
    throw fail(
      roleName,
      'a role name of 1 to 64 letters, digits or _+=,.@-',
      'put a path into `path`',
    );
  }
  if (typeof path !== 'string' || path.length > 512 || !/^\/(?:[\x21-\x7e]+\/)?$/.test(path)) {
    throw fail(path, 'a path that begins and ends with /', 'write /team-a/ or leave it out');
  }
  return `arn:${partition}:iam::${accountId}:role${path}${roleName}`;
}

/** What {@link oidcProviderArn} needs. */
export interface OidcProviderArnOptions {
  readonly issuer: Issuer | string;
  /** 12 digits. */
  readonly accountId: string;
  /** Default `aws`. */
  readonly partition?: Partition;
}

/**
 * The ARN of the IAM OIDC provider of an issuer.
 *
 * @throws {@link ArnError} `ERR_ARN`
 * @throws {@link IssuerError} `ERR_ISSUER`
 * @example
 * ```ts
 * import { oidcProviderArn } from 'irsa/iam';
 * oidcProviderArn({ issuer: 'https://oidc.example.com', accountId: '111122223333' });
 * // arn:aws:iam::111122223333:oidc-provider/oidc.example.com
 * ```
 */
export function oidcProviderArn(options: OidcProviderArnOptions): string {
  const { issuer, accountId, partition = 'aws' } = options;
  assertAccountId(accountId);
  assertPartition(partition);
  return `arn:${partition}:iam::${accountId}:oidc-provider/${issuerHostPath(issuer)}`;
}
