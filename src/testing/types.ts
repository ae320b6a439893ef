/** A serving certificate with its key and the authority that clients must trust; what `generateServerIdentity` returns fits. */
export interface TlsIdentity {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly caBundlePem: string;
}

/** What came back for an issuer URL: one HTTP reply, redirects not followed. */
export interface FetchedDocument {
  readonly status: number;
  /** Names in lower case; default none. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

/** Fetches one issuer document; rejects where there is no HTTP reply at all (name, connection, TLS, time). */
export type FetchDocument = (url: string) => Promise<FetchedDocument>;

/** Access keys as AWS clients take them. */
export interface AccessKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/**
 * Something that goes wrong on purpose.
 *
 * - `error`: the AWS error `code` with `message` (and `status`, default 400)
 * - `throttle`: `Throttling: Rate exceeded` (S3: `SlowDown`, 503)
 * - `hang`: the request is read and never answered · `reset`: the connection is cut · `slow`: answered after `delayMs`
 * - `html`: a proxy's HTML page with `status` (default 502) · `half-body`: the right answer, cut in the middle
 * - `expired`: STS hands out credentials that have already expired · `clock-skew`: the server's clock is off by `seconds`
 */
export type LocalAwsFault = FaultScope &
  (
    | {
        readonly kind: 'error';
        readonly code: string;
        readonly message?: string;
        readonly status?: number;
      }
    | { readonly kind: 'throttle' | 'hang' | 'reset' | 'half-body' | 'expired' }
    | { readonly kind: 'slow'; readonly delayMs: number }
    | { readonly kind: 'html'; readonly status?: number }
    | { readonly kind: 'clock-skew'; readonly seconds: number }
  );

/** Which requests a fault hits. */
export interface FaultScope {
  /** The API operation, e.g. `AssumeRoleWithWebIdentity` or `PutObject`; default all of them. */
  readonly operation?: string;
  /** How many requests it hits before it is gone; default all. */
  readonly times?: number;
}

/** One request that the local AWS answered. No token, key, secret or body is kept. */
export interface LoggedRequest {
  readonly service: 'sts' | 'iam' | 's3';
  /** E.g. `AssumeRoleWithWebIdentity`; `Unknown` where the request named none. */
  readonly operation: string;
  /** HTTP status; 0 where a fault left the request without an answer. */
  readonly status: number;
  /** The AWS error code of a refusal. */
  readonly errorCode?: string;
  /** Who signed: the access key ID; absent for anonymous requests. */
  readonly accessKeyId?: string;
  /** STS only. */
  readonly roleArn?: string;
  /** STS only. */
  readonly roleSessionName?: string;
  /** STS only. */
  readonly durationSeconds?: number;
  /** S3 only. */
  readonly bucket?: string;
  /** S3 only. */
  readonly key?: string;
  readonly at: Date;
}

/** What {@link startLocalAws} takes; everything has a default. */
export interface LocalAwsOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  /** The server's clock; default the system's. */
  readonly now?: () => Date;
  /** The serving identity; default a fresh one for `localhost` and `127.0.0.1`; false serves plain http. */
  readonly tls?: TlsIdentity | false;
  /** Faults from the first request on; see also `setFault`. */
  readonly faults?: readonly LocalAwsFault[];
  /** How STS reads issuer documents; default https over the network, as AWS does. Pass a local issuer's `fetchDocument`. */
  readonly fetchDocument?: FetchDocument;
  /** 12 digits; default `111122223333`. */
  readonly accountId?: string;
  /** Default `us-west-2`. */
  readonly region?: string;
  /** How long STS keeps an issuer's keys; default 0. AWS documents no figure; one must expect minutes. */
  readonly jwksCacheSeconds?: number;
  /** How long STS waits for one issuer document; default 5,000, as AWS. */
  readonly fetchTimeoutMs?: number;
}

/** The OIDC provider to create; what `buildOidcProvider` returns fits. */
export interface LocalOidcProvider {
  /** The issuer URL. */
  readonly url: string;
  /** Client IDs; default `['sts.amazonaws.com']`. */
  readonly audiences?: readonly string[];
  /** Default none: as for an issuer whose certificate AWS trusts anyway. */
  readonly thumbprints?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
}

/** The role to create. */
export interface LocalRole {
  readonly roleName: string;
  /** The policy object, or its JSON text. */
  readonly trustPolicy: unknown;
  /** Default `/`. */
  readonly path?: string;
  /** Default 3,600. */
  readonly maxSessionDurationSeconds?: number;
  readonly tags?: Readonly<Record<string, string>>;
}

/** A running local AWS. */
export interface LocalAws {
  /** `https://127.0.0.1:PORT`: for `endpoint`, `AWS_ENDPOINT_URL` and `--endpoint-url`. */
  readonly endpoint: string;
  readonly port: number;
  /** What clients must trust; empty with `tls: false`. */
  readonly caPem: string;
  readonly accountId: string;
  readonly region: string;
  /** May do everything, as an account's administrator. */
  readonly administrator: AccessKeys;
  /** The environment that sends official AWS clients here. With `caFile`, the path of a file that holds `caPem`, also the CA settings. */
  env(options?: {
    readonly caFile?: string;
    /** Adds the administrator's keys; default false. */
    readonly administrator?: boolean;
  }): Record<string, string>;
  /** Registers an issuer. */
  createOpenIDConnectProvider(provider: LocalOidcProvider): Promise<{ readonly arn: string }>;
  /** Creates a role. */
  createRole(role: LocalRole): Promise<{ readonly arn: string }>;
  /** Sets an inline policy of a role. */
  putRolePolicy(options: {
    readonly roleName: string;
    readonly policyName: string;
    /** The policy object, or its JSON text. */
    readonly policy: unknown;
  }): Promise<void>;
  /** Creates a bucket, as the administrator would. */
  createBucket(options: { readonly bucket: string }): Promise<void>;
  /** Reads an object as its owner; undefined where there is none. */
  readObject(options: { readonly bucket: string; readonly key: string }): Uint8Array | undefined;
  /** The requests so far, oldest first. */
  requests(): readonly LoggedRequest[];
  /** Sets the fault or faults from now on; without an argument everything works again. */
  setFault(fault?: LocalAwsFault | readonly LocalAwsFault[]): void;
  /** Stops listening and cuts open connections. */
  close(): Promise<void>;
}

/**
 * What is wrong with the issuer.
 *
 * - `status`: answered with this HTTP status and an S3-like error body · `redirect`: 301 to `location` · `body`: other text
 * - `hang`, `reset`, `slow`: as for the local AWS
 */
export type LocalIssuerFault = {
  /** Default both documents. */
  readonly document?: 'discovery' | 'jwks';
} & (
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'body'; readonly body: string; readonly contentType?: string }
  | { readonly kind: 'hang' | 'reset' }
  | { readonly kind: 'slow'; readonly delayMs: number }
);

/** What {@link startLocalIssuer} takes. */
export interface LocalIssuerOptions {
  /** The public keys to publish, in any form that `readPublicKeys` reads (PEM, JWK, JWKS, …). */
  readonly keys: unknown;
  /** The issuer's public name; default `https://issuer.irsa.test`. It need not resolve: `fetchDocument` leads here. */
  readonly issuer?: string;
  /** The serving identity; default a fresh one for the issuer's host, `localhost` and `127.0.0.1`. */
  readonly tls?: TlsIdentity;
  /** Default 0: any free port. */
  readonly port?: number;
  readonly faults?: readonly LocalIssuerFault[];
}

/** A running local issuer. */
export interface LocalIssuer {
  /** The `iss` of its tokens. */
  readonly issuer: string;
  /** Where it really listens: `https://127.0.0.1:PORT` and the issuer's path. */
  readonly endpoint: string;
  readonly port: number;
  readonly caPem: string;
  /** Reads a document of this issuer over https from the local server; rejects for any other host. */
  readonly fetchDocument: FetchDocument;
  /** Publishes other keys: a rotation. */
  setKeys(keys: unknown): Promise<void>;
  /** Sets the fault or faults from now on; without an argument everything works again. */
  setFault(fault?: LocalIssuerFault | readonly LocalIssuerFault[]): void;
  /** The document requests so far: path and status. */
  requests(): readonly { readonly path: string; readonly status: number }[];
  close(): Promise<void>;
}
