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
