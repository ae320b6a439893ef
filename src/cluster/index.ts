export { apiServerSettings } from './api-server-settings.js';
export type { ApiServerSettingsOptions } from './api-server-settings.js';
export { renderApiServerSettings } from './render-api-server-settings.js';
export type { RenderApiServerSettingsOptions } from './render-api-server-settings.js';
export { manifestsToYaml } from './write-yaml.js';
export type {
  ApiServerSettings,
  ApiServerTarget,
  ConfigFile,
  Flag,
  JsonValue,
  KubernetesObject,
} from './types.js';
export { issuerDiscoveryBinding } from './issuer-discovery-binding.js';
export type { IssuerDiscoveryBindingOptions } from './issuer-discovery-binding.js';
export { s3EchoerJob } from './s3-echoer-job.js';
export type { S3EchoerJobOptions } from './s3-echoer-job.js';
export { serviceAccountManifest } from './service-account-manifest.js';
export type { ServiceAccountManifestOptions } from './service-account-manifest.js';
export { webhookManifests } from './webhook-manifests.js';
export type { WebhookManifestsOptions } from './webhook-settings.js';
