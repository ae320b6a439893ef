/** One HTTP request as the services see it: read whole, names of headers in lower case. */
export interface AwsRequest {
  readonly method: string;
  /** As sent, percent-encoded, without the query. */
  readonly path: string;
  /** Decoded, in the order sent. */
  readonly query: readonly (readonly [string, string])[];
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** The answer to it. */
export interface AwsReply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** The parameters of a query API call. */
export type QueryParameters = ReadonlyMap<string, string>;

/** Who asks. */
export type Caller =
  | { readonly kind: 'administrator'; readonly accessKeyId: string }
  | { readonly kind: 'session'; readonly accessKeyId: string; readonly session: Session }
  | { readonly kind: 'anonymous' };

/** Temporary credentials that STS has handed out. */
export interface Session {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
  readonly roleName: string;
  readonly roleSessionName: string;
  /** `arn:…:sts::…:assumed-role/ROLE/SESSION` */
  readonly arn: string;
  /** `AROA…:SESSION` */
  readonly userId: string;
  /** The session policy passed to STS: the session may do what both it and the role's policies allow. */
  readonly policy?: string;
}

/** What one value of the request's query is; undefined where it is absent. */
export function queryValue(request: AwsRequest, name: string): string | undefined {
  return request.query.find(([key]) => key === name)?.[1];
}

/** Reads a query string or form body: `+` is a space, a name without `=` has the empty value. */
export function parseQuery(text: string): (readonly [string, string])[] {
  const decode = (part: string): string => {
    try {
      return decodeURIComponent(part.replaceAll('+', ' '));
    } catch {
      return part;
    }
  };
  return text
    .split('&')
    .filter((part) => part !== '')
    .map((part) => {
      const at = part.indexOf('=');
      return at === -1
        ? ([decode(part), ''] as const)
        : ([decode(part.slice(0, at)), decode(part.slice(at + 1))] as const);
    });
}
