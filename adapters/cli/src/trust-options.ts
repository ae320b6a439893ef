import type { Command } from 'commander';
import type { Partition, ServiceAccountPattern, TrustPolicyOptions } from 'irsa/iam';
import { UsageError } from './usage-error.js';
import { accountNumber } from './whole-number.js';

/** The options by which service accounts of an issuer are named. */
export interface TrustOptions {
  readonly issuer: string;
  readonly accountId: string;
  readonly partition?: Partition;
  readonly serviceAccount: string[];
  readonly audience?: string | false;
}

/** Adds the options of a trust binding. */
export function addTrustOptions(command: Command): Command {
  return command
    .requiredOption('--issuer <url>', 'the issuer, exactly as in the token')
    .requiredOption(
      '--account-id <id>',
      'the account of the IAM OIDC provider, 12 digits',
      accountNumber,
    )
    .requiredOption(
      '--service-account <namespace/name...>',
      'who may assume the role; * and ? stand for any text and any character',
    )
    .option('--partition <partition>', 'aws, aws-cn, aws-us-gov, …')
    .option('--audience <audience>', 'of the token (default: sts.amazonaws.com)')
    .option('--no-audience', 'accept any audience of the provider');
}

/** The binding that the options name. */
export function trustBinding(options: TrustOptions): TrustPolicyOptions {
  const { issuer, accountId, partition, audience } = options;
  return {
    issuer,
    accountId,
    ...(partition === undefined ? {} : { partition }),
    subjects: options.serviceAccount.map((text) => serviceAccountPattern(text)),
    ...(audience === undefined || audience === ''
      ? {}
      : { audience: audience === false ? null : audience }),
  };
}

/** `namespace/name` as a pattern. */
export function serviceAccountPattern(text: string, option?: '--role'): ServiceAccountPattern {
  const [namespace, name, ...rest] = text.split('/');
  if (namespace === undefined || name === undefined || rest.length > 0) {
    throw new UsageError(
      `${option ?? '--service-account'}: expected NAMESPACE/NAME, got ${JSON.stringify(text)}`,
    );
  }
  return { namespace, name };
}
