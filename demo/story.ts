import type { ServerIdentity } from 'irsa/certs';
import { s3Issuer, type Issuer } from 'irsa/oidc';

/** What every step knows: the cast of the walk-through. */
export const story: {
  readonly region: string;
  readonly issuer: Issuer;
  readonly roleName: string;
  readonly bucket: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly audience: string;
} = {
  region: 'us-west-2',
  issuer: s3Issuer({ bucket: 'irsa-oidc-demo', region: 'us-west-2' }),
  roleName: 's3-echoer',
  bucket: 's3-echoer-1569492654',
  namespace: 'default',
  serviceAccount: 's3-echoer',
  audience: 'sts.amazonaws.com',
};

/** What a test breaks on purpose. */
export interface Breaks {
  /** Publishes a JWKS of another key only. */
  readonly jwksWithoutKey?: boolean;
  /** The service account that the trust policy names; default the workload's. */
  readonly trustedServiceAccount?: string;
  /** Where the token's mount is moved to after the webhook has answered. */
  readonly mountPath?: string;
  /** The token's age in seconds when it is written; default 0. */
  readonly tokenAgeSeconds?: number;
  /** Goes on past each step's own check, so that STS has to refuse. */
  readonly skipChecks?: boolean;
}

/** What a step is given beside the results of the ones before. */
export interface Stage {
  /** Tells the reader a line of the story. */
  readonly tell: (line: string) => void;
  readonly breaks: Breaks;
  /** The serving identity of what stands in for the public network: issuer and AWS. */
  readonly tls: ServerIdentity;
  /** Ports to insist on; default: free ones. */
  readonly ports: { readonly issuer?: number; readonly aws?: number; readonly webhook?: number };
  /** Has something undone at the end, last come first. */
  readonly cleanUp: (undo: () => Promise<unknown>) => void;
  /** A step's own check of what it made: throws the message unless it holds. */
  readonly check: (holds: boolean, message: string) => void;
}
