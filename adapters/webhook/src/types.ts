import type {
  PartialMutationSettings,
  PodIdentityAssociations,
  RoleMappings,
  ServiceAccount,
} from 'irsa/patch';

/**
 * Looks up a ServiceAccount: from memory (`(namespace, name) => accounts.get(…)`) or, where it must ask somebody, as a promise.
 * A rejection means "not known whether it exists": the review is then refused (503), so that the failurePolicy decides.
 */
export type FindServiceAccount = (
  namespace: string,
  name: string,
) => ServiceAccount | undefined | PromiseLike<ServiceAccount | undefined>;

/** A value, or a function that gives its newest state at every review. */
export type Live<T> = T | (() => T | undefined);

/** What happened to one HTTP request: what metrics and logs are made of. Never a part of a pod beyond its name. */
export interface RequestEvent {
  readonly route: 'mutate' | 'healthz' | 'readyz' | 'other';
  /** The HTTP status that was sent. */
  readonly status: number;
  /** From the request's headers to the answer handed to the socket. */
  readonly seconds: number;
  /** `mutated`, a skip reason, `rejected`, or for an answer other than 200 why it was refused. A closed set: fit for a label. */
  readonly decision: string;
  readonly uid?: string;
  readonly namespace?: string;
  readonly serviceAccount?: string;
  /** The fault behind a 500 or 503. */
  readonly error?: unknown;
}

/** What {@link createWebhookHandler} needs. */
export interface WebhookHandlerOptions {
  readonly findServiceAccount: FindServiceAccount;
  /** Default: the defaults of `irsa/patch`. */
  readonly settings?: PartialMutationSettings;
  /** Default: none. */
  readonly roleMappings?: Live<RoleMappings>;
  /** Default: none. */
  readonly podIdentityAssociations?: Live<PodIdentityAssociations>;
  /** Why no review may be answered yet; undefined when ready. Default: always ready. */
  readonly notReady?: () => string | undefined;
  /** A sentence for whoever creates a pod, added to every review's warnings, e.g. that the cache is behind. Default: none. */
  readonly notice?: () => string | undefined;
  /** Default: nothing is observed. */
  readonly observe?: (event: RequestEvent) => void;
  /** Default 7 MiB, see {@link defaultMaxBodyBytes}. */
  readonly maxBodyBytes?: number;
  /** Requests held at the same time before new ones are shed. Default 1,000. */
  readonly maxInFlight?: number;
  /** Bytes of bodies held at the same time before new requests are shed. Default 128 MiB. */
  readonly maxBufferedBytes?: number;
  /** A number in [0, 1) for the jitter of container-credentials mode. Default `Math.random`. */
  readonly random?: () => number;
}

/** TLS settings of the server. */
export interface TlsOptions {
  /** Default `TLSv1.2`. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3';
  /** OpenSSL or IANA names, most wanted first. Default: those of Node.js. */
  readonly ciphers?: readonly string[];
}

/** A certificate chain and its private key, both PEM. */
export interface CertificatePair {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}

/** What {@link startWebhookServer} needs. */
export interface WebhookServerOptions extends WebhookHandlerOptions {
  readonly certificate: CertificatePair;
  readonly tls?: TlsOptions;
  /** An address, or '' for every one, IPv4 and IPv6. Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** Time limits of the server, see {@link defaultTimeouts}. */
  readonly timeouts?: Partial<ServerTimeouts>;
  /** Connections held at the same time; further ones are dropped before their handshake. Default 1,024: each that sends reviews of 33 kB takes 0.15 MiB, and the manifests allow 384. */
  readonly maxConnections?: number;
  /** Called for each connection past them. Default: nothing is told. */
  readonly onDrop?: () => void;
}

/** Every wait of the server has an end; all in milliseconds. */
export interface ServerTimeouts {
  /** The TLS handshake. Default 5,000. */
  readonly handshakeMs: number;
  /** All headers of a request (slow loris). Default 5,000. */
  readonly headersMs: number;
  /** The whole request. Default 15,000; the API server gives up after 10,000 (at most 30,000). */
  readonly requestMs: number;
  /** An idle kept-alive connection. Default 120,000: longer than the API server's own 90,000, so that it never sends into a closing one. */
  readonly idleMs: number;
  /** A client that reads nothing. Default 20,000. */
  readonly stalledMs: number;
}

/** How a running server ends. */
export interface CloseOptions {
  /** Go on answering this long while `/readyz` already says no, so that the Service forgets this replica. Default 0. */
  readonly lameDuckMs?: number;
  /** After that, time for requests in flight. Default 10,000. */
  readonly drainMs?: number;
}

/** A running admission server. */
export interface WebhookServer {
  /** `https://HOST:PORT`; reviews go to `/mutate`. */
  readonly url: string;
  readonly port: number;
  /** Reviews held now. */
  readonly inFlight: () => number;
  /** Serves this pair from the next handshake on; throws and keeps the old one when it cannot be used. */
  setCertificate(pair: CertificatePair): void;
  /** Readiness off, lame duck, requests in flight finished, port closed. Calling it again waits for the same end. */
  close(options?: CloseOptions): Promise<void>;
}
