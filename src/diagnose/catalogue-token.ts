import { entry, type CatalogueEntry } from './catalogue-entry.js';

/** Findings about the call, the token, and STS's own state. */
export type TokenFindingId =
  | 'call-role-arn-invalid'
  | 'call-session-name-invalid'
  | 'call-duration-invalid'
  | 'call-policy-invalid'
  | 'call-provider-id'
  | 'token-length'
  | 'token-not-a-jwt'
  | 'token-algorithm-unsupported'
  | 'token-critical-header'
  | 'token-claim-missing'
  | 'token-subject-null'
  | 'token-timestamp-invalid'
  | 'token-is-api-token'
  | 'token-audience-wrong'
  | 'token-multiple-audiences'
  | 'token-authorized-party-unknown'
  | 'token-expired'
  | 'token-too-old'
  | 'token-not-yet-valid'
  | 'token-without-kid'
  | 'token-signature-invalid'
  | 'token-tags-invalid'
  | 'token-roles-claim'
  | 'sts-throttled'
  | 'sts-region-disabled'
  | 'sts-idp-communication'
  | 'sts-key-not-retrieved'
  | 'sts-idp-rejected-claim'
  | 'sts-packed-policy-too-large'
  | 'sts-unavailable'
  | 'sts-unreachable'
  | 'sts-proxy-page'
  | 'sts-reply-expired'
  | 'sts-denied-unexplained'
  | 'sts-reply-unexplained';

const decode = 'Decode the token’s middle part (`irsa token inspect` does, without its signature).';

/** The entries of {@link TokenFindingId}. */
export const tokenFindings: Readonly<Record<TokenFindingId, CatalogueEntry>> = {
  'call-role-arn-invalid': entry(
    'The role ARN is not that of an IAM role in the partition of this STS endpoint.',
    {
      symptom:
        "ValidationError: Request ARN is invalid · ValidationError: 1 validation error detected: Value '…' at 'roleArn' failed to satisfy constraint: Member must have length greater than or equal to 20",
      see: '`echo $AWS_ROLE_ARN` in the container; compare with `aws iam get-role`.',
      fix: 'Annotate the ServiceAccount with eks.amazonaws.com/role-arn: arn:PARTITION:iam::ACCOUNT:role/NAME, and call STS in the same partition.',
    },
  ),
  'call-session-name-invalid': entry('The role session name does not fit STS’s rules.', {
    symptom:
      "ValidationError: 1 validation error detected: Value '…' at 'roleSessionName' failed to satisfy constraint: …",
    see: '`echo $AWS_ROLE_SESSION_NAME` in the container.',
    fix: 'Use 2 to 64 letters, digits or _+=,.@- as AWS_ROLE_SESSION_NAME.',
  }),
  'call-duration-invalid': entry('The requested duration is outside 900 to 43,200 seconds.', {
    symptom:
      "ValidationError: 1 validation error detected: Value '…' at 'durationSeconds' failed to satisfy constraint: …",
    see: 'Look for durationSeconds in the client’s configuration.',
    fix: 'Ask for 900 to 43,200 seconds, or leave the duration out (3,600).',
  }),
  'call-policy-invalid': entry(
    'The session policy is not a JSON policy of at most 2,048 characters.',
    {
      symptom: 'MalformedPolicyDocument: This policy contains invalid Json',
      see: 'Parse the `Policy` parameter as JSON.',
      fix: 'Correct the session policy, or leave it out.',
    },
  ),
  'call-provider-id': entry('ProviderId is set, and it is for OAuth providers only.', {
    symptom: 'InvalidIdentityToken: Provided Token is not a Login With Amazon token',
    see: 'Look for ProviderId in the client’s configuration.',
    fix: 'Leave ProviderId out: STS finds the provider by the token’s iss.',
  }),
  'token-length': entry(
    'The token is empty, or longer than the 20,000 characters that STS reads.',
    {
      symptom:
        "ValidationError: 1 validation error detected: Value '…' at 'webIdentityToken' failed to satisfy constraint: Member must have length less than or equal to 20000",
      see: '`wc -c $AWS_WEB_IDENTITY_TOKEN_FILE`',
      fix: 'Point AWS_WEB_IDENTITY_TOKEN_FILE at the projected token (/var/run/secrets/eks.amazonaws.com/serviceaccount/token).',
    },
  ),
  'token-not-a-jwt': entry('The token file does not hold one JWT and nothing else.', {
    symptom:
      'InvalidIdentityToken: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
    see: '`tr -cd . < $AWS_WEB_IDENTITY_TOKEN_FILE | wc -c` must print 2.',
    fix: 'Mount the projected service-account token volume; remove any text around the token.',
  }),
  'token-algorithm-unsupported': entry(
    'The token is signed with an algorithm that STS does not verify.',
    {
      symptom:
        'InvalidIdentityToken: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
      see: 'Decode the token’s first part and look at alg.',
      fix: 'Sign with an RSA (RS256) or P-256/P-384/P-521 key: STS takes RS256/384/512 and ES256/384/512.',
    },
  ),
  'token-critical-header': entry('The token’s header has crit, which STS does not take.', {
    symptom:
      'InvalidIdentityToken: The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)',
    see: 'Decode the token’s first part and look for crit.',
    fix: 'Have the external signer leave crit out.',
  }),
  'token-claim-missing': entry('The token lacks a claim that STS requires.', {
    symptom: 'InvalidIdentityToken: Missing a required claim: iss|sub|aud|iat|exp',
    see: decode,
    fix: 'Use a token of the TokenRequest API (a projected volume), which has them all; a legacy Secret token has neither aud nor exp.',
  }),
  'token-subject-null': entry('The token’s sub is null.', {
    symptom: 'InternalFailure: Unknown error validating third-party token',
    see: decode,
    fix: 'Have the issuer put system:serviceaccount:NAMESPACE:NAME into sub.',
  }),
  'token-timestamp-invalid': entry('iat, nbf or exp is not a whole number of seconds.', {
    symptom: 'InvalidIdentityToken: Invalid timestamp in token claims.',
    see: decode,
    fix: 'Have the issuer write times as integers.',
  }),
  'token-is-api-token': entry('This is the token for the Kubernetes API, not the one for AWS.', {
    symptom: 'InvalidIdentityToken: Incorrect token audience',
    see: `${decode} Its aud is the cluster’s own issuer or API server.`,
    fix: 'Point AWS_WEB_IDENTITY_TOKEN_FILE at the volume with audience sts.amazonaws.com, not at /var/run/secrets/kubernetes.io/serviceaccount/token.',
  }),
  'token-audience-wrong': entry(
    'The token was made for an audience that the IAM provider does not accept.',
    {
      symptom: 'InvalidIdentityToken: Incorrect token audience',
      see: `${decode} Compare aud with \`aws iam get-open-id-connect-provider\`, ClientIDList.`,
      fix: 'Ask for the audience sts.amazonaws.com (annotation eks.amazonaws.com/audience, or audience in the projected volume).',
    },
  ),
  'token-multiple-audiences': entry(
    'The token has several audiences, and Kubernetes cannot say which one is meant.',
    {
      symptom:
        'InvalidIdentityToken: Token audience contains more than one audience while authorized party is not present',
      see: decode,
      fix: 'Request one audience: sts.amazonaws.com.',
    },
  ),
  'token-authorized-party-unknown': entry(
    'The token’s azp is not among the provider’s client IDs; where azp is present, aud does not count.',
    {
      symptom:
        'InvalidIdentityToken: The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for requirements.',
      see: decode,
      fix: 'Add the azp value to the provider’s client ID list, or have the issuer leave azp out.',
    },
  ),
  'token-expired': entry('The token has expired.', {
    symptom:
      'ExpiredTokenException: Token expired: current date/time N must be before the expiration date/time M',
    see: `${decode} STS allows 300 s; the N that it prints is its clock less these 300 s.`,
    fix: 'Read the file again before each call; if the file itself is old, look for a subPath mount, a copy of the token, or a kubelet that is down.',
  }),
  'token-too-old': entry('STS says that the token was issued too long ago.', {
    symptom: 'ExpiredTokenException: Token too old: N',
    see: `${decode} Look at iat.`,
    fix: 'Let the kubelet rotate the token: a projected volume renews it at 80 % of its life.',
  }),
  'token-not-yet-valid': entry(
    'The token is from the future: the issuer’s clock and AWS’s are more than 300 s apart.',
    {
      symptom:
        'InvalidIdentityToken: The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for requirements.',
      see: 'Compare `date -u` on the control plane with the Date header of any AWS reply.',
      fix: 'Repair time synchronisation on the control-plane nodes.',
    },
  ),
  'token-without-kid': entry('The token names no key, and the JWKS has several.', {
    symptom:
      "InvalidIdentityToken: Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
    see: 'Decode the token’s first part and look for kid.',
    fix: 'Have the signer set kid; kube-apiserver does.',
  }),
  'token-signature-invalid': entry(
    'The signature is not that of the published key with this kid.',
    {
      symptom:
        'InvalidIdentityToken: The web identity token provided could not be validated. See the AssumeRoleWithWebIdentity documentation for requirements.',
      see: 'Compare the published key with the cluster’s: `kubectl get --raw /openid/v1/jwks`.',
      fix: 'Publish the public key that the API server signs with now; never reuse a kid for another key.',
    },
  ),
  'token-tags-invalid': entry(
    'The claim https://aws.amazon.com/tags does not have the form that STS reads.',
    {
      symptom: 'InvalidIdentityToken: principal_tags passed in claim is not in correct format.',
      see: decode,
      fix: 'Write {"principal_tags": {"KEY": ["VALUE"]}}: each value a list of one text.',
    },
  ),
  'token-roles-claim': entry(
    'The token’s claim https://aws.amazon.com/roles does not list the role.',
    {
      symptom: 'InvalidIdentityToken: (roles claim does not name the role)',
      see: decode,
      fix: 'Name the role’s ARN in the claim, or leave the claim out.',
    },
  ),
  'sts-throttled': entry('STS throttles the account’s or the address’s calls.', {
    symptom: 'Throttling: Rate exceeded',
    see: 'Count AssumeRoleWithWebIdentity events in CloudTrail.',
    fix: 'Share one credential provider between clients (fromProjectedToken does), and spread starts over time.',
  }),
  'sts-region-disabled': entry('STS is switched off in this region for the account.', {
    symptom:
      'RegionDisabledException: STS is not activated in this region for account:…. Your account administrator can activate STS in this region using the IAM Console.',
    see: 'IAM console → Account settings → Security Token Service.',
    fix: 'Activate STS in the region, or set AWS_REGION to one where it is active.',
  }),
  'sts-idp-communication': entry('STS could not reach the issuer.', {
    symptom: 'IDPCommunicationError: (the identity provider could not be reached)',
    see: 'Fetch the discovery document from outside the cluster’s network.',
    fix: 'Retry; if it lasts, make the issuer answer strangers within 5 seconds.',
  }),
  'sts-key-not-retrieved': entry(
    'STS did not get the token’s key from the issuer, although nothing in sight keeps it from it.',
    {
      symptom:
        "InvalidIdentityToken: Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements",
      see: 'Read both documents from another network; compare the token’s kid with the JWKS.',
      fix: 'Where the key was published or the issuer repaired just now, wait ten minutes: STS keeps what it read. Else see that the issuer answers every network within 5 seconds, with no allow-list, geo-block or robot check before it.',
    },
  ),
  'sts-idp-rejected-claim': entry('The identity provider itself rejected the token.', {
    symptom: 'IDPRejectedClaim: …',
    see: 'Read the provider’s text in the message.',
    fix: 'This concerns OAuth providers: check that ProviderId is not set, and use a projected token.',
  }),
  'sts-packed-policy-too-large': entry('Session tags and session policies together are too big.', {
    symptom: 'PackedPolicyTooLarge: Packed size of session tags consumes 112% of allotted space.',
    see: 'Look at the tags claim and the policies passed with the call.',
    fix: 'Pass fewer tags and shorter session policies.',
  }),
  'sts-unavailable': entry('STS itself had a fault.', {
    symptom: 'InternalFailure or ServiceUnavailable',
    see: 'AWS Health Dashboard for STS in the region.',
    fix: 'Retry with backoff.',
  }),
  'sts-unreachable': entry('There was no answer from STS.', {
    symptom: 'ENOTFOUND, ECONNREFUSED, ETIMEDOUT or a time-out of the client',
    see: '`curl -sS https://sts.REGION.amazonaws.com` from the pod.',
    fix: 'Allow egress to the regional STS endpoint, or make an STS VPC endpoint with a security group that lets the pods in.',
  }),
  'sts-proxy-page': entry(
    'Something between the pod and STS answered with a page that is not STS’s.',
    {
      symptom: 'An HTML page, or an error without an AWS code',
      see: '`curl -sS https://sts.REGION.amazonaws.com` from the pod, with and without HTTPS_PROXY.',
      fix: 'Let the proxy pass STS, or list the endpoint in NO_PROXY.',
    },
  ),
  'sts-reply-expired': entry(
    'The credentials that STS handed out are already past their end by this clock.',
    {
      symptom: 'ExpiredToken from the next service that is called',
      see: 'Compare `date -u` in the pod with the Date header of the STS reply.',
      fix: 'Repair the node’s time synchronisation.',
    },
  ),
  'sts-denied-unexplained': entry('STS denied the call although nothing in sight refuses it.', {
    symptom: 'AccessDenied: Not authorized to perform sts:AssumeRoleWithWebIdentity',
    see: 'CloudTrail shows the event with the token’s subject; ask for the organization’s SCPs.',
    fix: 'Wait ten seconds if role or trust policy are new; then look for a service control policy that denies sts:AssumeRoleWithWebIdentity.',
  }),
  'sts-reply-unexplained': entry('STS refused for a reason that these facts do not show.', {
    symptom: 'Any other STS error',
    see: 'Read the code and the message in the evidence.',
    fix: 'Gather more facts: run `irsa doctor` with access to IAM and the cluster.',
  }),
};
