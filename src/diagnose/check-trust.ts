import { federatedPrincipals, isEverybody, listOf } from '../iam/check-trust-statement.js';
import { evaluateTrustPolicy, type TrustRequest } from '../iam/evaluate-trust-policy.js';
import { matchWildcard, patternOf } from '../iam/match-wildcard.js';
import { parseTrustPolicy } from '../iam/parse-trust-policy.js';
import type { TrustDecision, TrustPolicy, TrustReason, TrustStatement } from '../iam/types.js';
import { parseArn } from '../names/arn.js';
import { providerUrl, textOfClaim } from './check-provider.js';
import { hasTags } from './check-token.js';
import { jsonText, isJsonObject, readJson, type JsonObject } from './read-json.js';
import { makeFault } from './make-finding.js';
import { stsErrors } from './sts-errors.js';
import type { FindingId } from './finding-catalogue.js';
import type { Fault, WebIdentityFacts } from './types.js';

const denied = stsErrors.accessDenied;
/** Far above IAM's 8,192 characters, with all the white space and URL encoding that one may add. */
const maxPolicyLength = 131_072;

/** The role, its trust policy and its limits. */
export function checkTrust(
  facts: WebIdentityFacts,
  claims: JsonObject,
  roleArn: string | undefined,
): Fault[] {
  const { role, call } = facts;
  if (role === undefined)
    return [makeFault('unknown-role', roleArn ?? 'no role ARN is known either')];
  if (role === null) return [makeFault('role-missing', roleArn ?? 'the role', denied)];
  // A role of another account is not this one, and nothing is known of it.
  if (roleArn !== undefined && accountOf(roleArn) !== accountOf(role.arn)) return [];
  if (roleArn !== undefined && roleArn !== role.arn) {
    return [makeFault('role-missing', `${roleArn} was asked for; there is ${role.arn}`, denied)];
  }
  const max = role.maxSessionDurationSeconds ?? 3600;
  const duration = call?.durationSeconds ?? 3600;
  return [
    ...checkTrustPolicy(facts, claims, role.trustPolicy, role.arn),
    ...(duration > max && duration <= 43_200
      ? [
          makeFault(
            'role-max-session',
            `${String(duration)} s asked for, ${String(max)} s allowed`,
            stsErrors.maxSession,
          ),
        ]
      : []),
    ...checkSessionPolicy(call?.policy),
  ];
}

/** The account of an ARN; the ARN itself where it has none. */
const accountOf = (arn: string): string => /^arn:[^:]+:iam::(\d{12}):/.exec(arn)?.[1] ?? arn;

function checkSessionPolicy(policy: string | undefined): Fault[] {
  if (policy === undefined || policy.length > 2048 || readJson(policy) !== undefined) return [];
  return [makeFault('call-policy-invalid', 'not JSON', stsErrors.policyJson)];
}

/** The provider that STS would judge by: the one that is there, or the one that the token needs where that is the one which the policy names. */
function providerArnOf(
  facts: WebIdentityFacts,
  claims: JsonObject,
  roleArn: string,
  { Statement }: TrustPolicy,
): string | undefined {
  const { provider } = facts;
  const needed = arnOfProvider(roleArn, textOfClaim(claims['iss']));
  if (!isJsonObject(provider)) return needed;
  const named = Statement.flatMap(({ Principal }) => federatedPrincipals(Principal));
  return needed !== undefined && named.includes(needed)
    ? needed
    : (provider.arn ?? arnOfProvider(roleArn, providerUrl(provider)));
}

function arnOfProvider(roleArn: string, url: string): string | undefined {
  try {
    const { partition, accountId } = parseArn(roleArn);
    return `arn:${partition}:iam::${accountId}:oidc-provider/${url.slice('https://'.length)}`;
  } catch {
    return undefined;
  }
}

function checkTrustPolicy(
  facts: WebIdentityFacts,
  claims: JsonObject,
  policy: unknown,
  roleArn: string,
): Fault[] {
  const text = typeof policy === 'string' ? policy : jsonText(policy);
  const unreadable = (evidence: string): Fault[] => [
    makeFault('trust-policy-unreadable', evidence, denied),
  ];
  if (text.length > maxPolicyLength)
    return unreadable(`${String(text.length)} characters; IAM keeps at most 8,192`);
  let parsed: TrustPolicy;
  let request: TrustRequest;
  let decision: TrustDecision;
  try {
    parsed = parseTrustPolicy(text);
    const arn = providerArnOf(facts, claims, roleArn, parsed);
    if (arn === undefined) return [];
    request = {
      providerArn: arn,
      claims: judgedClaims(facts, claims),
      now: facts.now,
      context: contextOf(facts, arn),
    };
    decision = evaluateTrustPolicy(parsed, request);
  } catch (error) {
    return unreadable(error instanceof Error ? error.message : String(error));
  }
  const tagFault =
    hasTags(claims) && !allowsTagSession(parsed, request.providerArn)
      ? [makeFault('trust-tag-session', 'the token has https://aws.amazon.com/tags', denied)]
      : [];
  if (decision.allowed) return [...tagFault, ...warningsOf(decision)];
  if (decision.undecided.length > 0) {
    return [makeFault('trust-undecided', decision.undecided.join(', '))];
  }
  return [explainRefusal(decision, claims, { parsed, request })];
}

/** Whether a statement for this provider covers sts:TagSession, and no Deny without conditions takes it away. */
function allowsTagSession({ Statement }: TrustPolicy, providerArn: string): boolean {
  const covering = Statement.filter(({ Principal, NotPrincipal, Action, NotAction }) => {
    const names = (actions: TrustStatement['Action']): boolean =>
      listOf(actions).some((action) =>
        matchWildcard(patternOf(action.toLowerCase()), 'sts:tagsession'),
      );
    const aboutUs = isEverybody(Principal) || federatedPrincipals(Principal).includes(providerArn);
    return (
      (aboutUs || NotPrincipal !== undefined) &&
      (NotAction === undefined ? names(Action) : !names(NotAction))
    );
  });
  return (
    covering.some(({ Effect }) => Effect === 'Allow') &&
    !covering.some(
      ({ Effect, Condition, NotPrincipal }) =>
        Effect === 'Deny' && Condition === undefined && NotPrincipal === undefined,
    )
  );
}

/** A wrong audience or a wrong issuer has been reported: the trust policy is judged as if they were right. */
function judgedClaims(facts: WebIdentityFacts, claims: JsonObject): JsonObject {
  const { azp, aud } = claims;
  const audience: unknown = typeof azp === 'string' ? azp : Array.isArray(aud) ? aud[0] : aud;
  const accepted = facts.provider?.audiences ?? [];
  const judged =
    typeof audience === 'string' && (accepted.length === 0 || accepted.includes(audience))
      ? audience
      : (accepted[0] ?? audience);
  // A token of the wrong audience is judged by the audience that its trust policy was probably written for.
  const usual = 'sts.amazonaws.com';
  const aware = judged !== audience || (Array.isArray(aud) && aud.length > 1) ? usual : judged;
  return { sub: claims['sub'], aud: aware };
}

function contextOf(facts: WebIdentityFacts, providerArn: string): Record<string, string> {
  const account = /::(\d{12}):/.exec(providerArn)?.[1];
  const sessionName = facts.call?.roleSessionName;
  return {
    ...(account === undefined ? {} : { 'aws:PrincipalAccount': account }),
    'aws:PrincipalType': 'User',
    'aws:userid': providerArn,
    ...(sessionName === undefined ? {} : { 'sts:RoleSessionName': sessionName }),
  };
}

function warningsOf(decision: TrustDecision): Fault[] {
  const ids: Readonly<Record<string, FindingId>> = {
    'audience-not-checked': 'trust-without-audience',
    'subject-not-checked': 'trust-without-subject',
    'subject-matches-everything': 'trust-without-subject',
  };
  return decision.findings.flatMap(({ id, evidence }) => {
    const ours = ids[id];
    return ours === undefined ? [] : [makeFault(ours, evidence)];
  });
}

/** The statement that came nearest to letting the token in says why it did not. */
function explainRefusal(
  decision: TrustDecision,
  claims: JsonObject,
  judged: { readonly parsed: TrustPolicy; readonly request: TrustRequest },
): Fault {
  const { reasons } = decision;
  const deny = reasons.find(
    ({ effect, outcome, statement }) =>
      effect === 'Deny' && outcome === 'applies' && statement >= 0,
  );
  if (deny !== undefined) return makeFault('trust-denied', deny.message, denied);
  const allows = reasons.filter(({ effect }) => effect === 'Allow');
  const failed = allows
    .filter(({ element }) => element === 'Condition')
    .map((reason) => ({ reason, distance: distanceOf(reason, claims, judged) }))
    .sort((a, b) => a.distance - b.distance)[0]?.reason;
  if (failed !== undefined) return explainCondition(failed, decision, claims);
  const principal = allows.find(({ element }) => element === 'Principal');
  const action = allows.find(({ element }) => element === 'Action');
  // An Action that does not fit is judged before the Principal: only where no other statement names somebody it is the cause.
  const nearest =
    principal === undefined && action !== undefined ? action : (principal ?? reasons[0]);
  return makeFault(
    nearest?.element === 'Action' ? 'trust-action' : 'trust-principal',
    nearest?.message ?? 'no statement',
    denied,
  );
}

/** How far a statement is from being for this subject: 0 lets it in, and stumbles over something else. */
function distanceOf(
  { statement, expected = [] }: TrustReason,
  claims: JsonObject,
  { parsed, request }: { readonly parsed: TrustPolicy; readonly request: TrustRequest },
): number {
  const whole = parsed.Statement[statement];
  if (whole === undefined) return 3;
  const { Condition, ...rest } = whole;
  const onSubject = Object.entries(Condition ?? {}).flatMap(([operator, block]) => {
    const keys = Object.entries(block).filter(([key]) => /:sub$/i.test(key));
    return keys.length === 0 ? [] : [[operator, Object.fromEntries(keys)] as const];
  });
  const alone: TrustStatement =
    onSubject.length === 0 ? rest : { ...rest, Condition: Object.fromEntries(onSubject) };
  if (evaluateTrustPolicy({ ...parsed, Statement: [alone] }, request).allowed) return 0;
  const subject = textOfClaim(claims['sub']);
  if (expected.some((one) => matchWildcard(patternOf(one), subject))) return 1;
  const [, , namespace, name] = subject.split(':');
  const isNear = expected.some((one) => {
    const [, , otherNamespace, otherName] = one.split(':');
    return otherNamespace === namespace || otherName === name;
  });
  return isNear ? 2 : 3;
}

function explainCondition(reason: TrustReason, decision: TrustDecision, claims: JsonObject): Fault {
  const { key = '', operator = '', expected = [], message } = reason;
  const foreign = decision.findings.find(
    ({ id, evidence }) =>
      (id === 'condition-key-of-another-issuer' || id === 'claim-not-a-condition-key') &&
      evidence.includes(key),
  );
  if (foreign !== undefined)
    return makeFault('trust-condition-key', `${message}; ${foreign.fix}`, denied);
  if (/:sub$/i.test(key))
    return makeFault(subjectFault(operator, expected, claims), message, denied);
  if (/:aud$/i.test(key)) return makeFault('trust-audience', message, denied);
  return makeFault('trust-condition', message, denied);
}

function subjectFault(
  operator: string,
  expected: readonly string[],
  claims: JsonObject,
): FindingId {
  const subject = textOfClaim(claims['sub']);
  if (
    /^String(?:Not)?Equals/i.test(operator) &&
    expected.some((one) => /[*?]/.test(one) && matchWildcard(patternOf(one), subject))
  ) {
    return 'trust-subject-wildcard';
  }
  const [, , namespace, name] = subject.split(':');
  const parts = expected.map((one) => one.split(':'));
  if (parts.some(([, , , otherName]) => otherName === name)) return 'trust-subject-namespace';
  if (parts.some(([, , otherNamespace]) => otherNamespace === namespace))
    return 'trust-subject-name';
  return 'trust-subject';
}
