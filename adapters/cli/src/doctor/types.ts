import type { ExplainPodOptions, WebIdentityFacts } from 'irsa/diagnose';

/** What the command line asks to look at. */
export interface DoctorTarget {
  readonly tokenFile?: string;
  readonly roleArn?: string;
  /** `namespace/name` */
  readonly pod?: string;
  /** `namespace/name` */
  readonly serviceAccount?: string;
  /** Whether the cluster is looked at although no object of it is named. */
  readonly cluster: boolean;
  /** The static pod manifest of kube-apiserver, on a control-plane node. */
  readonly apiServerManifest?: string;
  /** What the client asks STS for, where it asks for anything. */
  readonly durationSeconds?: number;
  readonly annotationDomain: string;
  /** Whether STS itself is asked; default true. */
  readonly askSts: boolean;
}

/** Something that could not be looked at, and why. */
export interface Gap {
  readonly what: string;
  readonly why: string;
}

/** Everything that could be gathered. */
export interface DoctorFacts {
  /** Absent where there is no token. */
  readonly webIdentity?: WebIdentityFacts;
  /** The pods that were asked for; one that is to come, where only a ServiceAccount was. */
  readonly pods: readonly ExaminedPod[];
  readonly gaps: readonly Gap[];
}

/** A pod with what concerns it. */
export interface ExaminedPod {
  readonly options: ExplainPodOptions;
  /** Whether it stands for the next pod of a ServiceAccount, and was not mutated because it was never made. */
  readonly toCome: boolean;
}
