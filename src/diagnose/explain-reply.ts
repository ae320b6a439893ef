import { makeFault, shown } from './make-finding.js';
import type { FindingId } from './finding-catalogue.js';
import { textOfClaim } from './check-provider.js';
import { readToken } from './check-token.js';
import type { Fault, ReplyFact, WebIdentityFacts } from './types.js';

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
  [/^No OpenIDConnect provider found/, 'provider-missing'],
  [/^Incorrect token audience/, 'provider-audience-missing'],
  [/^Couldn't retrieve verification key/, 'sts-key-not-retrieved'],
  [/doesn't match configured thumbprint/, 'provider-thumbprint-stale'],
  [/^Token too old/, 'token-too-old'],
  [/^Token signature invalid/, 'token-signature-invalid'],
];

/** What a real reply adds to what the facts predict; nothing where one of the predicted faults says the same. */
export function explainReply(
  facts: WebIdentityFacts,
  reply: ReplyFact,
  predicted: readonly Fault[],
): Fault[] {
  const { code, message = '', status, expiration } = reply;
  const { now } = facts;
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
  if (saysTheSame(predicted, code, message)) return [];
  const byText = byMessage.find(([pattern]) => pattern.test(message))?.[1];
  const id = byText ?? (Object.hasOwn(byCode, code) ? byCode[code] : undefined);
  const sts = { code, message: shown(message) };
  if (id !== undefined) return [makeFault(id, evidence, sts)];
  return code.startsWith('AccessDenied')
    ? [makeFault('sts-denied-unexplained', `${evidence}${demanded(facts)}`, sts)]
    : [makeFault('sts-reply-unexplained', evidence, sts)];
}

/** Whether a predicted fault is what STS speaks of: the first one by its code, another one by its very words. */
function saysTheSame(predicted: readonly Fault[], code: string, message: string): boolean {
  const [first] = predicted.flatMap(({ sts }) => (sts === undefined ? [] : [sts]));
  const special = byMessage.some(([pattern]) => pattern.test(message));
  return (
    (first?.code === code && !special) ||
    predicted.some(({ sts }) => sts?.code === code && sts.message === message)
  );
}

/** What the trust policy would have to say, for those who cannot look at it. */
function demanded({ role, token }: WebIdentityFacts): string {
  const parsed = role === undefined ? readToken(token) : undefined;
  if (parsed === undefined || 'finding' in parsed) return '';
  const { iss, sub, aud } = parsed.claims;
  const hostPath = textOfClaim(iss).replace(/^https:\/\//, '');
  const audience: unknown = Array.isArray(aud) ? aud[0] : aud;
  return `; the role must exist, and its trust policy name oidc-provider/${hostPath} and let in ${hostPath}:sub = ${textOfClaim(sub)}, ${hostPath}:aud = ${textOfClaim(audience)}`;
}
