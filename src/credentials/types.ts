/** Temporary credentials, in the shape that every AWS SDK v3 client takes. */
export interface AwsCredentialIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  /** When STS says they end. */
  readonly expiration: Date;
  /** The account of the assumed role, where STS told it. */
  readonly accountId?: string;
}

/** The part of `AbortSignal` that is used here, so that no DOM or Node type leaks into declarations. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** The configuration of the SDK client that asks for credentials; the SDK passes it along. */
export interface CallerClientConfig {
  readonly region?: string | (() => Promise<string>);
  readonly useFipsEndpoint?: boolean | (() => Promise<boolean>);
  readonly useDualstackEndpoint?: boolean | (() => Promise<boolean>);
}

/** What a caller, an SDK client first of all, may pass with each call for credentials. */
export interface IdentityProperties {
  /** Passed by SDK clients: its region, FIPS and dual-stack settings count where no option says otherwise. */
  readonly callerClientConfig?: CallerClientConfig;
  /** Ask STS although the cached credentials are good; an active backoff still holds. */
  readonly forceRefresh?: boolean;
  /** Frees this caller when aborted; a refresh that others wait for goes on. */
  readonly abortSignal?: AbortSignalLike;
  /** The same, under the name that the platform's own functions use. */
  readonly signal?: AbortSignalLike;
}

/** Reads the projected token anew; called at every refresh, because the kubelet rotates the file. */
export type ReadToken = () => Promise<string>;

/** Asks STS for its date without sending a token; `undefined` where there is no answer. */
export type ReadServerDate = (signal: AbortSignalLike) => Promise<Date | undefined>;

/** What the engine asks of STS. */
export interface AssumeRoleInput {
  readonly roleArn: string;
  readonly roleSessionName: string;
  readonly webIdentityToken: string;
  /** 900 to 43,200; left out, STS gives 3,600. */
  readonly durationSeconds?: number;
  /** Aborted at the deadline and when the last handle is closed. */
  readonly signal: AbortSignalLike;
}

/** What STS answered. */
export interface AssumedRole {
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
    readonly expiration: Date;
  };
  readonly accountId?: string;
  /** The `Date` header of the answer: STS's clock, from which the life left is computed. */
  readonly serverDate?: Date;
}

/** The port to STS. It throws errors that carry the STS code as `name` or `Code`, as SDK errors do. */
export type AssumeRoleWithWebIdentity = (input: AssumeRoleInput) => Promise<AssumedRole>;

/** Epoch milliseconds that never step back: `performance.timeOrigin + performance.now()`. */
export type Now = () => number;
/** A number in [0, 1). */
export type Random = () => number;
/**
 * Runs a function once after some milliseconds; the result cancels it. A timer keeps the process alive only where
 * `keepAlive` asks for it: while a caller waits with empty hands for the next try.
 */
export type SetTimer = (
  run: () => void,
  ms: number,
  options?: { readonly keepAlive?: boolean },
) => () => void;

/** What happens inside a provider, for metrics and logs. No event ever holds a token or secret. */
export type CredentialEvent =
  | {
      readonly type: 'refreshed';
      readonly roleArn: string;
      readonly accessKeyId: string;
      readonly expiration: Date;
      readonly lifetimeSeconds: number;
      readonly durationMs: number;
    }
  | {
      readonly type: 'refresh-failed';
      readonly roleArn: string;
      readonly error: Error;
      /** Whether a cached credential is served in spite of it. */
      readonly served: boolean;
      readonly durationMs: number;
    }
  | {
      readonly type: 'backoff';
      readonly roleArn: string;
      readonly nextAttemptAt: Date;
      readonly seconds: number;
    }
  | {
      readonly type: 'served-stale';
      readonly roleArn: string;
      readonly accessKeyId: string;
      readonly expired: boolean;
      /** Negative once expired. */
      readonly secondsLeft: number;
    }
  | {
      readonly type: 'clock-skew';
      readonly roleArn: string;
      /** Node clock minus STS clock. */
      readonly skewSeconds: number;
    };

/** A listener for {@link CredentialEvent}; what it throws is ignored. */
export type OnCredentialEvent = (event: CredentialEvent) => void;

/** Where a provider stands. */
export interface CredentialSnapshot {
  readonly status: 'empty' | 'fresh' | 'advisory' | 'mandatory' | 'expired';
  readonly expiration?: Date;
  /** How long before the end a refresh is first tried. */
  readonly advisoryWindowSeconds?: number;
  /** Until then a failed refresh is not tried again; absent once that time has come. */
  readonly nextAttemptAt?: Date;
  /** Why the last refresh failed; gone after the next one that succeeds. */
  readonly lastError?: Error;
}

declare global {
  // The declaration of lib.esnext.disposable, word for word, so that these types load with ES2022 alone too.
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol;
  }
}

/** A credential provider that fits `credentials:` of every AWS SDK v3 client. */
export interface WebIdentityProvider {
  (properties?: IdentityProperties): Promise<AwsCredentialIdentity>;
  /** Tells SDK clients not to cache once more on top. */
  readonly memoized: true;
  /** Has the next call refresh, if the cached credential is this one (or whichever it is, without an argument). */
  invalidate(accessKeyId?: string): void;
  snapshot(): CredentialSnapshot;
  /** Releases this handle; a shared engine ends with its last handle. */
  close(): void;
  [Symbol.asyncDispose](): Promise<void>;
}
