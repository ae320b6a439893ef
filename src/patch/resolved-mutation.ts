import type { DerivedSettings } from './derive-settings.js';
import type { JsonObject } from './read-json.js';
import type {
  MutationSettings,
  PodIdentityAssociations,
  RejectionCode,
  RoleMappings,
} from './types.js';

/** What both behaviours work from: settings are resolved, nothing of the pod is believed yet. */
export interface ResolvedMutation {
  readonly pod: unknown;
  /** The pod's annotations; none where they are no object. */
  readonly podAnnotations: JsonObject;
  readonly oldPod: unknown;
  readonly namespace: string;
  readonly serviceAccountName: string;
  readonly serviceAccount: unknown;
  readonly accountAnnotations: JsonObject;
  readonly roleMappings: RoleMappings | undefined;
  readonly podIdentityAssociations: PodIdentityAssociations | undefined;
  readonly settings: MutationSettings;
  readonly derived: DerivedSettings;
  /** Undefined for the pod itself. */
  readonly subresource: string | undefined;
  /** 0 to below 1. */
  readonly jitter: number;
  /** Messages for the people who made the pod; decisions add theirs. */
  readonly warnings: string[];
  /** What is reason to refuse the pod with `invalidIdentity: 'reject'`; the warnings say it as well. */
  readonly faults: { readonly code: RejectionCode; readonly message: string }[];
}
