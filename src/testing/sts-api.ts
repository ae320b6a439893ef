import { evaluateTrustPolicy, type TrustRequest } from '../iam/evaluate-trust-policy.js';
import type { TrustDecision } from '../iam/types.js';
import { parseArn } from '../names/arn.js';
import type { Account, Role } from './account.js';
import { AwsFailure } from './aws-failure.js';
import { evaluatePolicy } from './evaluate-policy.js';
import type { AwsReply, Caller, QueryParameters, Session } from './exchange.js';
import { verifyWebIdentity, type VerifiedWebIdentity } from './verify-web-identity.js';
import { xmlDocument, type XmlNode } from './xml.js';

const namespace = 'https://sts.amazonaws.com/doc/2011-06-15/';

/** Answers an STS call. */
export async function handleSts(
  account: Account,
  parameters: QueryParameters,
  caller: Caller,
): Promise<AwsReply> {
  const action = parameters.get('Action') ?? '';
  switch (action) {
    case 'AssumeRoleWithWebIdentity':
      return reply(account, action, await assumeRoleWithWebIdentity(account, parameters));
    case 'GetCallerIdentity':
      return reply(account, action, callerIdentity(account, caller));
    default:
      throw new AwsFailure(
        'InvalidAction',
        `Could not find operation ${action} for version 2011-06-15`,
      );
  }
}

function reply(account: Account, action: string, result: XmlNode): AwsReply {
  return {
    status: 200,
    body: xmlDocument({
      [`${action}Response xmlns="${namespace}"`]: {
        [`${action}Result`]: result,
        ResponseMetadata: { RequestId: account.newId(16) },
      },
    }),
  };
}

function callerIdentity(account: Account, caller: Caller): XmlNode {
  if (caller.kind === 'anonymous') {
    throw new AwsFailure(
      'MissingAuthenticationToken',
      'Request is missing Authentication Token',
      403,
    );
  }
  return caller.kind === 'administrator'
    ? {
        Arn: `arn:${account.partition}:iam::${account.accountId}:root`,
        UserId: account.accountId,
        Account: account.accountId,
      }
    : { Arn: caller.session.arn, UserId: caller.session.userId, Account: account.accountId };
}

async function assumeRoleWithWebIdentity(
  account: Account,
  parameters: QueryParameters,
): Promise<XmlNode> {
  checkParameters(parameters);
  const roleArn = parameters.get('RoleArn') ?? '';
  const durationSeconds = Number(parameters.get('DurationSeconds') ?? 3600);
  const { accountId, roleName } = readRoleArn(roleArn, account.partition);
  checkProviderId(parameters.get('ProviderId'));
  const identity = await verifyWebIdentity(account, parameters.get('WebIdentityToken') ?? '', {
    arn: roleArn,
    accountId,
  });
  const role = account.roles.get(roleName);
  const roleSessionName = parameters.get('RoleSessionName') ?? '';
  if (
    role?.arn !== roleArn ||
    !trusts(account, role, identity, { roleSessionName, durationSeconds })
  ) {
    throw new AwsFailure(
      'AccessDenied',
      'Not authorized to perform sts:AssumeRoleWithWebIdentity',
      403,
    );
  }
  checkRoleLimits(role, durationSeconds, parameters.get('Policy'));
  const session = openSession(account, role, {
    roleSessionName,
    durationSeconds,
    policy: parameters.get('Policy'),
  });
  return {
    SubjectFromWebIdentityToken: identity.subject,
    Audience: identity.audience,
    AssumedRoleUser: { Arn: session.arn, AssumedRoleId: session.userId },
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: session.expiration.toISOString().replace(/\.\d+Z$/, 'Z'),
    },
    Provider: identity.provider.arn,
    PackedPolicySize: parameters.has('Policy') ? 10 : undefined,
  };
}

/** One constraint of the API model: what the value must satisfy, in AWS's words. */
type Constraint = readonly [
  name: string,
  member: string,
  ok: (value: string) => boolean,
  constraint: string,
];

const constraints: readonly Constraint[] = [
  [
    'RoleArn',
    'roleArn',
    (v) => v.length >= 20,
    'Member must have length greater than or equal to 20',
  ],
  [
    'RoleArn',
    'roleArn',
    (v) => v.length <= 2048,
    'Member must have length less than or equal to 2048',
  ],
  [
    'RoleSessionName',
    'roleSessionName',
    (v) => v.length >= 2,
    'Member must have length greater than or equal to 2',
  ],
  [
    'RoleSessionName',
    'roleSessionName',
    (v) => v.length <= 64,
    'Member must have length less than or equal to 64',
  ],
  [
    'RoleSessionName',
    'roleSessionName',
    (v) => /^[\w+=,.@-]*$/.test(v),
    'Member must satisfy regular expression pattern: [\\w+=,.@-]*',
  ],
  [
    'WebIdentityToken',
    'webIdentityToken',
    (v) => v.length >= 4,
    'Member must have length greater than or equal to 4',
  ],
  [
    'WebIdentityToken',
    'webIdentityToken',
    (v) => v.length <= 20_000,
    'Member must have length less than or equal to 20000',
  ],
  [
    'DurationSeconds',
    'durationSeconds',
    (v) => Number(v) >= 900,
    'Member must have value greater than or equal to 900',
  ],
  [
    'DurationSeconds',
    'durationSeconds',
    (v) => Number(v) <= 43_200,
    'Member must have value less than or equal to 43200',
  ],
  [
    'Policy',
    'policy',
    (v) => v.length <= 2048,
    'Member must have length less than or equal to 2048',
  ],
];

function checkParameters(parameters: QueryParameters): void {
  for (const name of ['RoleArn', 'RoleSessionName', 'WebIdentityToken']) {
    if (!parameters.has(name)) {
      const member = name.charAt(0).toLowerCase() + name.slice(1);
      throw new AwsFailure(
        'ValidationError',
        `1 validation error detected: Value null at '${member}' failed to satisfy constraint: Member must not be null`,
      );
    }
  }
  for (const [name, member, ok, constraint] of constraints) {
    const value = parameters.get(name);
    if (value !== undefined && !ok(value)) {
      throw new AwsFailure(
        'ValidationError',
        `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${constraint}`,
      );
    }
  }
}

function readRoleArn(roleArn: string, partition: string): { accountId: string; roleName: string } {
  try {
    const { partition: own, service, region, accountId, resource } = parseArn(roleArn);
    const [, roleName] = /^role\/(?:[\x21-\x7e]*\/)?([\w+=,.@-]{1,64})$/.exec(resource) ?? [];
    const isRole = service === 'iam' && region === '' && own === partition;
    if (isRole && roleName !== undefined) return { accountId, roleName };
  } catch {
    // Not an ARN at all: the same answer.
  }
  throw new AwsFailure('ValidationError', 'Request ARN is invalid');
}

function checkProviderId(providerId: string | undefined): void {
  if (providerId === 'www.amazon.com') {
    throw new AwsFailure('InvalidIdentityToken', 'Provided Token is not a Login With Amazon token');
  }
  if (providerId !== undefined) {
    throw new AwsFailure(
      'AccessDenied',
      'Not authorized to perform sts:AssumeRoleWithWebIdentity',
      403,
    );
  }
}

function trusts(
  account: Account,
  role: Role,
  identity: VerifiedWebIdentity,
  call: { readonly roleSessionName: string; readonly durationSeconds: number },
): boolean {
  const decision = judgeTrustPolicy(role.trustPolicy, {
    providerArn: identity.provider.arn,
    claims: { ...identity.claims, aud: identity.audience },
    now: account.now(),
    context: {
      'aws:PrincipalAccount': account.accountId,
      'aws:PrincipalType': 'User',
      'aws:userid': identity.provider.arn,
      'sts:RoleSessionName': call.roleSessionName,
      'aws:SecureTransport': 'true',
      'aws:SourceIp': '127.0.0.1',
    },
  });
  return (
    decision.allowed &&
    (identity.tags.size === 0 || maySetTags(role.trustPolicy, identity.provider.arn))
  );
}

/** Session tags need sts:TagSession beside the action itself; conditions have been judged with that. */
function maySetTags(trustPolicy: string, providerArn: string): boolean {
  const { Statement } = JSON.parse(trustPolicy) as { readonly Statement: unknown };
  const statements = (Array.isArray(Statement) ? Statement : [Statement]) as readonly {
    readonly Effect: string;
    readonly Condition?: unknown;
  }[];
  const unconditional = statements
    .filter(({ Effect, Condition }) => Effect === 'Allow' || Condition === undefined)
    .map((statement) => ({ ...statement, Condition: undefined, Resource: '*' }));
  const verdict = evaluatePolicy(JSON.stringify({ Statement: unconditional }), {
    action: 'sts:TagSession',
    resource: '*',
    context: {},
    matchesPrincipal: (principal) =>
      principalsOf(principal).some((one) => one === '*' || one === providerArn),
  });
  return verdict === 'allow';
}

const principalsOf = (principal: unknown): readonly unknown[] =>
  typeof principal === 'object' && principal !== null
    ? Object.values(principal).flat()
    : [principal];

/** A document that IAM took and that is no trust policy lets nobody in. */
function judgeTrustPolicy(policy: string, request: TrustRequest): Pick<TrustDecision, 'allowed'> {
  try {
    return evaluateTrustPolicy(policy, request);
  } catch {
    return { allowed: false };
  }
}

function checkRoleLimits(role: Role, durationSeconds: number, policy: string | undefined): void {
  if (durationSeconds > role.maxSessionDurationSeconds) {
    throw new AwsFailure(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  }
  if (policy === undefined) return;
  try {
    JSON.parse(policy);
  } catch {
    throw new AwsFailure('MalformedPolicyDocument', 'This policy contains invalid Json');
  }
}

function openSession(
  account: Account,
  role: Role,
  call: {
    readonly roleSessionName: string;
    readonly durationSeconds: number;
    readonly policy: string | undefined;
  },
): Session {
  const session: Session = {
    accessKeyId: `ASIA${account.newId(16)}`,
    secretAccessKey: account.newId(40),
    sessionToken: account.newId(120),
    expiration: new Date(account.now().getTime() + call.durationSeconds * 1000),
    roleName: role.roleName,
    roleSessionName: call.roleSessionName,
    arn: `arn:${account.partition}:sts::${account.accountId}:assumed-role/${role.roleName}/${call.roleSessionName}`,
    userId: `${role.roleId}:${call.roleSessionName}`,
    ...(call.policy === undefined ? {} : { policy: call.policy }),
  };
  account.sessions.set(session.accessKeyId, session);
  return session;
}
