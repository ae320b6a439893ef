import type { Partition } from '../names/partition.js';

/** A variable of a container's `env`, as far as mutation reads it. */
export interface PodEnvironmentVariable {
  readonly name?: string | undefined;
  readonly value?: string | undefined;
}

/** A mount of a container, as far as mutation reads it. */
export interface PodVolumeMount {
  readonly name?: string | undefined;
  readonly mountPath?: string | undefined;
}

/** A container, init container or ephemeral container, as far as mutation reads it. */
export interface PodContainer {
  readonly name?: string | undefined;
  readonly env?: readonly PodEnvironmentVariable[] | undefined;
  readonly volumeMounts?: readonly PodVolumeMount[] | undefined;
}

/** A string-to-string map such as labels and annotations. */
export type StringMap = Readonly<Record<string, string | undefined>>;

/**
 * A Pod, as far as mutation reads it: `V1Pod` of `@kubernetes/client-node` and plain JSON both fit.
 *
 * @see {@link https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ | Kubernetes: Pod}
 */
export interface Pod {
  readonly metadata?:
    | {
        readonly name?: string | undefined;
        readonly generateName?: string | undefined;
        readonly namespace?: string | undefined;
        readonly labels?: StringMap | undefined;
        readonly annotations?: StringMap | undefined;
      }
    | undefined;
  readonly spec?:
    | {
        readonly serviceAccountName?: string | undefined;
        readonly serviceAccount?: string | undefined;
        readonly containers?: readonly PodContainer[] | undefined;
        readonly initContainers?: readonly PodContainer[] | undefined;
        readonly ephemeralContainers?: readonly PodContainer[] | undefined;
        readonly volumes?: readonly { readonly name?: string | undefined }[] | undefined;
        readonly nodeSelector?: StringMap | undefined;
      }
    | undefined;
}

/** A ServiceAccount, as far as mutation reads it: `V1ServiceAccount` of `@kubernetes/client-node` and plain JSON both fit. */
export interface ServiceAccount {
  readonly metadata?:
    | {
        readonly name?: string | undefined;
        readonly namespace?: string | undefined;
        readonly annotations?: StringMap | undefined;
      }
    | undefined;
}

/**
 * One operation of a JSON Patch. The patches made here hold `add` (and, with `behavior: 'eks'`, now and then `replace`) only.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6902#section-4 | RFC 6902, section 4}
 */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly path: string; readonly from: string };

/** Why a pod stays as it is. */
export type SkipReason =
  /** No ServiceAccount, mapping or association was found for the pod. */
  | 'no-service-account'
  /** The ServiceAccount is known, and names no role. */
  | 'no-role-arn'
  /** The role's ARN is not one of an IAM role. */
  | 'invalid-role-arn'
  /** Everything is there already. */
  | 'already-injected'
  /** include-containers and skip-containers leave no container, or the pod has none. */
  | 'no-container-selected'
  /** The pod carries the opt-out label. */
  | 'opted-out'
  /** The API server refuses token volumes in mirror pods of static pods. */
  | 'mirror-pod'
  /** Ephemeral containers cannot bring a volume, and the pod has none with our token. */
  | 'no-token-volume'
  /** The object is no Pod, or a field of it has a type that a Pod's field cannot have. */
  | 'not-a-pod'
  /** Neither the creation of a pod nor an update of its ephemeral containers. */
  | 'operation-not-handled';

/** How a container gets credentials: a role through STS, or EKS Pod Identity's agent. */
export type InjectionMethod = 'web-identity' | 'container-credentials';

/** The settled facts of one pod's injection. */
export interface Injection {
  readonly method: InjectionMethod;
  /** Where the identity comes from. */
  readonly source: 'service-account' | 'role-mapping' | 'pod-identity-association';
  /** The role; absent with `container-credentials`, where the agent knows it. */
  readonly roleArn?: string;
  /** Audience of the token; empty only with `behavior: 'eks'`. */
  readonly audience: string;
  readonly tokenExpirationSeconds: number;
  readonly regionalSts: boolean;
  /** Absent where no region is known. */
  readonly region?: string;
  /** The volume that holds the token; an equivalent one of the pod's own is reused. */
  readonly tokenVolumeName: string;
  /** Where the volume is mounted, unless a container's own mounts leave no room there. */
  readonly tokenMountPath: string;
  /** The token's path as the environment names it (on Windows `C:\…`). */
  readonly tokenFile: string;
}

/** What becomes of a pod. An expected "no" is a value. */
export type MutationOutcome =
  | {
      readonly kind: 'mutated';
      readonly patch: JsonPatchOperation[];
      readonly warnings: readonly string[];
      readonly injection: Injection;
    }
  | { readonly kind: 'skipped'; readonly reason: SkipReason; readonly warnings: readonly string[] }
  | { readonly kind: 'rejected'; readonly code: RejectionCode; readonly message: string };

/** Why a pod is refused: its shape, or (with `invalidIdentity: 'reject'`) its role (`ERR_ARN`) or another annotation (`ERR_SETTINGS`). */
export type RejectionCode = 'ERR_POD' | 'ERR_ARN' | 'ERR_SETTINGS' | 'ERR_ADMISSION_REVIEW';

/** Settings of container-credentials mode (EKS Pod Identity). */
export interface ContainerCredentialsSettings {
  /** Audience of the token; default `pods.eks.amazonaws.com`. */
  readonly audience: string;
  /** Default `/var/run/secrets/pods.eks.amazonaws.com/serviceaccount`. */
  readonly tokenMountPath: string;
  /** Default `eks-pod-identity-token`. */
  readonly tokenVolumeName: string;
  /** The token's file name inside the volume; default `eks-pod-identity-token`. */
  readonly tokenPath: string;
  /** The agent's address; default `http://169.254.170.23/v1/credentials`, with `ipFamily: 'ipv6'` `http://[fd00:ec2::23]/v1/credentials`. */
  readonly fullUri: string;
}

/** How pods are mutated. Every field has a default: pass what differs. */
export interface MutationSettings {
  /** Domain of the annotations that are read; default `eks.amazonaws.com`. */
  readonly annotationDomain: string;
  /** Audience of the token; default `sts.amazonaws.com`. */
  readonly audience: string;
  /** Where the token volume is mounted; default `/var/run/secrets/eks.amazonaws.com/serviceaccount`. */
  readonly tokenMountPath: string;
  /** Default 86,400; kept between 600 and 86,400 (`eks`: only raised to 600). */
  readonly tokenExpirationSeconds: number;
  /** Region for AWS_REGION and AWS_DEFAULT_REGION; default none. */
  readonly region?: string;
  /** Whether AWS_STS_REGIONAL_ENDPOINTS=regional is set; default `false`. */
  readonly regionalSts: boolean;
  /** Account and partition that complete a role annotation without `arn:`; default none. */
  readonly composeRoleArn?: { readonly accountId: string; readonly partition: Partition };
  readonly containerCredentials: ContainerCredentialsSettings;
  /** `standard` (default), or `eks`: decision for decision what amazon-eks-pod-identity-webhook does. */
  readonly behavior: 'standard' | 'eks';
  /**
   * What an invalid role ARN, an annotation value that cannot be or a misspelt role annotation leads to: a warning (default; without
   * a role the pod is skipped), or a refused pod.
   */
  readonly invalidIdentity: 'warn' | 'reject';
  /** Whether AWS_ROLE_SESSION_NAME is set to NAMESPACE.SERVICEACCOUNT; default `false`. */
  readonly roleSessionName: boolean;
  /** Permission bits of the token file, e.g. `0o444`; default none: kubelet's own rule. */
  readonly tokenFileMode?: number;
  /** Whether AWS_ZONE is taken from the pod's `topology.kubernetes.io/zone` label (Kubernetes 1.35); default `false`. */
  readonly zoneVariable: boolean;
}

/** What a caller passes of {@link MutationSettings}. */
export interface PartialMutationSettings extends Partial<{
  readonly [K in keyof MutationSettings as K extends 'containerCredentials' ? never : K]:
    MutationSettings[K] | undefined;
}> {
  readonly containerCredentials?:
    | (Partial<{
        readonly [K in keyof ContainerCredentialsSettings]:
          ContainerCredentialsSettings[K] | undefined;
      }> & {
        /** Chooses the default of `fullUri`; default `ipv4`. */
        readonly ipFamily?: 'ipv4' | 'ipv6' | undefined;
      })
    | undefined;
}

/** One entry of the role-mapping ConfigMap. */
export interface RoleMapping {
  /** The entry's key, e.g. `default/s3-echoer`; wildcards as written. */
  readonly key: string;
  readonly roleArn: string;
  /** Absent where the entry does not say. */
  readonly audience?: string;
  /** Absent where the entry does not say. */
  readonly regionalSts?: boolean;
  /** Absent where the entry does not say, or says 0. */
  readonly tokenExpirationSeconds?: number;
}

/** The role-mapping ConfigMap as an index: a lookup does not walk the mappings. */
export interface RoleMappings {
  /** How many mappings there are. */
  readonly size: number;
  /** Entries left out with `onInvalid: 'omit'`, and why. */
  readonly omitted: readonly { readonly key: string; readonly why: string }[];
  /**
   * The mapping of a ServiceAccount. Precedence: an exact namespace before a pattern, then an exact name before a pattern,
   * then more literal characters, then the key that sorts first.
   */
  find(namespace: string, serviceAccount: string): RoleMapping | undefined;
  /** The mapping with this very key, wildcards taken literally. */
  findExact(namespace: string, serviceAccount: string): RoleMapping | undefined;
}

/** The ServiceAccounts with an EKS Pod Identity association. */
export interface PodIdentityAssociations {
  readonly size: number;
  has(namespace: string, serviceAccount: string): boolean;
}
