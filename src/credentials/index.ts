export { AssumeRoleError } from './assume-role-error.js';
export { createWebIdentityProvider } from './create-web-identity-provider.js';
export type { WebIdentityProviderOptions } from './create-web-identity-provider.js';
export { decodeUnverifiedToken } from './decode-unverified-token.js';
export type { UnverifiedToken } from './decode-unverified-token.js';
export { explainStsError } from './explain-sts-error.js';
export type {
  ExpectedTrust,
  ExplainStsErrorOptions,
  StsErrorExplanation,
} from './explain-sts-error.js';
export { fromProjectedToken } from './from-projected-token.js';
export type { FromProjectedTokenOptions } from './hold-projected-token.js';
export type { ChainedRole } from './hold-chained-role.js';
export { fromPodCredentials } from './from-pod-credentials.js';
export type { FromPodCredentialsOptions } from './from-pod-credentials.js';
export { fromPodIdentity } from './from-pod-identity.js';
export type { FromPodIdentityOptions } from './from-pod-identity.js';
export { invalidateOnRejection } from './invalidate-on-rejection.js';
export type { ClientPlugin, MiddlewareStackLike } from './invalidate-on-rejection.js';
export { refreshPolicies } from './refresh-policies.js';
export type { RefreshPolicy } from './refresh-policies.js';
export type { StsClientLike } from './assume-role-with-sts.js';
export type { StsErrorClass } from './sts-error-rows.js';
export type {
  AbortSignalLike,
  AssumedRole,
  AssumeRoleInput,
  AssumeRoleWithWebIdentity,
  AwsCredentialIdentity,
  CallerClientConfig,
  CredentialEvent,
  CredentialSnapshot,
  IdentityProperties,
  Now,
  OnCredentialEvent,
  Random,
  ReadServerDate,
  ReadToken,
  SetTimer,
  WebIdentityProvider,
} from './types.js';
