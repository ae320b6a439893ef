export { startWebhookServer } from './start-webhook-server.js';
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
