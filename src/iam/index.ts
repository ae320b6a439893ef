export { oidcProviderArn, parseArn, roleArn } from '../names/arn.js';
export type { Arn, OidcProviderArnOptions, RoleArnOptions } from '../names/arn.js';
export type { Finding } from '../names/finding.js';
export { factsOfPartition, partitionOf } from '../names/partition.js';
export type { Partition, PartitionFacts } from '../names/partition.js';
export { bindServiceAccounts, unbindServiceAccounts } from './bind-service-accounts.js';
export type { UnbindOptions } from './bind-service-accounts.js';
export { buildIssuerBucketPolicy } from './build-issuer-bucket-policy.js';
export type {
  BucketPolicy,
  BucketStatement,
  IssuerBucketPolicyOptions,
} from './build-issuer-bucket-policy.js';
export { buildIssuerDistribution } from './build-issuer-distribution.js';
export type {
  CachePolicySpec,
  DistributionSpec,
  IssuerDistribution,
  IssuerDistributionOptions,
  OriginAccessControlSpec,
} from './build-issuer-distribution.js';
export { buildOidcProvider } from './build-oidc-provider.js';
export type { OidcProviderOptions } from './build-oidc-provider.js';
export { buildTrustPolicy } from './build-trust-policy.js';
export type { TrustPolicyOptions } from './build-trust-policy.js';
export { certificateThumbprint } from './certificate-thumbprint.js';
export { checkTeardown } from './check-teardown.js';
export { checkTrustPolicy } from './check-trust-policy.js';
export { evaluateTrustPolicy } from './evaluate-trust-policy.js';
export type { TrustRequest } from './evaluate-trust-policy.js';
export { issuerBucketSettings } from './issuer-bucket-settings.js';
export type { IssuerBucketSettings, PublicAccessBlock } from './issuer-bucket-settings.js';
export { iamLimits } from './limits.js';
export { measureTrustPolicy } from './measure-trust-policy.js';
export type { TrustPolicyMeasure } from './measure-trust-policy.js';
export { parseTrustPolicy } from './parse-trust-policy.js';
export { pendingReferences } from './plan-distribution.js';
export { planIssuer } from './plan-issuer.js';
export type {
  BucketFeature,
  IssuerChange,
  IssuerChangeKind,
  IssuerObject,
  IssuerRoleSpec,
  IssuerSpec,
  IssuerTarget,
  ObservedBucket,
  ObservedCloudFront,
  ObservedDistribution,
  ObservedIssuer,
  ObservedObject,
  ObservedProvider,
  ObservedRole,
  PlannedDistribution,
  PlannedRole,
  Tags,
} from './plan-types.js';
export { ownershipTag } from './resolve-issuer-spec.js';
export type {
  ConditionBlock,
  ConditionValue,
  OidcProviderSpec,
  OneOrMany,
  PrincipalElement,
  ServiceAccountPattern,
  TrustBinding,
  TrustDecision,
  TrustPolicy,
  TrustReason,
  TrustStatement,
} from './types.js';
