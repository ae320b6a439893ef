import type { Account, Bucket } from './account.js';
import { AwsFailure } from './aws-failure.js';
import { evaluatePolicy, type PolicyQuestion } from './evaluate-policy.js';
import type { Caller } from './exchange.js';

/** The refusal that S3 gives to everybody whom it does not owe a reason. */
export const accessDenied = (): AwsFailure => new AwsFailure('AccessDenied', 'Access Denied', 403);

const listed = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

const principalsOf = (principal: unknown): readonly unknown[] =>
  typeof principal === 'object' && principal !== null && 'AWS' in principal
    ? listed(principal.AWS)
    : principal === '*'
      ? ['*']
      : [];

/** Whether a bucket policy lets everybody in: an Allow for `*` without a condition that narrows it. */
export function isPublicPolicy(document: string): boolean {
  const parsed = JSON.parse(document) as { readonly Statement?: unknown };
  return listed(parsed.Statement).some((statement) => {
    if (typeof statement !== 'object' || statement === null) return false;
    const { Effect, Principal, Condition } = statement as Readonly<Record<string, unknown>>;
    const narrowed =
      /aws:(?:source(?:arn|account|ip|vpc|vpce|orgid)|principal\w+|userid)|s3:\w*accesspoint/i;
    return (
      Effect === 'Allow' &&
      principalsOf(Principal).includes('*') &&
      !narrowed.test(JSON.stringify(Condition ?? {}))
    );
  });
}

/** Refuses what neither the caller's policies nor the bucket's allow. */
export function authorizeS3(
  account: Account,
  caller: Caller,
  request: {
    readonly action: string;
    readonly bucket: Bucket | undefined;
    readonly resource: string;
    readonly context?: Readonly<Record<string, string>>;
  },
): void {
  if (caller.kind === 'administrator') return;
  const question: PolicyQuestion = {
    action: request.action,
    resource: `arn:${account.partition}:s3:::${request.resource}`,
    context: {
      'aws:securetransport': 'true',
      ...(caller.kind === 'session'
        ? {
            'aws:principalarn': roleArnOf(account, caller.session.roleName),
            'aws:userid': caller.session.userId,
            'aws:principalaccount': account.accountId,
          }
        : {}),
      ...request.context,
    },
  };
  const byBucket = bucketVerdict(account, caller, request.bucket, question);
  const bySession =
    caller.kind === 'session' ? sessionVerdict(account, caller.session, question) : 'implicit-deny';
  const denied = byBucket === 'explicit-deny' || bySession === 'explicit-deny';
  if (denied || (byBucket !== 'allow' && bySession !== 'allow')) {
    throw caller.kind === 'session'
      ? new AwsFailure(
          'AccessDenied',
          `User: ${caller.session.arn} is not authorized to perform: ${question.action} on resource: "${question.resource}" because ${denied ? 'of an explicit deny in a policy' : `no identity-based policy allows the ${question.action} action`}`,
          403,
        )
      : accessDenied();
  }
}

const roleArnOf = (account: Account, roleName: string): string =>
  account.roles.get(roleName)?.arn ?? '';

function bucketVerdict(
  account: Account,
  caller: Caller,
  bucket: Bucket | undefined,
  question: PolicyQuestion,
): ReturnType<typeof evaluatePolicy> {
  if (bucket?.policy === undefined) return 'implicit-deny';
  // A public policy stands, but S3 does not honour it for strangers while public access is restricted.
  if (caller.kind === 'anonymous' && bucket.publicAccessBlock?.RestrictPublicBuckets === true)
    return 'implicit-deny';
  const mine =
    caller.kind === 'session'
      ? [
          caller.session.arn,
          roleArnOf(account, caller.session.roleName),
          account.accountId,
          `arn:${account.partition}:iam::${account.accountId}:root`,
        ]
      : [];
  return evaluatePolicy(bucket.policy, {
    ...question,
    matchesPrincipal: (principal) =>
      principalsOf(principal).some((one) => one === '*' || mine.includes(String(one))),
  });
}

function sessionVerdict(
  account: Account,
  session: { readonly roleName: string; readonly policy?: string },
  question: PolicyQuestion,
): ReturnType<typeof evaluatePolicy> {
  const verdicts = [...(account.roles.get(session.roleName)?.policies.values() ?? [])].map(
    (document) => evaluatePolicy(document, question),
  );
  const byRole = verdicts.includes('explicit-deny')
    ? 'explicit-deny'
    : verdicts.includes('allow')
      ? 'allow'
      : 'implicit-deny';
  if (session.policy === undefined || byRole !== 'allow') return byRole;
  return evaluatePolicy(session.policy, question);
}
