export { oidcProviderArn, parseArn, roleArn } from '../names/arn.js';
export type { Arn, OidcProviderArnOptions, RoleArnOptions } from '../names/arn.js';
export type { Finding } from '../names/finding.js';
export { partitionOf } from '../names/partition.js';
export type { Partition } from '../names/partition.js';
export { buildOidcProvider } from './build-oidc-provider.js';
export type { OidcProviderOptions } from './build-oidc-provider.js';
export { buildTrustPolicy } from './build-trust-policy.js';
export type { TrustPolicyOptions } from './build-trust-policy.js';
export { evaluateTrustPolicy } from './evaluate-trust-policy.js';
export type { TrustRequest } from './evaluate-trust-policy.js';
export { iamLimits } from './limits.js';
export { measureTrustPolicy } from './measure-trust-policy.js';
export type { TrustPolicyMeasure } from './measure-trust-policy.js';
export { parseTrustPolicy } from './parse-trust-policy.js';
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
