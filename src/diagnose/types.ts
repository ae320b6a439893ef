import type { Finding } from '../names/finding.js';
import type { FindingId } from './finding-catalogue.js';

/** A finding of the catalogue: stable id, and where its page is. */
export interface DiagnosisFinding extends Finding {
  readonly id: FindingId;
  /** The catalogue's entry, e.g. `docs/failures.md#provider-missing`. */
  readonly docs: string;
}

/** What came of it all. */
export interface Diagnosis {
  /** `unknown`: nothing is wrong as far as the facts go, and they do not go far enough. */
  readonly verdict: 'ok' | 'refused' | 'unknown';
  /** Errors first, in the order in which STS (or the API server) meets them; then warnings; then what could not be looked at. */
  readonly findings: readonly DiagnosisFinding[];
  /** What STS answers to this token; absent where it would take it, or where a missing fact leaves it open. */
  readonly stsError?: StsError;
}

/** An STS error as on the wire; the token is never in it. */
export interface StsError {
  readonly code: string;
  readonly message: string;
}

/** One anonymous look at an issuer document. */
export interface FetchFact {
  readonly document: 'discovery' | 'jwks';
  readonly url: string;
  /** HTTP status; absent where there was no reply. */
  readonly status?: number;
  /** Why there was no reply. */
  readonly failure?: 'dns' | 'connection' | 'tls' | 'timeout';
  readonly milliseconds?: number;
  readonly contentType?: string;
  /** Of a redirect. */
  readonly location?: string;
  /** The network's own words, shortened. */
  readonly detail?: string;
  /** The addresses that the host's name leads to from here. */
  readonly addresses?: readonly string[];
}

/** The bucket behind an S3 issuer, as its owner sees it. */
export interface BucketFact {
  readonly name: string;
  /** The bucket's own public access block; null where there is none. */
  readonly publicAccessBlock?: PublicAccessBlockFact | null;
  /** The account's, which outweighs the bucket's; null where there is none. */
  readonly accountPublicAccessBlock?: PublicAccessBlockFact | null;
  /** The bucket policy, object or JSON text; null where there is none. */
  readonly policy?: unknown;
}

/** The two switches that keep a bucket policy from letting strangers in. */
export interface PublicAccessBlockFact {
  readonly blockPublicPolicy: boolean;
  readonly restrictPublicBuckets: boolean;
}

/** What the cluster's own API server publishes and is told; each member may be missing. */
export interface ApiServerFact {
  /** Its `/.well-known/openid-configuration`: text or parsed; null where it answers 404. */
  readonly discovery?: unknown;
  /** Its `/openid/v1/jwks`: text or parsed. */
  readonly jwks?: unknown;
  /** The command line of each kube-apiserver that could be read. */
  readonly servers?: readonly ApiServerFlags[];
}

/** One kube-apiserver's command line. */
export interface ApiServerFlags {
  /** For people, e.g. the static pod's name. */
  readonly name: string;
  /** `--flag=value`, one an element, as in the static pod's `command`. */
  readonly args: readonly string[];
}

/** The IAM OIDC provider, as GetOpenIDConnectProvider shows it. */
export interface ProviderFact {
  /** With or without `https://`. */
  readonly url: string;
  /** The client ID list. */
  readonly audiences: readonly string[];
  readonly arn?: string;
}

/** The IAM role, as GetRole shows it. */
export interface RoleFact {
  readonly arn: string;
  /** An object, JSON text, or the URL-encoded text of GetRole. */
  readonly trustPolicy: unknown;
  /** Default 3,600, as IAM's. */
  readonly maxSessionDurationSeconds?: number;
}

/** The parameters of the AssumeRoleWithWebIdentity call. */
export interface CallFact {
  readonly roleArn?: string;
  readonly roleSessionName?: string;
  readonly durationSeconds?: number;
  readonly policy?: string;
  readonly providerId?: string;
  /** The region of the STS endpoint. */
  readonly region?: string;
}

/** What STS (or whatever stands before it) really answered. */
export interface ReplyFact {
  readonly code?: string;
  readonly message?: string;
  readonly status?: number;
  /** When the credentials of a good reply end. */
  readonly expiration?: Date;
}

/** The facts; each may be missing, malformed or hostile. `null` says: looked for, and not there. */
export interface WebIdentityFacts {
  /** The token file's content. */
  readonly token: string;
  readonly now: Date;
  /** The discovery document as a stranger reads it: text or parsed. */
  readonly discovery?: unknown;
  /** The JWKS as a stranger reads it: text or parsed. */
  readonly jwks?: unknown;
  readonly provider?: ProviderFact | null;
  readonly role?: RoleFact | null;
  readonly fetches?: readonly FetchFact[];
  /** The bucket behind the issuer's host name, where there is one. */
  readonly bucket?: BucketFact;
  /** The cluster's side: what signs, and what is accepted. */
  readonly apiServer?: ApiServerFact;
  readonly call?: CallFact;
  readonly reply?: ReplyFact;
}

/** One thing wrong, with what STS answers because of it. */
export interface Fault {
  readonly finding: DiagnosisFinding;
  readonly sts?: StsError;
}
