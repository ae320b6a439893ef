import { createHash } from 'node:crypto';
import { Agent } from 'node:https';
import { IAMClient } from '@aws-sdk/client-iam';
import { S3Client } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { applyIssuerChanges, observeIssuer, type ApplyOptions, type AwsClients } from 'irsa-aws';
import {
  buildOidcProvider,
  planIssuer,
  type IssuerChange,
  type IssuerObject,
  type IssuerSpec,
} from 'irsa/iam';
import { startLocalAws, type LocalAws } from 'irsa/testing';

export const accountId = '111122223333';
export const bucket = 'my-oidc';
export const issuer = 'https://my-oidc.s3.us-west-2.amazonaws.com';

export const documentOf = (path: string, body: string): IssuerObject => ({
  path,
  body,
  contentType: path.includes('jwks') ? 'application/jwk-set+json' : 'application/json',
  cacheControl: 'public, max-age=3600',
  sha256: createHash('sha256').update(body).digest('hex'),
});

export const spec: IssuerSpec = {
  name: 'cluster-1',
  accountId,
  issuer,
  target: { kind: 's3', bucket, region: 'us-west-2', via: 'public' },
  documents: [
    documentOf('.well-known/openid-configuration', JSON.stringify({ issuer })),
    documentOf('openid/v1/jwks', JSON.stringify({ keys: [{ kid: 'k1' }] })),
  ],
  roles: [{ roleName: 's3-echoer', subjects: [{ namespace: 'default', name: 's3-echoer' }] }],
  tags: { team: 'platform' },
  // So that tests may go back from the drifted issuer, which has a second key.
  retiredKids: ['k2'],
};

/** Fails a test, any of them, with the first S3 request that does not name the account that must own the bucket. */
const assertOwnerNamed = (s3: S3Client, seen: string[]): void => {
  s3.middlewareStack.add(
    (next, { commandName = '' }) =>
      async (args) => {
        const { headers } = args.request as { readonly headers: Record<string, string> };
        const owner = headers['x-amz-expected-bucket-owner'];
        seen.push(commandName);
        // The creation cannot name one: there is no owner yet.
        if (owner === undefined && commandName !== 'CreateBucketCommand')
          throw new Error(`${commandName} does not name the owner of the bucket`);
        return next(args);
      },
    { step: 'finalizeRequest' },
  );
};

/** A local AWS, and the official clients that talk to it over https. */
export interface LocalTarget {
  readonly aws: LocalAws;
  /** For the adapter: each S3 request must name the bucket's owner. */
  readonly clients: AwsClients & { readonly s3: S3Client; readonly iam: IAMClient };
  /** The S3 requests of the adapter, each of which named the owner. */
  readonly ownerNamed: readonly string[];
  /** For what a test does itself. */
  readonly s3: S3Client;
  readonly iam: IAMClient;
  /** Plans from what is there. */
  plan(desired?: IssuerSpec): Promise<IssuerChange[]>;
  /** Observes, plans, applies. */
  run(desired?: IssuerSpec, options?: Partial<ApplyOptions>): ReturnType<typeof applyIssuerChanges>;
  close(): Promise<void>;
}

export async function startLocalTarget(
  options: { readonly region?: string; /** Default true. */ readonly tls?: boolean } = {},
): Promise<LocalTarget> {
  const { region = 'us-west-2', tls = true } = options;
  const aws = await startLocalAws({ region, ...(tls ? {} : { tls: false }) });
  const settings = {
    endpoint: aws.endpoint,
    credentials: aws.administrator,
    requestHandler: new NodeHttpHandler({
      httpsAgent: new Agent({ ca: aws.caPem, keepAlive: true }),
    }),
    maxAttempts: 1,
  };
  const makeS3 = (): S3Client => new S3Client({ ...settings, region, forcePathStyle: true });
  const iam = new IAMClient({ ...settings, region: 'us-east-1' });
  const clients = { s3: makeS3(), iam };
  const ownerNamed: string[] = [];
  assertOwnerNamed(clients.s3, ownerNamed);
  const plan = async (desired = spec): Promise<IssuerChange[]> =>
    planIssuer({ desired, observed: await observeIssuer({ spec: desired, clients }) });
  return {
    aws,
    clients,
    ownerNamed,
    s3: makeS3(),
    iam,
    plan,
    run: async (desired = spec, options = {}) =>
      applyIssuerChanges(await plan(desired), { spec: desired, clients, ...options }),
    close: () => aws.close(),
  };
}

export const absentSpec: IssuerSpec = { ...spec, state: 'absent', releaseBucketName: true };

/** A drifted issuer whose repair calls what a first run does not: audiences, thumbprints, tags. */
export const driftedSpec: IssuerSpec = {
  ...spec,
  documents: [
    ...spec.documents.slice(0, 1),
    documentOf('openid/v1/jwks', JSON.stringify({ keys: [{ kid: 'k1' }, { kid: 'k2' }] })),
  ],
  tags: { team: 'other' },
  provider: buildOidcProvider({
    issuer,
    audiences: ['sts.amazonaws.com', 'b'],
    thumbprints: ['a'.repeat(40)],
  }),
  roles: [{ roleName: 's3-echoer', subjects: [{ namespace: 'default', name: 'other' }] }],
};

/** The calls that one run makes, in the order of their first use. */
export async function operationsOf(local: LocalTarget, desired: IssuerSpec): Promise<string[]> {
  const before = local.aws.requests().length;
  await local.run(desired);
  return [
    ...new Set(
      local.aws
        .requests()
        .slice(before)
        .map(({ operation }) => operation),
    ),
  ];
}
