export { explainPod } from './explain-pod.js';
export type { ExplainPodOptions } from './explain-pod.js';
export { explainWebIdentity } from './explain-web-identity.js';
export type { WebhookServingFact } from './check-webhook.js';
export { findingCatalogue } from './finding-catalogue.js';
export type { CatalogueEntry } from './catalogue-entry.js';
export type { FindingId } from './finding-catalogue.js';
export type {
  ApiServerFact,
  ApiServerFlags,
  BucketFact,
  CallFact,
  Diagnosis,
  DiagnosisFinding,
  FetchFact,
  ProviderFact,
  PublicAccessBlockFact,
  ReplyFact,
  RoleFact,
  StsError,
  WebIdentityFacts,
} from './types.js';
