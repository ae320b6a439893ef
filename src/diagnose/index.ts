export { explainPod } from './explain-pod.js';
export type { ExplainPodOptions } from './explain-pod.js';
export { explainWebIdentity } from './explain-web-identity.js';
export { findingCatalogue } from './finding-catalogue.js';
export type { CatalogueEntry } from './catalogue-entry.js';
export type { FindingId } from './finding-catalogue.js';
export type {
  CallFact,
  Diagnosis,
  DiagnosisFinding,
  FetchFact,
  ProviderFact,
  ReplyFact,
  RoleFact,
  StsError,
  WebIdentityFacts,
} from './types.js';
