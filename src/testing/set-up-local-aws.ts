import { isBucketName } from './is-bucket-name.js';
import { LocalAwsError } from '../errors.js';
import { allBlocked, type Account } from './account.js';
import { AwsFailure } from './aws-failure.js';
import { oidcProviderVerbs } from './iam-oidc-providers.js';
import { roleVerbs } from './iam-roles.js';
import type { IamVerb } from './iam-verb.js';
import type { LocalAws } from './types.js';

const jsonText = (policy: unknown): string =>
  typeof policy === 'string' ? policy : JSON.stringify(policy);

const run = (
  verb: IamVerb | undefined,
  account: Account,
  parameters: ReadonlyMap<string, string>,
): void => {
  try {
    verb?.(account, parameters);
  } catch (error) {
    if (!(error instanceof AwsFailure)) throw error;
    throw new LocalAwsError(`local AWS: ${error.code}: ${error.message}`, { cause: error });
  }
};

const members = (name: string, values: readonly string[]): [string, string][] =>
  values.map((value, index) => [`${name}.member.${String(index + 1)}`, value]);

const tagMembers = (tags: Readonly<Record<string, string>> = {}): [string, string][] =>
  Object.entries(tags).flatMap(([key, value], index): [string, string][] => [
    [`Tags.member.${String(index + 1)}.Key`, key],
    [`Tags.member.${String(index + 1)}.Value`, value],
  ]);

/** The verbs that set a local AWS up without a client; they go through the same checks as the wire. */
export function setUpLocalAws(
  account: Account,
): Pick<
  LocalAws,
  'createOpenIDConnectProvider' | 'createRole' | 'putRolePolicy' | 'createBucket' | 'readObject'
> {
  return {
    createOpenIDConnectProvider: async ({
      url,
      audiences = ['sts.amazonaws.com'],
      thumbprints = [],
      tags,
    }) => {
      run(
        oidcProviderVerbs['CreateOpenIDConnectProvider'],
        account,
        new Map([
          ['Url', url],
          ...members('ClientIDList', audiences),
          ...members('ThumbprintList', thumbprints),
          ...tagMembers(tags),
        ]),
      );
      return Promise.resolve({
        arn: `arn:${account.partition}:iam::${account.accountId}:oidc-provider/${url.slice('https://'.length)}`,
      });
    },
    createRole: async ({
      roleName,
      trustPolicy,
      path = '/',
      maxSessionDurationSeconds = 3600,
      tags,
    }) => {
      run(
        roleVerbs['CreateRole'],
        account,
        new Map([
          ['RoleName', roleName],
          ['AssumeRolePolicyDocument', jsonText(trustPolicy)],
          ['Path', path],
          ['MaxSessionDuration', String(maxSessionDurationSeconds)],
          ...tagMembers(tags),
        ]),
      );
      return Promise.resolve({
        arn: `arn:${account.partition}:iam::${account.accountId}:role${path}${roleName}`,
      });
    },
    putRolePolicy: async ({ roleName, policyName, policy }) => {
      run(
        roleVerbs['PutRolePolicy'],
        account,
        new Map([
          ['RoleName', roleName],
          ['PolicyName', policyName],
          ['PolicyDocument', jsonText(policy)],
        ]),
      );
      return Promise.resolve();
    },
    createBucket: async ({ bucket }) => {
      if (!isBucketName(bucket)) {
        throw new LocalAwsError(
          `local AWS: bucket: expected 3 to 63 lower case letters, digits, "-" or ".", got ${JSON.stringify(bucket)}`,
          { path: 'bucket', expected: 'a bucket name' },
        );
      }
      if (account.buckets.has(bucket))
        throw new LocalAwsError(`local AWS: BucketAlreadyOwnedByYou: ${bucket}`);
      account.buckets.set(bucket, {
        name: bucket,
        region: account.region,
        createdAt: account.now(),
        objects: new Map(),
        policy: undefined,
        publicAccessBlock: allBlocked,
        ownership: 'BucketOwnerEnforced',
        tags: undefined,
      });
      return Promise.resolve();
    },
    readObject: ({ bucket, key }) => account.buckets.get(bucket)?.objects.get(key)?.body.slice(),
  };
}
