export { oidcProviderArn, parseArn, roleArn } from '../names/arn.js';
export type { Arn, OidcProviderArnOptions, RoleArnOptions } from '../names/arn.js';
export { partitionOf } from '../names/partition.js';
export type { Partition } from '../names/partition.js';
