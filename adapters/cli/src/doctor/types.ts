import type { ExplainPodOptions, WebIdentityFacts } from 'irsa/diagnose';

/** What the command line asks to look at. */
export interface DoctorTarget {
  readonly tokenFile?: string;
  readonly roleArn?: string;
  /** `namespace/name` */
  readonly pod?: string;
  /** `namespace/name` */
  readonly serviceAccount?: string;
  /** The session length to ask STS for; default none. */
  readonly durationSeconds?: number;
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
  /** Absent where no pod was asked for, or none could be read. */
  readonly pod?: ExplainPodOptions;
  readonly gaps: readonly Gap[];
}
