import {
  GetOpenIDConnectProviderCommand,
  GetRoleCommand,
  ListRolesCommand,
  type Tag,
} from '@aws-sdk/client-iam';
import type { IssuerSpec, ObservedProvider, ObservedRole, Tags } from 'irsa/iam';
import { orMissing } from './aws-error.js';
import type { AwsClients } from './types.js';

const notThere = ['NoSuchEntity', 'NoSuchEntityException'];

/** Tags as IAM lists them, as a record. */
export const tagsOf = (tags: readonly Tag[] | undefined): Tags =>
  Object.fromEntries((tags ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? '']));

/** The IAM OIDC provider as it is; undefined when there is none. */
export async function observeProvider(
  iam: AwsClients['iam'],
  arn: string,
): Promise<ObservedProvider | undefined> {
  const found = await orMissing(
    iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn: arn })),
    ...notThere,
  );
  if (found === undefined) return undefined;
  return {
    arn,
    audiences: found.ClientIDList ?? [],
    thumbprints: found.ThumbprintList ?? [],
    tags: tagsOf(found.Tags),
  };
}

/** Every role of the account whose trust policy names the provider: a teardown must not miss one. */
const rolesThatTrust = async (
  iam: AwsClients['iam'],
  providerArn: string,
): Promise<ObservedRole[]> => {
  const roles: ObservedRole[] = [];
  let Marker: string | undefined;
  do {
    const page = await iam.send(new ListRolesCommand({ Marker, MaxItems: 1000 }));
    for (const { RoleName, AssumeRolePolicyDocument } of page.Roles ?? []) {
      if (RoleName === undefined || AssumeRolePolicyDocument === undefined) continue;
      if (!decodeURIComponent(AssumeRolePolicyDocument).includes(providerArn)) continue;
      roles.push({ roleName: RoleName, tags: {}, trustPolicy: AssumeRolePolicyDocument });
    }
    Marker = page.IsTruncated === true ? page.Marker : undefined;
  } while (Marker !== undefined);
  return roles;
};

/** The roles that matter: those of the spec, or for a teardown all that trust the provider. */
export async function observeRoles(
  iam: AwsClients['iam'],
  spec: IssuerSpec,
  providerArn: string,
): Promise<ObservedRole[]> {
  if (spec.state === 'absent') return rolesThatTrust(iam, providerArn);
  const roles: ObservedRole[] = [];
  for (const { roleName } of spec.roles ?? []) {
    const found = await orMissing(
      iam.send(new GetRoleCommand({ RoleName: roleName })),
      ...notThere,
    );
    const document = found?.Role?.AssumeRolePolicyDocument;
    if (document === undefined) continue;
    roles.push({ roleName, tags: tagsOf(found?.Role?.Tags), trustPolicy: document });
  }
  return roles;
}
