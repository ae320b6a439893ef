/** The errors that real STS was recorded to give, row by row; the matrix must meet each. */
export const recordedErrors: readonly { readonly code: string; readonly message: RegExp }[] = [
  {
    code: 'InvalidIdentityToken',
    message: /^No OpenIDConnect provider found in your account for https:\/\/\S+$/,
  },
  { code: 'InvalidIdentityToken', message: /^Incorrect token audience$/ },
  {
    code: 'InvalidIdentityToken',
    message:
      /^The web identity token provided could not be validated\. See the AssumeRoleWithWebIdentity documentation for requirements\.$/,
  },
  {
    code: 'InvalidIdentityToken',
    message:
      /^Couldn't retrieve verification key from your identity provider, {2}please reference AssumeRoleWithWebIdentity documentation for requirements$/,
  },
  {
    code: 'InvalidIdentityToken',
    message: /^OpenIDConnect provider's HTTPS certificate doesn't match configured thumbprint$/,
  },
  ...['iss', 'sub', 'aud', 'iat', 'exp'].map((claim) => ({
    code: 'InvalidIdentityToken',
    message: new RegExp(`^Missing a required claim: ${claim}$`),
  })),
  {
    code: 'InvalidIdentityToken',
    message:
      /^Token audience contains more than one audience while authorized party is not present$/,
  },
  { code: 'InvalidIdentityToken', message: /^Invalid timestamp in token claims\.$/ },
  {
    code: 'InvalidIdentityToken',
    message:
      /^The ID Token provided is not a valid JWT\. \(You may see this error if you sent an Access Token\)$/,
  },
  { code: 'InvalidIdentityToken', message: /^Token signature invalid$/ },
  {
    code: 'InvalidIdentityToken',
    message: /^principal_tags passed in claim is not in correct format\.$/,
  },
  { code: 'InvalidIdentityToken', message: /^Provided Token is not a Login With Amazon token$/ },
  {
    code: 'ExpiredTokenException',
    message: /^Token expired: current date\/time \d+ must be before the expiration date\/time \d+$/,
  },
  { code: 'ExpiredTokenException', message: /^Token too old: \d+$/ },
  {
    code: 'AccessDenied',
    message: /^Not authorized to perform sts:AssumeRoleWithWebIdentity$/,
  },
  { code: 'IDPCommunicationError', message: /./ },
  { code: 'IDPRejectedClaim', message: /400 Bad Request$/ },
  { code: 'RegionDisabledException', message: /^STS is not activated in this region for account:/ },
  {
    code: 'PackedPolicyTooLarge',
    message: /^Packed size of session tags consumes \d+% of allotted space\.$/,
  },
  { code: 'MalformedPolicyDocument', message: /./ },
  { code: 'ValidationError', message: /^Request ARN is invalid$/ },
  {
    code: 'ValidationError',
    message: /^The requested DurationSeconds exceeds the MaxSessionDuration set for this role\.$/,
  },
  ...['roleSessionName', 'durationSeconds', 'webIdentityToken', 'roleArn'].map((member) => ({
    code: 'ValidationError',
    message: new RegExp(
      `^1 validation error detected: Value '.*' at '${member}' failed to satisfy constraint: `,
    ),
  })),
  { code: 'Throttling', message: /^Rate exceeded$/ },
  { code: 'InternalFailure', message: /^Unknown error validating third-party token$/ },
  { code: 'ServiceUnavailable', message: /./ },
];
