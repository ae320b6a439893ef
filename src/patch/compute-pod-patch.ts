import { deriveSettings } from './derive-settings.js';
import { computeEksPatch } from './eks/compute-eks-patch.js';
import { nonEmpty, objectOf, type JsonObject } from './read-json.js';
import { resolveMutationSettings } from './resolve-mutation-settings.js';
import type { ResolvedMutation } from './resolved-mutation.js';
import { serviceAccountNameOf } from './service-account-name-of.js';
import { computeStandardPatch } from './standard/compute-standard-patch.js';
import type {
  MutationOutcome,
  PartialMutationSettings,
  Pod,
  PodIdentityAssociations,
  RoleMappings,
  ServiceAccount,
} from './types.js';

/** What {@link computePodPatch} needs. */
export interface PodMutation {
  readonly pod: Pod;
  /** The pod before an update; needed for `ephemeralcontainers`, whose existing containers may not change. */
  readonly oldPod?: Pod | null | undefined;
  /** The namespace of the admission request; what the pod says itself is not read. */
  readonly namespace: string;
  /** The pod's ServiceAccount; absent where there is none or none is known. */
  readonly serviceAccount?: ServiceAccount | null | undefined;
  readonly roleMappings?: RoleMappings | undefined;
  readonly podIdentityAssociations?: PodIdentityAssociations | undefined;
  /** Default {@link defaultMutationSettings}; pass a result of `resolveMutationSettings` where many pods come. */
  readonly settings?: PartialMutationSettings | undefined;
  /** Absent for a new pod, or `ephemeralcontainers`. */
  readonly subresource?: string | undefined;
  /** 0 to below 1: the random draw that shortens a default lifetime in container-credentials mode; default 0, none. */
  readonly jitter?: number | undefined;
}

const annotationsOf = (object: unknown): JsonObject =>
  objectOf(objectOf(objectOf(object)['metadata'])['annotations']);

/**
 * Decides what a pod needs to get AWS credentials, and says it as a JSON Patch.
 * Nothing given is changed, and the patch holds only what is missing.
 *
 * @throws {@link SettingsError} `ERR_SETTINGS` for settings that cannot work
 * @example
 * ```ts
 * import { computePodPatch } from 'irsa/patch';
 * const outcome = computePodPatch({
 *   pod: { spec: { serviceAccountName: 's3-echoer', containers: [{ name: 'app' }] } },
 *   namespace: 'default',
 *   serviceAccount: {
 *     metadata: { annotations: { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/s3-echoer' } },
 *   },
 * });
 * if (outcome.kind === 'mutated') console.log(outcome.patch.map((operation) => operation.path));
 * // [ '/spec/volumes', '/spec/containers/0/env', '/spec/containers/0/volumeMounts' ]
 * ```
 * @see {@link https://www.rfc-editor.org/rfc/rfc6902 | RFC 6902: JSON Patch}
 */
export function computePodPatch(mutation: PodMutation): MutationOutcome {
  const { namespace, jitter = 0 } = mutation;
  if (typeof namespace !== 'string') {
    throw new TypeError('namespace: expected the admission request’s namespace as a string');
  }
  if (typeof jitter !== 'number' || !(jitter >= 0 && jitter < 1)) {
    throw new TypeError('jitter: expected a number from 0 to below 1');
  }
  const settings = resolveMutationSettings(mutation.settings);
  const resolved: ResolvedMutation = {
    pod: mutation.pod,
    podAnnotations: annotationsOf(mutation.pod),
    oldPod: mutation.oldPod,
    namespace,
    serviceAccountName: serviceAccountNameOf(mutation.pod, settings),
    serviceAccount: mutation.serviceAccount,
    accountAnnotations: annotationsOf(mutation.serviceAccount),
    roleMappings: mutation.roleMappings,
    podIdentityAssociations: mutation.podIdentityAssociations,
    settings,
    derived: deriveSettings(settings),
    subresource: nonEmpty(mutation.subresource),
    jitter,
    warnings: [],
    faults: [],
  };
  return settings.behavior === 'eks' ? computeEksPatch(resolved) : computeStandardPatch(resolved);
}
