export { createLineWriter } from './create-line-writer.js';
export { createLogger } from './create-logger.js';
export { parseOptions } from './parse-options.js';
export { runWebhook } from './run-webhook.js';
export { startWebhookServer } from './start-webhook-server.js';
export type { LineWriter } from './create-line-writer.js';
export type { LogFields, Logger, LoggerOptions, LogLevel } from './create-logger.js';
export type { ClusterAccess, LoadClusterAccess } from './kubernetes/types.js';
export type { Command, WebhookOptions } from './parse-options.js';
export type { RunningWebhook, RunWebhookOptions } from './run-webhook.js';
export type {
  CertificatePair,
  CloseOptions,
  FindServiceAccount,
  Live,
  RequestEvent,
  ServerTimeouts,
  TlsOptions,
  WebhookHandlerOptions,
  WebhookServer,
  WebhookServerOptions,
} from './types.js';
