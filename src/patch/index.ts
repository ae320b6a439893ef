export { applyPodPatch } from './apply-pod-patch.js';
export { auditPods } from './audit-pods.js';
export { computePodPatch } from './compute-pod-patch.js';
export { parsePodIdentityAssociations } from './parse-pod-identity-associations.js';
export { parseReviewBody } from './parse-review-body.js';
export { parseRoleMappings } from './parse-role-mappings.js';
export { defaultMutationSettings, resolveMutationSettings } from './resolve-mutation-settings.js';
export { reviewPod } from './review-pod.js';
export { serviceAccountOf } from './service-account-of.js';
export type { AdmissionResponse, AdmissionReviewResponse } from './admission-response.js';
export type { RoleMappingsOptions } from './parse-role-mappings.js';
export type { PodAudit, PodAuditFinding } from './audit-pods.js';
export type { PodMutation } from './compute-pod-patch.js';
export type { ReviewContext } from './review-pod.js';
export type {
  ContainerCredentialsSettings,
  Injection,
  InjectionMethod,
  JsonPatchOperation,
  MutationOutcome,
  MutationSettings,
  PartialMutationSettings,
  Pod,
  PodContainer,
  PodEnvironmentVariable,
  PodIdentityAssociations,
  PodVolumeMount,
  RejectionCode,
  RoleMapping,
  RoleMappings,
  ServiceAccount,
  SkipReason,
  StringMap,
} from './types.js';
