import type { Account } from './account.js';
import { AwsFailure } from './aws-failure.js';
import type { AwsReply, Caller, QueryParameters } from './exchange.js';
import { oidcProviderVerbs } from './iam-oidc-providers.js';
import { roleVerbs } from './iam-roles.js';
import type { IamVerb } from './iam-verb.js';
import { xmlDocument } from './xml.js';

const verbs: Readonly<Record<string, IamVerb>> = { ...oidcProviderVerbs, ...roleVerbs };

/** Answers an IAM call; only the administrator may make any. */
export function handleIam(account: Account, parameters: QueryParameters, caller: Caller): AwsReply {
  const action = parameters.get('Action') ?? '';
  if (caller.kind === 'anonymous') {
    throw new AwsFailure(
      'MissingAuthenticationToken',
      'Request is missing Authentication Token',
      403,
    );
  }
  const verb = Object.hasOwn(verbs, action) ? verbs[action] : undefined;
  if (verb === undefined) {
    throw new AwsFailure(
      'InvalidAction',
      `Could not find operation ${action} for version 2010-05-08`,
    );
  }
  if (caller.kind === 'session') {
    throw new AwsFailure(
      'AccessDenied',
      `User: ${caller.session.arn} is not authorized to perform: iam:${action}`,
      403,
    );
  }
  const result = verb(account, parameters);
  return {
    status: 200,
    body: xmlDocument({
      [`${action}Response xmlns="https://iam.amazonaws.com/doc/2010-05-08/"`]: {
        [`${action}Result`]: result,
        ResponseMetadata: { RequestId: account.newId(16) },
      },
    }),
  };
}
