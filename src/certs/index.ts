export { createCertificateAuthority } from './create-certificate-authority.js';
export type { CertificateAuthorityOptions } from './create-certificate-authority.js';
export { generateRsaKeyPair } from './generate-rsa-key-pair.js';
export type { GenerateRsaKeyPairOptions } from './generate-rsa-key-pair.js';
export { generateServerIdentity } from './generate-server-identity.js';
export type { ServerIdentity, ServerIdentityOptions } from './generate-server-identity.js';
export { inspectCertificate, inspectCertificates } from './inspect-certificate.js';
export { issueServingCertificate } from './issue-serving-certificate.js';
export type { ServingCertificateOptions } from './issue-serving-certificate.js';
export { planCertificateRotation } from './plan-certificate-rotation.js';
export type {
  AuthorityState,
  CertificatePlan,
  CertificateRotationFacts,
  ServingState,
} from './plan-certificate-rotation.js';
export { webhookDnsNames } from './webhook-dns-names.js';
export type { WebhookDnsNamesOptions } from './webhook-dns-names.js';
export type {
  CertificateAuthority,
  CertificateFacts,
  IssuedCertificate,
  RsaKeyPair,
} from './types.js';
