import type { StsError } from './types.js';

const invalid = (message: string): StsError => ({ code: 'InvalidIdentityToken', message });

/** STS's words, as recorded; the two spaces in the second are AWS's. */
export const stsErrors: Readonly<
  Record<
    | 'notValidated'
    | 'noVerificationKey'
    | 'invalidJwt'
    | 'incorrectAudience'
    | 'severalAudiences'
    | 'invalidTimestamp'
    | 'principalTags'
    | 'loginWithAmazon'
    | 'accessDenied'
    | 'requestArn'
    | 'maxSession'
    | 'subjectNull'
    | 'policyJson',
    StsError
  >
> = {
  notValidated: invalid(
    'The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for requirements.',
  ),
  noVerificationKey: invalid(
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
  ),
  invalidJwt: invalid(
    'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
  ),
  incorrectAudience: invalid('Incorrect token audience'),
  severalAudiences: invalid(
    'Token audience contains more than one audience while authorized party is not present',
  ),
  invalidTimestamp: invalid('Invalid timestamp in token claims.'),
  principalTags: invalid('principal_tags passed in claim is not in correct format.'),
  loginWithAmazon: invalid('Provided Token is not a Login With Amazon token'),
  accessDenied: {
    code: 'AccessDenied',
    message: 'Not authorized to perform sts:AssumeRoleWithWebIdentity',
  },
  requestArn: { code: 'ValidationError', message: 'Request ARN is invalid' },
  maxSession: {
    code: 'ValidationError',
    message: 'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
  },
  subjectNull: {
    code: 'InternalFailure',
    message: 'Unknown error validating third-party token',
  },
  policyJson: {
    code: 'MalformedPolicyDocument',
    message: 'This policy contains invalid Json',
  },
};

/** No provider for this issuer in the role's account. */
export const noProvider = (issuer: string): StsError =>
  invalid(`No OpenIDConnect provider found in your account for ${issuer}`);

/** A claim that every token must have. */
export const missingClaim = (claim: string): StsError =>
  invalid(`Missing a required claim: ${claim}`);

/** A parameter against its model; the value of a token is never shown. */
export const constraint = (member: string, value: string, rule: string): StsError => ({
  code: 'ValidationError',
  message: `1 validation error detected: Value '${value}' at '${member}' failed to satisfy constraint: ${rule}`,
});

/** STS compares with its clock less 300 s, and prints that. */
export const expired = (latest: number, expires: number): StsError => ({
  code: 'ExpiredTokenException',
  message: `Token expired: current date/time ${String(latest)} must be before the expiration date/time ${String(expires)}`,
});
