import { parseArn } from '../names/arn.js';
import { partitionOf } from '../names/partition.js';
import { makeFault } from './make-finding.js';
import { constraint, stsErrors } from './sts-errors.js';
import type { CallFact, Fault } from './types.js';

const maxTokenLength = 20_000;

/** What STS checks of a call before it looks into the token. */
export function checkCall(call: CallFact, token: string): Fault[] {
  const { roleArn, roleSessionName, durationSeconds, policy, providerId, region } = call;
  const lengthFaults = roleArn === undefined ? [] : checkRoleArnLength(roleArn);
  return [
    ...lengthFaults,
    ...(roleSessionName === undefined ? [] : checkSessionName(roleSessionName)),
    ...checkTokenLength(token),
    ...(durationSeconds === undefined ? [] : checkDuration(durationSeconds)),
    ...(policy !== undefined && policy.length > 2048
      ? [
          makeFault(
            'call-policy-invalid',
            `${String(policy.length)} characters`,
            constraint('policy', policy, 'Member must have length less than or equal to 2048'),
          ),
        ]
      : []),
    ...(roleArn === undefined || lengthFaults.length > 0 ? [] : checkRoleArn(roleArn, region)),
    ...(providerId === undefined
      ? []
      : [
          makeFault(
            'call-provider-id',
            `ProviderId ${providerId}`,
            providerId === 'www.amazon.com' ? stsErrors.loginWithAmazon : stsErrors.accessDenied,
          ),
        ]),
  ];
}

function checkSessionName(name: string): Fault[] {
  const rule =
    name.length < 2
      ? 'Member must have length greater than or equal to 2'
      : name.length > 64
        ? 'Member must have length less than or equal to 64'
        : /^[\w+=,.@-]*$/.test(name)
          ? undefined
          : 'Member must satisfy regular expression pattern: [\\w+=,.@-]*';
  return rule === undefined
    ? []
    : [
        makeFault(
          'call-session-name-invalid',
          `AWS_ROLE_SESSION_NAME ${JSON.stringify(name)}`,
          constraint('roleSessionName', name, rule),
        ),
      ];
}

function checkTokenLength(token: string): Fault[] {
  const rule =
    token.length < 4
      ? 'Member must have length greater than or equal to 4'
      : token.length > maxTokenLength
        ? 'Member must have length less than or equal to 20000'
        : undefined;
  return rule === undefined
    ? []
    : [
        makeFault(
          'token-length',
          `the token has ${String(token.length)} characters`,
          constraint('webIdentityToken', token === '' ? '' : '…', rule),
        ),
      ];
}

function checkDuration(seconds: number): Fault[] {
  const rule =
    seconds < 900
      ? 'Member must have value greater than or equal to 900'
      : seconds > 43_200
        ? 'Member must have value less than or equal to 43200'
        : undefined;
  return rule === undefined
    ? []
    : [
        makeFault(
          'call-duration-invalid',
          `DurationSeconds ${String(seconds)}`,
          constraint('durationSeconds', String(seconds), rule),
        ),
      ];
}

function checkRoleArnLength(roleArn: string): Fault[] {
  const rule =
    roleArn.length < 20
      ? 'Member must have length greater than or equal to 20'
      : roleArn.length > 2048
        ? 'Member must have length less than or equal to 2048'
        : undefined;
  return rule === undefined
    ? []
    : [
        makeFault(
          'call-role-arn-invalid',
          `${JSON.stringify(roleArn)} has ${String(roleArn.length)} characters`,
          constraint('roleArn', roleArn, rule),
        ),
      ];
}

function checkRoleArn(roleArn: string, region: string | undefined): Fault[] {
  // White space is what one does not see.
  const shownArn = /[^\x21-\x7e]/.test(roleArn) ? JSON.stringify(roleArn) : roleArn;
  const refuse = (why: string): Fault[] => [
    makeFault('call-role-arn-invalid', `${shownArn}: ${why}`, stsErrors.requestArn),
  ];
  try {
    const { service, region: arnRegion, partition, resource } = parseArn(roleArn);
    if (service !== 'iam' || arnRegion !== '' || !resource.startsWith('role/')) {
      return refuse('not the ARN of an IAM role');
    }
    if (!/^role\/(?:[\x21-\x7e]*\/)?[\w+=,.@-]{1,64}$/.test(resource)) {
      return refuse('not a role’s name behind role/');
    }
    if (region !== undefined && partitionOf(region) !== partition) {
      return refuse(`partition ${partition}, while STS in ${region} is of ${partitionOf(region)}`);
    }
    return [];
  } catch {
    return refuse('not an ARN');
  }
}
