import { makeFault } from './make-finding.js';
import type { FindingId } from './finding-catalogue.js';
import type { Fault, ReplyFact } from './types.js';

/** Codes whose cause is on STS's side or on the way, and that no fact about the set-up predicts. */
const byCode: Readonly<Record<string, FindingId>> = {
  Throttling: 'sts-throttled',
  ThrottlingException: 'sts-throttled',
  TooManyRequestsException: 'sts-throttled',
  RequestLimitExceeded: 'sts-throttled',
  RegionDisabledException: 'sts-region-disabled',
  IDPCommunicationError: 'sts-idp-communication',
  IDPCommunicationErrorException: 'sts-idp-communication',
  IDPRejectedClaim: 'sts-idp-rejected-claim',
  IDPRejectedClaimException: 'sts-idp-rejected-claim',
  PackedPolicyTooLarge: 'sts-packed-policy-too-large',
  PackedPolicyTooLargeException: 'sts-packed-policy-too-large',
  MalformedPolicyDocument: 'call-policy-invalid',
  InternalFailure: 'sts-unavailable',
  ServiceUnavailable: 'sts-unavailable',
};

const byMessage: readonly (readonly [RegExp, FindingId])[] = [
  [/doesn't match configured thumbprint/, 'provider-thumbprint-stale'],
  [/^Token too old/, 'token-too-old'],
  [/^Token signature invalid/, 'token-signature-invalid'],
];

/** What a real reply adds to what the facts predict; nothing where the prediction says the same. */
export function explainReply(reply: ReplyFact, now: Date, predicted: string | undefined): Fault[] {
  const { code, message = '', status, expiration } = reply;
  const evidence = `STS answered ${String(status ?? '')} ${code ?? ''}: ${message}`.trim();
  if (expiration !== undefined && expiration <= now) {
    return [
      makeFault(
        'sts-reply-expired',
        `the credentials end ${expiration.toISOString()}, it is ${now.toISOString()}`,
      ),
    ];
  }
  if (code === undefined) {
    if (status === undefined) return message === '' ? [] : [makeFault('sts-unreachable', message)];
    return status === 200
      ? []
      : [makeFault('sts-proxy-page', `HTTP ${String(status)} without an AWS error code`)];
  }
  const byText = byMessage.find(([pattern]) => pattern.test(message))?.[1];
  const id = byText ?? (Object.hasOwn(byCode, code) ? byCode[code] : undefined);
  const sts = { code, message };
  if (predicted === code && byText === undefined) return [];
  if (id !== undefined) return [makeFault(id, evidence, sts)];
  return [
    makeFault(
      code.startsWith('AccessDenied') ? 'sts-denied-unexplained' : 'sts-reply-unexplained',
      evidence,
      sts,
    ),
  ];
}
