import type { AccessKeys, FetchDocument } from './types.js';
import type { Session } from './exchange.js';

/** An IAM OIDC provider. */
export interface OidcProvider {
  readonly arn: string;
  /** With `https://`, as created. */
  readonly url: string;
  readonly clientIds: readonly string[];
  readonly thumbprints: readonly string[];
  readonly tags: ReadonlyMap<string, string>;
  readonly createdAt: Date;
}

/** An IAM role. */
export interface Role {
  readonly arn: string;
  readonly roleId: string;
  readonly roleName: string;
  readonly path: string;
  readonly description: string | undefined;
  /** JSON text. */
  readonly trustPolicy: string;
  readonly maxSessionDurationSeconds: number;
  readonly tags: ReadonlyMap<string, string>;
  /** JSON text by policy name. */
  readonly policies: ReadonlyMap<string, string>;
  readonly createdAt: Date;
}

/** The four switches of S3's public access block. */
export interface PublicAccessBlock {
  readonly BlockPublicAcls: boolean;
  readonly IgnorePublicAcls: boolean;
  readonly BlockPublicPolicy: boolean;
  readonly RestrictPublicBuckets: boolean;
}

/** An object with what S3 keeps about it. */
export interface StoredObject {
  readonly body: Uint8Array;
  readonly etag: string;
  readonly lastModified: Date;
  /** Content-Type, Cache-Control and the like, and `x-amz-meta-*`. */
  readonly headers: Readonly<Record<string, string>>;
  /** E.g. `['x-amz-checksum-crc32', 'AAAAAA==']`. */
  readonly checksum?: readonly [string, string];
}

/** A bucket. New ones are as S3 makes them since April 2023: public access blocked, ACLs off. */
export interface Bucket {
  readonly name: string;
  readonly region: string;
  readonly createdAt: Date;
  readonly objects: Map<string, StoredObject>;
  policy: string | undefined;
  publicAccessBlock: PublicAccessBlock | undefined;
  ownership: string | undefined;
  tags: ReadonlyMap<string, string> | undefined;
}

/** Everything that one local AWS account holds, and the ports that its services need. */
export interface Account {
  readonly accountId: string;
  readonly partition: string;
  readonly region: string;
  readonly administrator: AccessKeys;
  readonly providers: Map<string, OidcProvider>;
  readonly roles: Map<string, Role>;
  readonly buckets: Map<string, Bucket>;
  readonly sessions: Map<string, Session>;
  readonly issuerKeys: Map<
    string,
    { readonly until: number; readonly keys: readonly Readonly<Record<string, unknown>>[] }
  >;
  readonly jwksCacheSeconds: number;
  readonly fetchDocument: FetchDocument;
  /** The server's clock. */
  readonly now: () => Date;
  /** A fresh random identifier of upper-case letters and digits. */
  readonly newId: (length: number) => string;
  /** MD5 in lower-case hex: what S3's ETags are. */
  readonly md5: (bytes: Uint8Array) => string;
}

/** Public access as S3 has it on a new bucket. */
export const allBlocked: PublicAccessBlock = Object.freeze({
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
});
