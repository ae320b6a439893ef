import { AwsFailure } from './aws-failure.js';

/** A web identity token taken apart; nothing in it is verified yet. */
export interface TokenParts {
  readonly header: { readonly alg: string; readonly kid?: string };
  readonly claims: Readonly<Record<string, unknown>>;
  /** The token without surrounding white space. */
  readonly compact: string;
}

const algorithms = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];

const invalidJwt = (): AwsFailure =>
  new AwsFailure(
    'InvalidIdentityToken',
    'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
  );

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const readJson = (part: string): Readonly<Record<string, unknown>> => {
  try {
    const text = atob(part.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (isRecord(value)) return value;
  } catch {
    // Neither base64url nor JSON: the answer below is the same.
  }
  throw invalidJwt();
};

/** Reads header and claims as STS does before it looks at issuer or signature. */
export function readWebIdentityToken(token: string): TokenParts {
  const compact = token.trim();
  if (!/^[\w-]+\.[\w-]+\.[\w-]*$/.test(compact)) throw invalidJwt();
  const [head = '', body = ''] = compact.split('.');
  const { alg, kid, crit } = readJson(head);
  if (typeof alg !== 'string' || !algorithms.includes(alg) || crit !== undefined)
    throw invalidJwt();
  const claims = readJson(body);
  checkPresence(claims);
  return { header: { alg, ...(typeof kid === 'string' ? { kid } : {}) }, claims, compact };
}

function checkPresence(claims: Readonly<Record<string, unknown>>): void {
  for (const name of ['iss', 'sub', 'aud', 'iat', 'exp']) {
    if (claims[name] === undefined) {
      throw new AwsFailure('InvalidIdentityToken', `Missing a required claim: ${name}`);
    }
  }
  if (claims['sub'] === null) {
    throw new AwsFailure('InternalFailure', 'Unknown error validating third-party token', 500);
  }
  for (const name of ['iat', 'exp', 'nbf']) timestampOf(claims, name);
}

/** A time claim in whole seconds; integers and their text count. Undefined where the claim is absent. */
export function timestampOf(
  claims: Readonly<Record<string, unknown>>,
  name: string,
): number | undefined {
  const value = claims[name];
  if (value === undefined) return undefined;
  const seconds = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isSafeInteger(seconds)) {
    throw new AwsFailure('InvalidIdentityToken', 'Invalid timestamp in token claims.');
  }
  return seconds;
}
