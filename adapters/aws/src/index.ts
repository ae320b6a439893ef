export { applyIssuerChanges } from './apply-issuer-changes.js';
export { createAwsClients } from './create-aws-clients.js';
export type { ClientOptions } from './create-aws-clients.js';
export { IssuerChangeError } from './issuer-change-error.js';
export { observeIssuer } from './observe-issuer.js';
export type {
  ApplyOptions,
  ApplyResult,
  AwsClients,
  ChangeProgress,
  FetchPublic,
  IssuerTargetOptions,
  ObserveOptions,
} from './types.js';
