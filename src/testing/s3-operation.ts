import type { Account, Bucket } from './account.js';
import type { AwsReply, AwsRequest, Caller } from './exchange.js';

/** An S3 request with its address taken apart. */
export interface S3Call {
  readonly account: Account;
  readonly request: AwsRequest;
  readonly caller: Caller;
  readonly bucketName: string;
  /** Decoded; empty for the bucket itself. */
  readonly key: string;
  /** The body with any aws-chunked framing removed. */
  readonly body: Uint8Array;
  /** Headers and trailers together, names in lower case. */
  readonly fields: Readonly<Record<string, string>>;
  /** The region that the signature names. */
  readonly signedRegion: string | undefined;
}

/** One S3 operation: what it is called, which permission it needs, and what it does. */
export interface S3Operation {
  readonly operation: string;
  /** IAM action; it is asked for the object where the call has a key, for the bucket otherwise. */
  readonly action: string;
  readonly matches: (call: Pick<S3Call, 'request' | 'key'>) => boolean;
  /** The resources to ask for, where they are others than the call's address. */
  readonly resources?: (call: S3Call) => readonly string[];
  /** Runs even where the bucket does not exist. */
  readonly withoutBucket?: boolean;
  readonly run: (call: S3Call, bucket: Bucket) => AwsReply | Promise<AwsReply>;
}
