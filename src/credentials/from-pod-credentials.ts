import { WebIdentityNotConfiguredError } from '../errors.js';
import { createProviderHandle, type HeldEngine } from './create-provider-handle.js';
import { findWithinDeadline } from './find-within-deadline.js';
import { holdPodIdentity, isPodIdentityConfigured } from './from-pod-identity.js';
import type { FromPodIdentityOptions } from './from-pod-identity.js';
import { holdProjectedToken, type FromProjectedTokenOptions } from './hold-projected-token.js';
import type { Environment } from './resolve-web-identity.js';
import { systemNow, systemSetTimer } from './system-ports.js';
import type { CallerClientConfig, OnCredentialEvent, WebIdentityProvider } from './types.js';

/** Options of {@link fromPodCredentials}. */
export interface FromPodCredentialsOptions {
  readonly projectedToken?: Omit<FromProjectedTokenOptions, 'on'>;
  readonly podIdentity?: Omit<FromPodIdentityOptions, 'on'>;
  readonly on?: OnCredentialEvent;
}

const holdFirstConfigured = async (
  options: FromPodCredentialsOptions,
  env: Environment,
  caller: CallerClientConfig | undefined,
): Promise<HeldEngine> => {
  const { projectedToken = {}, podIdentity = {} } = options;
  try {
    return await holdProjectedToken(projectedToken, env, caller);
  } catch (error) {
    const isAbsent = error instanceof WebIdentityNotConfiguredError && error.tryNextLink;
    // A broken set-up stops here: going on would run the workload as somebody else.
    if (!isAbsent) throw error;
    if (isPodIdentityConfigured(podIdentity, env)) return holdPodIdentity(podIdentity, env);
    throw new WebIdentityNotConfiguredError(
      'pod credentials: expected AWS_ROLE_ARN with AWS_WEB_IDENTITY_TOKEN_FILE, or AWS_CONTAINER_CREDENTIALS_FULL_URI, found neither; annotate or associate the pod’s ServiceAccount and recreate the pod. The role of the node is never used',
      { expected: 'web identity or container credentials', actual: 'neither', cause: error },
    );
  }
};

/**
 * Credentials of this pod, however it is given them: web identity where that is configured, else container credentials, as every
 * SDK orders them. What is configured and broken is an error, and the role of the node is never used.
 *
 * @example
 * ```ts
 * import { fromPodCredentials } from 'irsa/credentials';
 * const credentials = fromPodCredentials(); // new S3Client({ credentials })
 * credentials.close();
 * ```
 * @see {@link https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html | AWS SDKs: credential provider chain}
 */
export function fromPodCredentials(options: FromPodCredentialsOptions = {}): WebIdentityProvider {
  const own = { ...options };
  return createProviderHandle(
    (caller) =>
      findWithinDeadline(
        holdFirstConfigured(own, { ...process.env }, caller),
        own.projectedToken?.deadlineSeconds ?? 20,
        systemSetTimer,
      ),
    own.on,
    systemNow,
  );
}
