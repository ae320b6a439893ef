import { createProviderHandle } from './create-provider-handle.js';
import { findWithinDeadline } from './find-within-deadline.js';
import { holdProjectedToken, type FromProjectedTokenOptions } from './hold-projected-token.js';
import { systemNow, systemSetTimer } from './system-ports.js';
import type { WebIdentityProvider } from './types.js';

/**
 * Credentials for the projected service account token of this pod: role and token file from the environment that the webhook
 * injects, one STS call for all clients of the process, refreshed in the background. Fits `credentials:` of every AWS SDK v3 client.
 *
 * The provider rejects with {@link WebIdentityNotConfiguredError} `ERR_WEB_IDENTITY_NOT_CONFIGURED` (the only error that lets a
 * provider chain go on), {@link TokenFileError} `ERR_TOKEN_FILE`, {@link TokenError} `ERR_TOKEN`, {@link AssumeRoleError}
 * `ERR_ASSUME_ROLE`, {@link TimeoutError} `ERR_TIMEOUT`, {@link SettingsError} `ERR_SETTINGS` or {@link ArnError} `ERR_ARN`.
 *
 * @example
 * ```ts
 * import { fromProjectedToken } from 'irsa/credentials';
 * const credentials = fromProjectedToken({ region: 'eu-west-1' }); // new S3Client({ credentials })
 * console.log(credentials.snapshot().status); // empty
 * credentials.close();
 * ```
 * @see {@link https://docs.aws.amazon.com/sdkref/latest/guide/feature-assume-role-credentials.html | AWS SDKs: assume role credential provider}
 */
export function fromProjectedToken(options: FromProjectedTokenOptions = {}): WebIdentityProvider {
  const own = { ...options };
  return createProviderHandle(
    (caller) =>
      findWithinDeadline(
        holdProjectedToken(own, { ...process.env }, caller),
        own.deadlineSeconds ?? 20,
        systemSetTimer,
      ),
    own.on,
    systemNow,
  );
}
