/** How the API server is reached now; credentials may change from one call to the next. */
export interface ClusterAccess {
  readonly host: string;
  readonly port: number;
  /** What stands before every path, where the server lies behind a gateway: `/k8s/clusters/c-1`. Default none. */
  readonly basePath?: string;
  /** Default: the authorities that Node.js trusts. */
  readonly caPem?: string;
  /** A client certificate and its key. */
  readonly certificatePem?: string;
  readonly privateKeyPem?: string;
  /** Sent with each request, e.g. `authorization`. */
  readonly headers: Readonly<Record<string, string>>;
  /** The name that the server's certificate must have; default `host`. */
  readonly serverName?: string;
  /** Default false; true only where a kubeconfig says `insecure-skip-tls-verify`. */
  readonly skipVerification?: boolean;
}

/** Reads the access anew: tokens rotate, kubeconfig files change. */
export type LoadClusterAccess = () => Promise<ClusterAccess>;

/** One call to the API server. */
export interface KubernetesRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH';
  /** With the query, e.g. `/api/v1/serviceaccounts?limit=500`. */
  readonly path: string;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Default `application/json`. */
  readonly contentType?: string;
  /** Default 10,000. */
  readonly timeoutMs?: number;
}

/** What the API server answered; any status. */
export interface KubernetesAnswer {
  readonly status: number;
  /** The parsed JSON, or undefined where the body is no JSON. */
  readonly body: unknown;
}

/** A call whose answer comes line by line for as long as the server likes. */
export interface KubernetesStream {
  readonly path: string;
  /** Called for each line of a 200 answer, the parsed JSON of it. Throwing ends the stream with that error. */
  readonly onEvent: (event: unknown) => void;
  /** Called once when a 200 has come. */
  readonly onOpen?: () => void;
  /** The stream is given up when nothing comes for this long. */
  readonly silentMs: number;
  readonly signal: AbortSignal;
}

/** The part of the Kubernetes API that this adapter calls. */
export interface KubernetesClient {
  /** Rejects when no answer came; any HTTP status is an answer. */
  request(request: KubernetesRequest): Promise<KubernetesAnswer>;
  /** Resolves when the server ends the stream (200) or refuses it; rejects when the connection breaks or goes silent. */
  stream(stream: KubernetesStream): Promise<KubernetesAnswer>;
  /** Ends what is under way, with a rejection. */
  readonly close: () => void;
}

/** The metadata that every Kubernetes object has, as far as it is read here. */
export interface ObjectMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly resourceVersion: string;
  readonly annotations: Readonly<Record<string, string>>;
}
