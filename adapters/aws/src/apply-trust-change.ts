import { isDeepStrictEqual } from 'node:util';
import {
  AddClientIDToOpenIDConnectProviderCommand,
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
  DeleteOpenIDConnectProviderCommand,
  GetRoleCommand,
  TagOpenIDConnectProviderCommand,
  UpdateAssumeRolePolicyCommand,
  UpdateOpenIDConnectProviderThumbprintCommand,
  type Tag,
} from '@aws-sdk/client-iam';
import {
  parseTrustPolicy,
  type IssuerChange,
  type OidcProviderSpec,
  type PlannedRole,
  type Tags,
  type TrustPolicy,
} from 'irsa/iam';
import { orMissing, readAwsError } from './aws-error.js';
import { staleError } from './issuer-change-error.js';
import { observeProvider, tagsOf } from './observe-trust.js';
import type { AwsClients } from './types.js';

/** Everything that concerns IAM. */
export type TrustChange = Extract<
  IssuerChange,
  {
    readonly kind:
      | `${string}-provider`
      | 'add-audiences'
      | 'set-thumbprints'
      | 'create-role'
      | 'set-trust-policy';
  }
>;

type Iam = AwsClients['iam'];

const tagList = (tags: Tags): Tag[] => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/**
 * Makes something that was not there when it was observed. When it is there by now, it must be just as it should be
 * (another run of the same plan, or our own first attempt whose answer was lost); anything else is somebody else's.
 */
const createOnce = async (
  what: string,
  create: () => Promise<unknown>,
  isAsWanted: () => Promise<boolean>,
): Promise<void> => {
  try {
    await create();
  } catch (error) {
    if (!readAwsError(error).name.startsWith('EntityAlreadyExists')) throw error;
    if (!(await isAsWanted())) throw staleError(what);
  }
};

const contains = (present: Tags, wanted: Tags): boolean =>
  Object.entries(wanted).every(([key, value]) => present[key] === value);

const createProvider = async (iam: Iam, arn: string, wanted: OidcProviderSpec): Promise<void> => {
  const { url, audiences, thumbprints, tags } = wanted;
  await createOnce(
    arn,
    () =>
      iam.send(
        new CreateOpenIDConnectProviderCommand({
          Url: url,
          ClientIDList: [...audiences],
          // Without thumbprints IAM fetches one itself.
          ...(thumbprints.length === 0 ? {} : { ThumbprintList: [...thumbprints] }),
          Tags: tagList(tags),
        }),
      ),
    async () => {
      const present = await observeProvider(iam, arn);
      return (
        present !== undefined &&
        contains(present.tags, tags) &&
        audiences.every((audience) => present.audiences.includes(audience))
      );
    },
  );
};

const createRole = async (iam: Iam, wanted: PlannedRole): Promise<void> => {
  const { roleName, path, trustPolicy, tags } = wanted;
  await createOnce(
    roleName,
    () =>
      iam.send(
        new CreateRoleCommand({
          RoleName: roleName,
          Path: path,
          AssumeRolePolicyDocument: JSON.stringify(trustPolicy),
          Tags: tagList(tags),
        }),
      ),
    async () => {
      const { Role } = await iam.send(new GetRoleCommand({ RoleName: roleName }));
      return (
        isDeepStrictEqual(parseTrustPolicy(Role?.AssumeRolePolicyDocument), trustPolicy) &&
        contains(tagsOf(Role?.Tags), tags)
      );
    },
  );
};

/** Replaces the whole list, so it must be the one that was observed. */
const setThumbprints = async (
  iam: Iam,
  arn: string,
  change: { before?: readonly string[]; after?: readonly string[] },
): Promise<void> => {
  const sorted = (list: readonly string[] = []): string[] => [...list].sort();
  const present = sorted((await observeProvider(iam, arn))?.thumbprints);
  if (isDeepStrictEqual(present, sorted(change.after))) return;
  if (!isDeepStrictEqual(present, sorted(change.before)))
    throw staleError(`the thumbprints of ${arn}`);
  await iam.send(
    new UpdateOpenIDConnectProviderThumbprintCommand({
      OpenIDConnectProviderArn: arn,
      ThumbprintList: [...(change.after ?? [])],
    }),
  );
};

/** The ARN of a provider says nothing of whose it is: it must carry the tags still that were observed. */
const deleteProvider = async (iam: Iam, arn: string, before: Tags = {}): Promise<void> => {
  const present = await observeProvider(iam, arn);
  if (present === undefined) return;
  if (!isDeepStrictEqual(present.tags, { ...before })) throw staleError(`the tags of ${arn}`);
  await orMissing(
    iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn })),
    'NoSuchEntity',
    'NoSuchEntityException',
  );
};

/** IAM has no conditional update: reading just before narrows the window in which somebody else's change could be lost. */
const setTrustPolicy = async (
  iam: Iam,
  roleName: string,
  change: { before?: TrustPolicy; after?: TrustPolicy },
): Promise<void> => {
  const { Role } = await iam.send(new GetRoleCommand({ RoleName: roleName }));
  const present = parseTrustPolicy(Role?.AssumeRolePolicyDocument);
  if (isDeepStrictEqual(present, change.after)) return;
  if (!isDeepStrictEqual(present, change.before))
    throw staleError(`the trust policy of ${roleName}`);
  await iam.send(
    new UpdateAssumeRolePolicyCommand({
      RoleName: roleName,
      PolicyDocument: JSON.stringify(change.after),
    }),
  );
};

/** Makes one change in IAM. */
export async function applyTrustChange(change: TrustChange, iam: Iam): Promise<void> {
  const arn = { OpenIDConnectProviderArn: change.resource };
  switch (change.kind) {
    case 'create-provider':
      if (change.after) await createProvider(iam, change.resource, change.after);
      return;
    case 'add-audiences':
      for (const ClientID of change.after ?? []) {
        await iam.send(new AddClientIDToOpenIDConnectProviderCommand({ ...arn, ClientID }));
      }
      return;
    case 'set-thumbprints':
      await setThumbprints(iam, change.resource, change);
      return;
    case 'tag-provider':
      await iam.send(
        new TagOpenIDConnectProviderCommand({ ...arn, Tags: tagList(change.after ?? {}) }),
      );
      return;
    case 'delete-provider':
      await deleteProvider(iam, change.resource, change.before?.tags);
      return;
    case 'create-role':
      if (change.after) await createRole(iam, change.after);
      return;
    case 'set-trust-policy':
      await setTrustPolicy(iam, change.resource, change);
  }
}
