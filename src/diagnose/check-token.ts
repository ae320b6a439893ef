import { isJsonObject, readJson, type JsonObject } from './read-json.js';
import { makeFault } from './make-finding.js';
import { expired, missingClaim, stsErrors } from './sts-errors.js';
import type { Fault } from './types.js';

/** A token taken apart, nothing verified. */
export interface UnverifiedToken {
  readonly header: JsonObject;
  readonly claims: JsonObject;
  /** What is signed, and the signature: for the check only. */
  readonly signingInput: string;
  readonly signature: string;
}

const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];
const toleranceSeconds = 300;

/** Reads a base64url part as a JSON object. */
function readPart(part: string): JsonObject | undefined {
  try {
    const binary = atob(part.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    const value = readJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Takes a token apart; a fault where STS calls it no JWT. */
export function readToken(token: string): UnverifiedToken | Fault {
  const compact = token.trim();
  const notJwt = (evidence: string): Fault =>
    makeFault('token-not-a-jwt', evidence, stsErrors.invalidJwt);
  if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(compact)) {
    const dots = compact.split('.').length - 1;
    return notJwt(
      `${String(compact.length)} characters, ${String(dots)} dots${/\s/.test(compact) ? ', white space inside' : ''}`,
    );
  }
  const [head = '', body = '', signature = ''] = compact.split('.');
  const header = readPart(head);
  if (header === undefined) return notJwt('the first part is not base64url of a JSON object');
  const { alg, crit } = header;
  if (typeof alg !== 'string' || !algorithms.includes(alg)) {
    return makeFault(
      'token-algorithm-unsupported',
      `alg ${JSON.stringify(alg)}`,
      stsErrors.invalidJwt,
    );
  }
  if (crit !== undefined) {
    return makeFault('token-critical-header', `crit ${JSON.stringify(crit)}`, stsErrors.invalidJwt);
  }
  const claims = readPart(body);
  if (claims === undefined) return notJwt('the middle part is not base64url of a JSON object');
  return { header, claims, signature, signingInput: `${head}.${body}` };
}

/** Claims that must be there, and times that must be integers. */
export function checkClaims(claims: JsonObject): Fault[] {
  const missing = ['iss', 'sub', 'aud', 'iat', 'exp'].filter((name) => claims[name] === undefined);
  const odd = ['iat', 'exp', 'nbf'].filter(
    (name) => claims[name] !== undefined && secondsOf(claims[name]) === undefined,
  );
  return [
    ...missing.map((name) =>
      makeFault(
        'token-claim-missing',
        `the token has ${Object.keys(claims).join(', ')}, and no ${name}`,
        missingClaim(name),
      ),
    ),
    ...(claims['sub'] === null
      ? [makeFault('token-subject-null', 'sub is null', stsErrors.subjectNull)]
      : []),
    ...odd.map((name) =>
      makeFault(
        'token-timestamp-invalid',
        `${name} is ${JSON.stringify(claims[name])}`,
        stsErrors.invalidTimestamp,
      ),
    ),
  ];
}

/** Whole seconds, as a number or as its digits. */
export function secondsOf(value: unknown): number | undefined {
  const seconds = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  return typeof seconds === 'number' && Number.isSafeInteger(seconds) ? seconds : undefined;
}

/** Whether the token is too old or too new for STS. */
export function checkTimes(claims: JsonObject, now: Date): Fault[] {
  const seconds = Math.floor(now.getTime() / 1000);
  const expires = secondsOf(claims['exp']);
  const latest = seconds - toleranceSeconds;
  const ended =
    expires !== undefined && latest >= expires
      ? [
          makeFault(
            'token-expired',
            `exp ${isoTime(expires)}, which is ${String(seconds - expires)} s ago`,
            expired(latest, expires),
          ),
        ]
      : [];
  const early = ['iat', 'nbf'].flatMap((name) => {
    const from = secondsOf(claims[name]);
    return from !== undefined && from > seconds + toleranceSeconds
      ? [`${name} ${isoTime(from)}, which is ${String(from - seconds)} s ahead`]
      : [];
  });
  return [
    ...ended,
    ...(early.length === 0
      ? []
      : [makeFault('token-not-yet-valid', early.join('; '), stsErrors.notValidated)]),
  ];
}

const maxDateSeconds = 8_640_000_000_000;
const isoTime = (seconds: number): string =>
  Math.abs(seconds) > maxDateSeconds ? String(seconds) : new Date(seconds * 1000).toISOString();

/** Whether the session tags, where there are any, have the form that STS reads. */
function tagsAreReadable(claims: JsonObject): boolean {
  const tags = claims['https://aws.amazon.com/tags'];
  const principalTags = isJsonObject(tags) ? (tags['principal_tags'] ?? {}) : tags;
  return (
    tags === undefined ||
    (isJsonObject(principalTags) &&
      Object.values(principalTags).every(
        (value) => Array.isArray(value) && value.length === 1 && typeof value[0] === 'string',
      ))
  );
}

/** Whether the token sets session tags, nested or flat, that STS can read. */
export function hasTags(claims: JsonObject): boolean {
  const tags = claims['https://aws.amazon.com/tags'];
  const nested = isJsonObject(tags) ? tags['principal_tags'] : undefined;
  const isTagged =
    (isJsonObject(nested) && Object.keys(nested).length > 0) ||
    Object.keys(claims).some((name) =>
      name.startsWith('https://aws.amazon.com/tags/principal_tags/'),
    );
  return isTagged && tagsAreReadable(claims);
}

/** Session tags and roles that a token may carry for STS. */
export function checkAwsClaims(claims: JsonObject, roleArn: string | undefined): Fault[] {
  const roles = claims['https://aws.amazon.com/roles'];
  const listed: unknown =
    typeof roles === 'string' ? roles.split(';').map((one) => one.trim()) : roles;
  const rolesOk =
    roles === undefined ||
    roles === null ||
    roleArn === undefined ||
    (Array.isArray(listed) && listed.includes(roleArn));
  const tags = JSON.stringify(claims['https://aws.amazon.com/tags']);
  return [
    ...(tagsAreReadable(claims)
      ? []
      : [makeFault('token-tags-invalid', tags, stsErrors.principalTags)]),
    ...(rolesOk
      ? []
      : [makeFault('token-roles-claim', JSON.stringify(roles), stsErrors.notValidated)]),
  ];
}
