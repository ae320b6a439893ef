import { checkAwsClaims, checkClaims, checkTimes, readToken } from './check-token.js';
import { checkCall } from './check-call.js';
import { explainWrongIssuer } from './check-api-server.js';
import { checkIssuer, type IssuerCheck } from './check-issuer.js';
import { checkProvider, textOfClaim } from './check-provider.js';
import { checkSignature } from './check-signature.js';
import { checkTrust } from './check-trust.js';
import { concludeDiagnosis, shown } from './make-finding.js';
import { explainReply } from './explain-reply.js';
import type { FindingId } from './finding-catalogue.js';
import type { Diagnosis, Fault, WebIdentityFacts } from './types.js';

/**
 * Says what STS would answer to a token, and why: it goes through STS's checks one by one with the facts that it is given.
 *
 * A fact that is missing leaves its step open and is named; malformed or hostile facts become findings. Nothing is thrown for
 * them, and no finding shows a token's signature.
 *
 * @example
 * ```ts
 * import { explainWebIdentity } from 'irsa/diagnose';
 * const { verdict, findings } = await explainWebIdentity({ token: 'hello', now: new Date() });
 * console.log(verdict, findings[0]?.id); // refused token-not-a-jwt
 * ```
 * @see {@link https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html | STS: AssumeRoleWithWebIdentity}
 */
export async function explainWebIdentity(facts: WebIdentityFacts): Promise<Diagnosis> {
  const faults = await predict(facts);
  const { reply } = facts;
  if (reply === undefined) return concludeDiagnosis(faults);
  const told = explainReply(facts, reply, faults);
  const accepted = reply.status === 200 && (reply.expiration ?? facts.now) > facts.now;
  // Whom STS takes, it has looked at: what could not be seen from here is no open question then.
  const open = accepted ? faults.filter(({ finding }) => !isUnseen(finding.id)) : faults;
  // What STS said stands first: it is a fact, the prediction is not.
  const { verdict, findings, stsError } = concludeDiagnosis([...told, ...open]);
  const { code, message = '' } = reply;
  const answered = code === undefined ? stsError : { code, message: shown(message) };
  return {
    verdict: accepted && verdict === 'unknown' ? 'ok' : verdict,
    findings,
    ...(answered === undefined ? {} : { stsError: answered }),
  };
}

const isUnseen = (id: FindingId): boolean => id.startsWith('unknown-');

async function predict(facts: WebIdentityFacts): Promise<Fault[]> {
  const { call = {}, role, now } = facts;
  const token = typeof facts.token === 'string' ? facts.token : '';
  const callFaults = checkCall(call, token);
  // STS looks no further into a token of this length, and neither do we.
  if (callFaults.some(({ finding }) => finding.id === 'token-length')) return callFaults;
  const parsed = readToken(token);
  if ('finding' in parsed) return [...callFaults, parsed];
  const { claims, header } = parsed;
  const claimFaults = checkClaims(claims);
  if (claims['iss'] === undefined || claims['aud'] === undefined)
    return [...callFaults, ...claimFaults];
  // An ARN that STS does not read asks for no role: what is known of the role is judged by itself.
  const arnIsRead = !callFaults.some(({ finding }) => finding.id === 'call-role-arn-invalid');
  const roleArn = (arnIsRead ? call.roleArn : undefined) ?? role?.arn;
  const roleAccountId = /^arn:[^:]+:iam::(\d{12}):/.exec(roleArn ?? '')?.[1];
  const iss = textOfClaim(claims['iss']);
  const wrongIssuer = explainWrongIssuer(facts, iss);
  const provider = checkProvider(claims, facts.provider, roleAccountId);
  // The documents of an issuer that is the wrong one are nobody's fault.
  const issuer: IssuerCheck =
    wrongIssuer === undefined ? checkIssuer(facts, iss, header) : { faults: [] };
  return [
    ...callFaults,
    ...claimFaults,
    ...(wrongIssuer === undefined
      ? provider
      : [wrongIssuer.fault, ...provider.filter(({ finding }) => !followsFromIssuer(finding.id))]),
    ...checkTimes(claims, now),
    ...issuer.faults,
    ...(issuer.key === undefined ? [] : await checkSignature(parsed, issuer.key)),
    ...checkAwsClaims(claims, roleArn),
    // No role is missing where none was asked for.
    ...(claims['sub'] === undefined || claims['sub'] === null || (!arnIsRead && role === null)
      ? []
      : checkTrust(
          wrongIssuer?.expected === undefined
            ? facts
            : { ...facts, provider: { url: wrongIssuer.expected, audiences: [] } },
          claims,
          roleArn,
        )),
  ];
}

const followsFromIssuer = (id: FindingId): boolean =>
  id === 'provider-missing' || id === 'provider-other-issuer';
