export { mintServiceAccountToken } from './mint-service-account-token.js';
export type { ServiceAccountTokenOptions } from './mint-service-account-token.js';
export { startLocalAws } from './start-local-aws.js';
export { startLocalIrsa } from './start-local-irsa.js';
export type { LocalIrsa, LocalIrsaOptions } from './start-local-irsa.js';
export { startLocalIssuer } from './start-local-issuer.js';
export type {
  AccessKeys,
  FaultScope,
  FetchDocument,
  FetchedDocument,
  LocalAws,
  LocalAwsFault,
  LocalAwsOptions,
  LocalIssuer,
  LocalIssuerFault,
  LocalIssuerOptions,
  LocalOidcProvider,
  LocalRole,
  LoggedRequest,
  TlsIdentity,
} from './types.js';
