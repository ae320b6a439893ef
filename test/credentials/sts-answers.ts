/** What real STS is known to answer, verbatim, and how each answer must be understood. */
export interface StsAnswer {
  readonly id: string;
  readonly code: string;
  readonly status: number;
  readonly message: string;
  readonly class: string;
  readonly retryable: boolean;
}

const token = 'InvalidIdentityToken';
const answer = (
  id: string,
  status: number,
  code: string,
  message: string,
  kind: string,
): StsAnswer => ({
  id,
  code,
  status,
  message,
  class: kind,
  retryable: !['permanent', 'access-denied'].includes(kind),
});

export const stsAnswers: readonly StsAnswer[] = [
  answer(
    'provider-not-found',
    400,
    token,
    'No OpenIDConnect provider found in your account for https://oidc.example.com',
    'permanent',
  ),
  answer('audience-not-registered', 400, token, 'Incorrect token audience', 'permanent'),
  answer(
    'could-not-be-validated',
    400,
    token,
    'The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for requirements.',
    'permanent',
  ),
  answer(
    'verification-key',
    400,
    token,
    "Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    'ambiguous',
  ),
  answer(
    'thumbprint',
    400,
    token,
    "OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint",
    'permanent',
  ),
  ...['iss', 'sub', 'aud', 'iat', 'exp'].map((claim) =>
    answer('missing-claim', 400, token, `Missing a required claim: ${claim}`, 'permanent'),
  ),
  answer(
    'several-audiences',
    400,
    token,
    'Token audience contains more than one audience while authorized party is not present',
    'permanent',
  ),
  answer('claim-timestamps', 400, token, 'Invalid timestamp in token claims.', 'permanent'),
  answer(
    'not-a-jwt',
    400,
    token,
    'The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
    'permanent',
  ),
  answer('signature-invalid', 400, token, 'Token signature invalid', 'permanent'),
  answer(
    'principal-tags',
    400,
    token,
    'principal_tags passed in claim is not in correct format.',
    'permanent',
  ),
  answer(
    'provider-id-sent',
    400,
    token,
    'Provided Token is not a Login With Amazon token',
    'permanent',
  ),
  answer(
    'roles-claim',
    400,
    token,
    'The requested role is not among the roles of the token',
    'permanent',
  ),
  answer('invalid-identity-token', 400, token, 'Something new that nobody has seen', 'permanent'),
  answer(
    'token-expired',
    400,
    'ExpiredTokenException',
    'Token expired: current date/time 1795510109 must be before the expiration date/time 1795509809',
    'expired-token',
  ),
  answer('token-too-old', 400, 'ExpiredTokenException', 'Token too old: 441398', 'expired-token'),
  answer(
    'access-denied',
    403,
    'AccessDenied',
    'Not authorized to perform sts:AssumeRoleWithWebIdentity',
    'access-denied',
  ),
  answer(
    'idp-communication',
    400,
    'IDPCommunicationError',
    'The identity provider could not be reached',
    'transient',
  ),
  answer(
    'idp-rejected-claim',
    403,
    'IDPRejectedClaim',
    'graph.facebook.com: Server returned HTTP response code: 400 Bad Request',
    'permanent',
  ),
  answer(
    'region-disabled',
    403,
    'RegionDisabledException',
    'STS is not activated in this region for account:111122223333. Your account administrator can activate STS in this region using the IAM Console.',
    'permanent',
  ),
  answer(
    'packed-policy',
    400,
    'PackedPolicyTooLarge',
    'Packed size of session tags consumes 112% of allotted space.',
    'permanent',
  ),
  answer(
    'malformed-policy',
    400,
    'MalformedPolicyDocument',
    'Syntax errors in policy.',
    'permanent',
  ),
  answer('role-arn-invalid', 400, 'ValidationError', 'Request ARN is invalid', 'permanent'),
  answer(
    'duration-too-long',
    400,
    'ValidationError',
    'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    'permanent',
  ),
  answer(
    'parameter-invalid',
    400,
    'ValidationError',
    "1 validation error detected: Value '…' at 'roleSessionName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\\w+=,.@-]*",
    'permanent',
  ),
  answer('throttling', 400, 'Throttling', 'Rate exceeded', 'throttling'),
  answer(
    'internal-failure',
    500,
    'InternalFailure',
    'Unknown error validating third-party token',
    'transient',
  ),
  answer('service-unavailable', 503, 'ServiceUnavailable', 'Service Unavailable', 'transient'),
];
