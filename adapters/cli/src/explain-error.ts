interface ErrorParts {
  readonly name?: unknown;
  readonly code?: unknown;
  readonly Code?: unknown;
}

/** What to do about errors that come from AWS or the network, by name or code; those of irsa say it themselves. */
const hints: readonly (readonly [RegExp, string])[] = [
  [
    /^CredentialsProviderError$/,
    'log in (aws sso login), name a profile (--profile or AWS_PROFILE), or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY',
  ],
  [
    /^(?:SignatureDoesNotMatch|InvalidAccessKeyId|InvalidClientTokenId|UnrecognizedClientException)$/,
    'AWS does not take these credentials: see what aws sts get-caller-identity says',
  ],
  [/^(?:ExpiredToken|RequestExpired|TokenRefreshRequired)/, 'log in again'],
  [/^RequestTimeTooSkewed$/, 'set the clock of this machine'],
  [
    /^AccessDenied/,
    'give these credentials the permission that the message names, or use others (--profile)',
  ],
  [
    /^(?:ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|TimeoutError)$/,
    'check the network, the proxy variables and AWS_ENDPOINT_URL',
  ],
  [/^(?:ENOTDIR|EISDIR|EACCES|EPERM|EROFS)$/, 'name a folder that you may read and write'],
  [/^(?:ENOSPC|EDQUOT)$/, 'make room on the disk'],
  [
    /CERT|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER/,
    'name the file of its authority in AWS_CA_BUNDLE or NODE_EXTRA_CA_CERTS',
  ],
];

/** The error in one line: what happened, what to do, and its code if it has one of ours. */
export function explainError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code, message } = error as Error & ErrorParts;
  if (typeof code === 'string' && code.startsWith('ERR_')) return `${message} (${code})`;
  const words = namesOf(error);
  const text = message === '' ? (words[0] ?? error.name) : message;
  const hint = hints.find(([pattern]) => words.some((word) => pattern.test(word)))?.[1];
  // One line: what a server says may have several.
  const line = text.replace(/\s*\n\s*/g, ' ');
  return hint === undefined ? line : `${line.replace(/\.$/, '')}; ${hint}`;
}

/** The codes and names of an error; those of what caused it are not asked, its thrower knew better. */
function namesOf(error: ErrorParts): string[] {
  const { code, Code, name } = error;
  return [code, Code, name].filter((word): word is string => typeof word === 'string');
}
