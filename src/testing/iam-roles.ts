import type { Account, Role } from './account.js';
import { AwsFailure } from './aws-failure.js';
import type { IamVerb } from './iam-verb.js';
import {
  isoSeconds,
  mergeTags,
  pageOf,
  renderTags,
  required,
  tagsOf,
  withoutTags,
} from './iam-parameters.js';
import type { QueryParameters } from './exchange.js';
import type { XmlNode } from './xml.js';

/** IAM's default quota for a role's trust policy; white space does not count. */
const maxTrustPolicyLength = 2048;
const maxInlinePolicyLength = 10_240;

const findRole = (account: Account, parameters: QueryParameters): Role => {
  const name = required(parameters, 'RoleName');
  const role = account.roles.get(name);
  if (role === undefined) {
    throw new AwsFailure('NoSuchEntity', `The role with name ${name} cannot be found.`, 404);
  }
  return role;
};

const checkPolicy = (document: string, what: string): void => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(document);
  } catch {
    throw new AwsFailure('MalformedPolicyDocument', 'This policy contains invalid Json');
  }
  const statements: unknown =
    typeof parsed === 'object' && parsed !== null && 'Statement' in parsed
      ? parsed.Statement
      : undefined;
  if (typeof statements !== 'object' || statements === null) {
    throw new AwsFailure('MalformedPolicyDocument', `Syntax errors in ${what}.`);
  }
};

const checkTrustPolicy = (document: string): void => {
  checkPolicy(document, 'policy');
  if (document.replace(/\s/g, '').length > maxTrustPolicyLength) {
    throw new AwsFailure(
      'LimitExceeded',
      `Cannot exceed quota for ACLSizePerRole: ${String(maxTrustPolicyLength)}`,
      409,
    );
  }
};

const render = (role: Role): XmlNode => ({
  Path: role.path,
  RoleName: role.roleName,
  RoleId: role.roleId,
  Arn: role.arn,
  CreateDate: isoSeconds(role.createdAt),
  AssumeRolePolicyDocument: encodeURIComponent(role.trustPolicy),
  Description: role.description,
  MaxSessionDuration: role.maxSessionDurationSeconds,
  Tags: role.tags.size === 0 ? undefined : renderTags(role.tags),
});

const set = (account: Account, role: Role): XmlNode => {
  account.roles.set(role.roleName, role);
  return undefined;
};

const create: IamVerb = (account, parameters) => {
  const roleName = required(parameters, 'RoleName');
  if (!/^[\w+=,.@-]{1,64}$/.test(roleName)) {
    throw new AwsFailure(
      'ValidationError',
      'The specified value for roleName is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-',
    );
  }
  const trustPolicy = required(parameters, 'AssumeRolePolicyDocument');
  checkTrustPolicy(trustPolicy);
  if (account.roles.has(roleName)) {
    throw new AwsFailure('EntityAlreadyExists', `Role with name ${roleName} already exists.`, 409);
  }
  const maxSessionDurationSeconds = Number(parameters.get('MaxSessionDuration') ?? 3600);
  if (!(maxSessionDurationSeconds >= 3600 && maxSessionDurationSeconds <= 43_200)) {
    throw new AwsFailure(
      'ValidationError',
      `1 validation error detected: Value '${String(maxSessionDurationSeconds)}' at 'maxSessionDuration' failed to satisfy constraint: Member must have value between 3600 and 43200`,
    );
  }
  const path = parameters.get('Path') ?? '/';
  const role: Role = {
    arn: `arn:${account.partition}:iam::${account.accountId}:role${path}${roleName}`,
    roleId: `AROA${account.newId(17)}`,
    roleName,
    path,
    description: parameters.get('Description'),
    trustPolicy,
    maxSessionDurationSeconds,
    tags: mergeTags(new Map(), tagsOf(parameters)),
    policies: new Map(),
    createdAt: account.now(),
  };
  set(account, role);
  return { Role: render(role) };
};

const remove: IamVerb = (account, parameters) => {
  const role = findRole(account, parameters);
  if (role.policies.size > 0) {
    throw new AwsFailure(
      'DeleteConflict',
      'Cannot delete entity, must delete policies first.',
      409,
    );
  }
  account.roles.delete(role.roleName);
  return undefined;
};

const findPolicy = (role: Role, name: string): string => {
  const document = role.policies.get(name);
  if (document === undefined) {
    throw new AwsFailure('NoSuchEntity', `The role policy with name ${name} cannot be found.`, 404);
  }
  return document;
};

/** The verbs of roles and their inline policies. */
export const roleVerbs: Readonly<Record<string, IamVerb>> = {
  CreateRole: create,
  GetRole: (account, parameters) => ({ Role: render(findRole(account, parameters)) }),
  ListRoles: (account, parameters) => {
    const prefix = parameters.get('PathPrefix') ?? '/';
    const { items, tail } = pageOf(
      [...account.roles.values()].filter((role) => role.path.startsWith(prefix)),
      parameters,
    );
    return { Roles: { member: items.map(render) }, ...tail };
  },
  DeleteRole: remove,
  UpdateAssumeRolePolicy: (account, parameters) => {
    const role = findRole(account, parameters);
    const trustPolicy = required(parameters, 'PolicyDocument');
    checkTrustPolicy(trustPolicy);
    return set(account, { ...role, trustPolicy });
  },
  UpdateRole: (account, parameters) => {
    const role = findRole(account, parameters);
    return set(account, {
      ...role,
      description: parameters.get('Description') ?? role.description,
      maxSessionDurationSeconds: Number(
        parameters.get('MaxSessionDuration') ?? role.maxSessionDurationSeconds,
      ),
    });
  },
  TagRole: (account, parameters) => {
    const role = findRole(account, parameters);
    return set(account, { ...role, tags: mergeTags(role.tags, tagsOf(parameters)) });
  },
  UntagRole: (account, parameters) => {
    const role = findRole(account, parameters);
    return set(account, { ...role, tags: withoutTags(role.tags, parameters) });
  },
  ListRoleTags: (account, parameters) => ({
    Tags: renderTags(findRole(account, parameters).tags),
    IsTruncated: false,
  }),
  PutRolePolicy: (account, parameters) => {
    const role = findRole(account, parameters);
    const name = required(parameters, 'PolicyName');
    const document = required(parameters, 'PolicyDocument');
    checkPolicy(document, 'policy');
    const policies = new Map([...role.policies, [name, document]]);
    const length = [...policies.values()].join('').replace(/\s/g, '').length;
    if (length > maxInlinePolicyLength) {
      throw new AwsFailure(
        'LimitExceeded',
        `Maximum policy size of ${String(maxInlinePolicyLength)} bytes exceeded for role ${role.roleName}`,
        409,
      );
    }
    return set(account, { ...role, policies });
  },
  GetRolePolicy: (account, parameters) => {
    const role = findRole(account, parameters);
    const PolicyName = required(parameters, 'PolicyName');
    return {
      RoleName: role.roleName,
      PolicyName,
      PolicyDocument: encodeURIComponent(findPolicy(role, PolicyName)),
    };
  },
  ListRolePolicies: (account, parameters) => {
    const { items, tail } = pageOf([...findRole(account, parameters).policies.keys()], parameters);
    return { PolicyNames: { member: items }, ...tail };
  },
  DeleteRolePolicy: (account, parameters) => {
    const role = findRole(account, parameters);
    const name = required(parameters, 'PolicyName');
    findPolicy(role, name);
    return set(account, {
      ...role,
      policies: new Map([...role.policies].filter(([key]) => key !== name)),
    });
  },
  ListAttachedRolePolicies: (account, parameters) => {
    findRole(account, parameters);
    return { AttachedPolicies: {}, IsTruncated: false };
  },
  ListInstanceProfilesForRole: (account, parameters) => {
    findRole(account, parameters);
    return { InstanceProfiles: {}, IsTruncated: false };
  },
};
