/**
 * How a failure is treated: `permanent` asks for a human; `ambiguous` is sent both for an outage and for a wrong set-up;
 * `expired-token` heals when the kubelet rotates the file; `access-denied` may be IAM still propagating;
 * `throttling`, `transient` and `network` pass; `unknown` is none of the texts that STS is known to send.
 */
export type StsErrorClass =
  | 'permanent'
  | 'ambiguous'
  | 'expired-token'
  | 'access-denied'
  | 'throttling'
  | 'transient'
  | 'network'
  | 'unknown';

/** One known answer of STS. */
export interface StsErrorRow {
  readonly id: string;
  /** Code on the wire, without the suffix `Exception`. */
  readonly code: string;
  /** What the message holds; left out, the row takes any message of its code. */
  readonly message?: RegExp;
  readonly class: StsErrorClass;
  readonly meaning: string;
  readonly fix: string;
}

const row = (
  id: string,
  code: string,
  message: RegExp | undefined,
  errorClass: StsErrorClass,
  meaning: string,
  fix: string,
): StsErrorRow => ({
  id,
  code,
  ...(message !== undefined && { message }),
  class: errorClass,
  meaning,
  fix,
});

const identityToken = 'InvalidIdentityToken';

/** First match wins: special messages stand before the code's catch-all. */
export const stsErrorRows: readonly StsErrorRow[] = [
  row(
    'provider-not-found',
    identityToken,
    /No OpenIDConnect provider found/i,
    'permanent',
    "The role's account has no IAM OIDC provider for the token's issuer: it is missing, stands for another URL (path and trailing slash count), or in another account or partition.",
    "Create the OIDC provider for exactly the token's iss in the role's account, or correct --service-account-issuer.",
  ),
  row(
    'audience-not-registered',
    identityToken,
    /Incorrect token audience/i,
    'permanent',
    "The token's aud (or azp, if it has one) is not among the client IDs of the IAM OIDC provider.",
    "Add the audience to the provider's client-id list, or request the token for sts.amazonaws.com.",
  ),
  row(
    'several-audiences',
    identityToken,
    /more than one audience/i,
    'permanent',
    'The token has several audiences, and Kubernetes cannot set the azp claim that STS then asks for.',
    'Request the projected token for one audience only.',
  ),
  row(
    'verification-key',
    identityToken,
    /retrieve verification key/i,
    'ambiguous',
    "STS could not get the signing key: discovery document or JWKS unreachable, slow (over 5 s) or with a bad certificate, or the token's kid is not in the JWKS. A key rotated a moment ago looks the same.",
    "Fetch ISSUER/.well-known/openid-configuration and its jwks_uri from outside the cluster and compare the token's kid with the JWKS.",
  ),
  row(
    'thumbprint',
    identityToken,
    /thumbprint/i,
    'permanent',
    "The issuer's https certificate matches none of the thumbprints of the IAM OIDC provider: it was renewed under another CA, or the CA is private.",
    'Update the thumbprint list of the OIDC provider (SHA-1 of the last certificate that the issuer presents).',
  ),
  row(
    'missing-claim',
    identityToken,
    /Missing a required claim/i,
    'permanent',
    'The token lacks a claim that STS requires: iss, sub, aud, iat and exp must all be there.',
    "Use the kubelet's projected token; another issuer must set all five claims.",
  ),
  row(
    'claim-timestamps',
    identityToken,
    /Invalid timestamp/i,
    'permanent',
    'iat, exp or nbf is not a whole number of seconds.',
    'Make the issuer write whole seconds.',
  ),
  row(
    'not-a-jwt',
    identityToken,
    /not a valid JWT/i,
    'permanent',
    'What was sent is no JWT that STS can read: stray text in the file, an opaque legacy token, a crit header, or an algorithm STS does not take.',
    'Check that AWS_WEB_IDENTITY_TOKEN_FILE names a projected token with RS256/384/512 or ES256/384/512.',
  ),
  row(
    'signature-invalid',
    identityToken,
    /signature invalid/i,
    'permanent',
    "The signature does not match the issuer's published key of that kid.",
    'Publish the public half of the key that the API server signs with.',
  ),
  row(
    'could-not-be-validated',
    identityToken,
    /could not be validated/i,
    'permanent',
    'The general refusal: most often a bad signature because the key was replaced under the same kid, an empty or foreign azp, or a JWK that STS does not accept (key_ops, x5c).',
    'Compare the published JWKS with the API server’s key, and publish plain signing keys with kid, alg and use.',
  ),
  row(
    'principal-tags',
    identityToken,
    /principal_tags/i,
    'permanent',
    "The token's https://aws.amazon.com/tags claim is not in the form that STS expects.",
    'Correct the claim at the issuer: principal_tags is an object of arrays of strings.',
  ),
  row(
    'provider-id-sent',
    identityToken,
    /Login With Amazon/i,
    'permanent',
    'A provider ID was sent with an OpenID Connect token; it is only for OAuth 2.0 access tokens.',
    'Leave providerId out.',
  ),
  row(
    'roles-claim',
    identityToken,
    /\broles?\b/i,
    'permanent',
    "The token has a https://aws.amazon.com/roles claim, and the role is not among the claim's roles.",
    'Add the role to the claim at the issuer, or drop the claim.',
  ),
  row(
    'invalid-identity-token',
    identityToken,
    undefined,
    'permanent',
    'STS does not accept the token, for a reason that it words in a new way.',
    "Compare the token's iss, aud and kid with the OIDC provider and the published JWKS.",
  ),
  row(
    'token-too-old',
    'ExpiredToken',
    /too old/i,
    'expired-token',
    "The token's iat lies too far back.",
    'Check that the kubelet still rotates the file (a subPath mount never updates), and that nobody copies the token.',
  ),
  row(
    'token-expired',
    'ExpiredToken',
    undefined,
    'expired-token',
    'The token has expired (STS allows 300 s, and prints its clock minus these): the file is no longer rotated, or was copied.',
    'Check that the token is mounted as a projected volume without subPath, and that the kubelet works.',
  ),
  row(
    'access-denied',
    'AccessDenied',
    undefined,
    'access-denied',
    "The role's trust policy does not let this token in: wrong Principal.Federated, :sub or :aud condition, StringEquals with a wildcard, sts:TagSession missing, an SCP, or the role does not exist (STS does not tell). New roles take some seconds to be seen.",
    "Compare the role's trust policy with the condition keys and values named here.",
  ),
  row(
    'idp-communication',
    'IDPCommunicationError',
    undefined,
    'transient',
    'STS could not reach the identity provider.',
    'It is tried again; if it stays, check that the issuer answers within 5 s from the internet.',
  ),
  row(
    'idp-rejected-claim',
    'IDPRejectedClaim',
    undefined,
    'permanent',
    'The identity provider rejected the token, or it was revoked.',
    'Get a new token from the identity provider.',
  ),
  row(
    'region-disabled',
    'RegionDisabled',
    undefined,
    'permanent',
    "STS is switched off in this region in the role's account, or the region needs opting in.",
    'Activate STS for the region in the IAM console, or set the region option to another one.',
  ),
  row(
    'packed-policy',
    'PackedPolicyTooLarge',
    undefined,
    'permanent',
    'Session policies and session tags together are too large for STS.',
    'Shorten the session policy, use fewer policy ARNs or fewer and shorter tags.',
  ),
  row(
    'malformed-policy',
    'MalformedPolicyDocument',
    undefined,
    'permanent',
    'The session policy is not a valid policy document.',
    'Correct the JSON of the policy option.',
  ),
  row(
    'duration-too-long',
    'ValidationError',
    /DurationSeconds exceeds/i,
    'permanent',
    "durationSeconds is longer than the role's maximum session duration.",
    "Lower durationSeconds, or raise the role's MaxSessionDuration.",
  ),
  row(
    'role-arn-invalid',
    'ValidationError',
    /Request ARN is invalid/i,
    'permanent',
    'The role ARN is misspelt, names an instance profile, or belongs to another partition than this STS endpoint.',
    'Use the ARN as `aws iam get-role` shows it, and a region of the same partition.',
  ),
  row(
    'parameter-invalid',
    'ValidationError',
    undefined,
    'permanent',
    'A parameter of the call breaks a length or pattern rule.',
    'Correct the parameter that the message names.',
  ),
  row(
    'throttling',
    'Throttling',
    undefined,
    'throttling',
    'The account makes too many STS calls in this region.',
    'It is tried again later; share one provider per process, and spread the start of many pods.',
  ),
  row(
    'too-many-requests',
    'TooManyRequests',
    undefined,
    'throttling',
    'The account makes too many STS calls in this region.',
    'It is tried again later; share one provider per process, and spread the start of many pods.',
  ),
  row(
    'internal-failure',
    'InternalFailure',
    undefined,
    'transient',
    'STS failed, or met a token that it cannot handle (seen for sub: null).',
    'It is tried again; if it stays, look at the claims of the token.',
  ),
  row(
    'service-unavailable',
    'ServiceUnavailable',
    undefined,
    'transient',
    'STS is unavailable.',
    'It is tried again.',
  ),
];

/** Codes under which SDKs, proxies and Node report a connection that failed or an answer that is not from STS. */
export const networkCodes: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPROTO',
  'ERR_SOCKET_CONNECTION_TIMEOUT',
  'HPE_INVALID_CONSTANT',
  'HPE_INVALID_HEADER_TOKEN',
  'CERT_HAS_EXPIRED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'TimeoutError',
  'IncompleteAnswer',
  'NetworkingError',
]);
