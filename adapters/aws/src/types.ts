import type { CloudFrontClient } from '@aws-sdk/client-cloudfront';
import type { IAMClient } from '@aws-sdk/client-iam';
import type { S3Client } from '@aws-sdk/client-s3';
import type { IssuerChange, IssuerSpec } from 'irsa/iam';

/** The AWS clients that the adapter calls; `createAwsClients` makes them from the ambient configuration. */
export interface AwsClients {
  /** In the region of the bucket. */
  readonly s3: Pick<S3Client, 'send'>;
  /** In the partition's global region. */
  readonly iam: Pick<IAMClient, 'send'>;
  /** Needed for targets via CloudFront only. */
  readonly cloudFront?: Pick<CloudFrontClient, 'send'>;
}

/** One anonymous read of a document, as STS does it. */
export type FetchPublic = (
  url: string,
) => Promise<{ readonly status: number; readonly body: string }>;

/** Where the changes are made; both functions take the same. */
export interface IssuerTargetOptions {
  /** The issuer as it should be: the same that `planIssuer` gets as `desired`. */
  readonly spec: IssuerSpec;
  /** Default: made from the ambient AWS configuration, as `aws` does. */
  readonly clients?: AwsClients;
  /**
   * Keeps the documents in this directory instead of a bucket, for a web server that serves it. The target is then
   * `{ kind: 's3', via: 'public' }` with any bucket name and region; what a directory does not know is left out.
   */
  readonly directory?: string;
  /**
   * The account that must own the bucket, sent with every S3 request; default the spec's `accountId`.
   * `null` leaves it out, for S3-compatible servers that refuse it.
   */
  readonly expectedBucketOwner?: string | null;
}

/** What {@link observeIssuer} takes. */
export interface ObserveOptions extends IssuerTargetOptions {
  /** Key IDs that API servers sign with or accept; the plan never drops one of them. Default: not known. */
  readonly keysInUse?: readonly string[];
  /** Reads what CloudFront serves, to find stale edges; default the platform's `fetch`, `null` does not look. */
  readonly fetchPublic?: FetchPublic | null;
}

/** What happened to one change. */
export interface ChangeProgress {
  readonly change: IssuerChange;
  /** From 0. */
  readonly index: number;
  readonly total: number;
  /** `left-out`: the server does not know such a thing (NotImplemented). `waiting`: for something that takes long. */
  readonly status: 'started' | 'waiting' | 'done' | 'left-out';
  /** Of `left-out` and `waiting`; of `done` when a part was left out. */
  readonly why?: string;
}

/** What {@link applyIssuerChanges} takes. */
export interface ApplyOptions extends IssuerTargetOptions {
  /** Called before and after every change. */
  readonly onProgress?: (progress: ChangeProgress) => void;
  /** Stops between two changes and while waiting for CloudFront (Ctrl-C); the next run finishes what is left. */
  readonly signal?: AbortSignal;
  /** Waits between two looks at a distribution that CloudFront is still deploying; default 20 s. */
  readonly wait?: () => Promise<void>;
}

/** What {@link applyIssuerChanges} answers. */
export interface ApplyResult {
  /** IDs of the changes that were made, in order. */
  readonly applied: readonly string[];
  /** What the server does not know and was therefore left out: of the whole change, or of one that is in `applied` too. */
  readonly leftOut: readonly { readonly id: string; readonly why: string }[];
}
