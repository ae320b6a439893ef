export { issuerHostPath, parseIssuer } from '../names/issuer.js';
export type { Issuer } from '../names/issuer.js';
export { parseServiceAccountSubject, serviceAccountSubject } from '../names/subject.js';
export type { Finding } from '../names/finding.js';
export { buildDiscoveryDocument } from './build-discovery-document.js';
export type { DiscoveryDocumentOptions } from './build-discovery-document.js';
export { buildIssuerDocuments } from './build-issuer-documents.js';
export type { IssuerDocument, IssuerDocumentsOptions } from './build-issuer-documents.js';
export { buildJwks } from './build-jwks.js';
export type { BuildJwksOptions } from './build-jwks.js';
export { checkIssuerDocuments } from './check-issuer-documents.js';
export type { CheckIssuerOptions } from './check-issuer-documents.js';
export type { FetchedDocument, PublishedDocument } from './fetched-document.js';
export { computeKeyId } from './compute-key-id.js';
export type { KeyOrJwk } from './compute-key-id.js';
export { generateSigningKey } from './generate-signing-key.js';
export type { SigningKey, SigningKeyOptions } from './generate-signing-key.js';
export { jwkThumbprint } from './jwk-thumbprint.js';
export { planIssuerMigration } from './plan-issuer-migration.js';
export type {
  IssuerState,
  IssuingApiServer,
  MigrationFacts,
  MigrationPlan,
  MigrationStep,
  SetUp,
} from './plan-issuer-migration.js';
export { planKeyRotation } from './plan-key-rotation.js';
export type { RotationPlan, RotationStep } from './plan-key-rotation.js';
export type { ApiServerFacts, PublishedFacts, RotationFacts } from './rotation-facts.js';
export { readPublicKeys } from './read-public-keys.js';
export type { OmittedKey, PublicKeys, ReadPublicKeysOptions } from './read-public-keys.js';
export { s3Issuer } from './s3-issuer.js';
export type { S3IssuerOptions } from './s3-issuer.js';
export { verifyServiceAccountToken } from './verify-service-account-token.js';
export type {
  ServiceAccountClaims,
  TokenRefusal,
  TokenVerification,
  VerifyTokenOptions,
} from './verify-service-account-token.js';
export type {
  CertificateLike,
  CryptoKeyLike,
  DiscoveryDocument,
  DiscoveryProfile,
  EcCurve,
  EcPublicJwk,
  JwkLike,
  JwkSet,
  JwkSetLike,
  KeyLike,
  KeyMaterial,
  KeyObjectLike,
  KeyPairLike,
  PublicJwk,
  PublicKey,
  RsaPublicJwk,
  SigningAlgorithm,
} from './types.js';
