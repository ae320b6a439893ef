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
import { parseTrustPolicy, type IssuerChange, type Tags, type TrustPolicy } from 'irsa/iam';
import { orMissing, readAwsError } from './aws-error.js';
import { staleError } from './issuer-change-error.js';
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

/** Somebody made the same thing since it was observed; planning again sees it. */
const refuseExisting = async (what: string, request: Promise<unknown>): Promise<void> => {
  try {
    await request;
  } catch (error) {
    if (readAwsError(error).name.startsWith('EntityAlreadyExists')) throw staleError(what);
    throw error;
  }
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
    case 'create-provider': {
      const { url, audiences = [], thumbprints = [], tags = {} } = change.after ?? {};
      const request = new CreateOpenIDConnectProviderCommand({
        Url: url,
        ClientIDList: [...audiences],
        // Without thumbprints IAM fetches one itself.
        ...(thumbprints.length === 0 ? {} : { ThumbprintList: [...thumbprints] }),
        Tags: tagList(tags),
      });
      await refuseExisting(change.resource, iam.send(request));
      return;
    }
    case 'add-audiences':
      for (const ClientID of change.after ?? []) {
        await iam.send(new AddClientIDToOpenIDConnectProviderCommand({ ...arn, ClientID }));
      }
      return;
    case 'set-thumbprints':
      await iam.send(
        new UpdateOpenIDConnectProviderThumbprintCommand({
          ...arn,
          ThumbprintList: [...(change.after ?? [])],
        }),
      );
      return;
    case 'tag-provider':
      await iam.send(
        new TagOpenIDConnectProviderCommand({ ...arn, Tags: tagList(change.after ?? {}) }),
      );
      return;
    case 'delete-provider':
      await orMissing(
        iam.send(new DeleteOpenIDConnectProviderCommand(arn)),
        'NoSuchEntity',
        'NoSuchEntityException',
      );
      return;
    case 'create-role': {
      const { roleName, path, trustPolicy, tags = {} } = change.after ?? {};
      const request = new CreateRoleCommand({
        RoleName: roleName,
        Path: path,
        AssumeRolePolicyDocument: JSON.stringify(trustPolicy),
        Tags: tagList(tags),
      });
      await refuseExisting(change.resource, iam.send(request));
      return;
    }
    case 'set-trust-policy':
      await setTrustPolicy(iam, change.resource, change);
  }
}
