import type { STSClient, STSClientConfig } from '@aws-sdk/client-sts';
import type { Pluggable } from '@smithy/types';
import type {
  AssumedRole,
  AssumeRoleInput,
  AssumeRoleWithWebIdentity,
  AwsCredentialIdentity,
  AbortSignalLike,
  ReadServerDate,
} from './types.js';

/** The part of an `STSClient` that is used here. */
export interface StsClientLike {
  /** Its region counts where no region option is given; role chaining goes its way too. */
  readonly config?: {
    readonly region?: string | (() => Promise<string>);
    readonly endpoint?: unknown;
    readonly requestHandler?: unknown;
    readonly useFipsEndpoint?: unknown;
    readonly useDualstackEndpoint?: unknown;
  };
  send(command: never, options?: never): Promise<unknown>;
}

/** Which STS to call, and how. */
export interface StsSettings {
  readonly region: string;
  /** Default: AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, the profile, else the region's own, as the SDK does. */
  readonly endpoint?: string | undefined;
  readonly useFipsEndpoint: boolean;
  readonly useDualstackEndpoint: boolean;
  readonly profile?: string | undefined;
  /** URL of an http proxy to tunnel through. */
  readonly proxy?: string | undefined;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Tries inside the client; 1 leaves trying again to the engine. */
  readonly maxAttempts: number;
  /** An `STSClient` of the caller's, used instead of one of ours. */
  readonly client?: StsClientLike | undefined;
}

/** What narrows or names the session, beyond the role itself. */
export interface SessionSettings {
  readonly policy?: string | undefined;
  readonly policyArns?: readonly string[] | undefined;
  readonly providerId?: string | undefined;
  /** Notes for the SDK's user agent on where the credentials come from. */
  readonly source?: Readonly<Record<string, string>> | undefined;
}

/** A role to go on to with the credentials of the first one. */
export interface ChainedRoleInput {
  readonly roleArn: string;
  readonly roleSessionName: string;
  readonly durationSeconds?: number | undefined;
  readonly externalId?: string | undefined;
  readonly sourceIdentity?: string | undefined;
  readonly policy?: string | undefined;
  readonly policyArns?: readonly string[] | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
  readonly transitiveTagKeys?: readonly string[] | undefined;
  readonly signal: AbortSignalLike;
}

/** The port to STS, with the client that it keeps. */
export interface StsPort {
  readonly assumeRole: AssumeRoleWithWebIdentity;
  readonly assumeChainedRole: (input: ChainedRoleInput) => Promise<AssumedRole>;
  readonly readServerDate: ReadServerDate;
  /** Closes the connections; a client of the caller's stays open. */
  readonly destroy: () => void;
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;

const dateOf = (response: unknown): Date | undefined => {
  const headers = field(response, 'headers');
  if (typeof headers !== 'object' || headers === null) return undefined;
  const name = Object.keys(headers).find((key) => key.toLowerCase() === 'date');
  const text = name === undefined ? undefined : field(headers, name);
  const date = typeof text === 'string' ? new Date(text) : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date;
};

// A body that nobody reads keeps its connection busy.
const drain = (body: unknown): void => {
  if (typeof body === 'object' && body !== null && 'resume' in body) {
    (body as { resume: () => void }).resume();
  }
};

const accountOf = (arn: string | undefined): string | undefined => {
  const account = arn?.split(':')[4];
  return account === undefined || account === '' ? undefined : account;
};

const createClient = async (
  settings: StsSettings,
  credentials: (() => Promise<AwsCredentialIdentity>) | undefined,
): Promise<STSClient> => {
  const { STSClient } = await import('@aws-sdk/client-sts');
  const { profile, proxy } = settings;
  // A caller's client cannot sign with the first role's credentials, so one of ours goes its way.
  const lent = (settings.client?.config ?? {}) as Partial<STSClientConfig>;
  const endpoint = lent.endpoint ?? settings.endpoint;
  const agent =
    proxy === undefined || lent.requestHandler !== undefined
      ? undefined
      : new (await import('https-proxy-agent')).HttpsProxyAgent(proxy, { keepAlive: true });
  return new STSClient({
    region: settings.region,
    maxAttempts: settings.maxAttempts,
    ...(endpoint !== undefined && { endpoint }),
    ...(profile !== undefined && { profile }),
    ...(credentials !== undefined && { credentials }),
    useFipsEndpoint: lent.useFipsEndpoint ?? settings.useFipsEndpoint,
    useDualstackEndpoint: lent.useDualstackEndpoint ?? settings.useDualstackEndpoint,
    requestHandler: lent.requestHandler ?? {
      connectionTimeout: settings.connectTimeoutMs,
      requestTimeout: settings.requestTimeoutMs,
      // Without it the SDK only warns, and a hung STS is waited for for ever.
      throwOnRequestTimeout: true,
      ...(agent !== undefined && { httpAgent: agent, httpsAgent: agent }),
    },
  });
};

interface Answer {
  readonly Credentials?:
    | {
        readonly AccessKeyId: string | undefined;
        readonly SecretAccessKey: string | undefined;
        readonly SessionToken: string | undefined;
        readonly Expiration: Date | undefined;
      }
    | undefined;
  readonly AssumedRoleUser?: { readonly Arn: string | undefined } | undefined;
}

const roleOf = (
  { Credentials: found, AssumedRoleUser }: Answer,
  serverDate: Date | undefined,
  source: Readonly<Record<string, string>>,
): AssumedRole => {
  const accountId = accountOf(AssumedRoleUser?.Arn);
  const credentials = {
    accessKeyId: found?.AccessKeyId ?? '',
    secretAccessKey: found?.SecretAccessKey ?? '',
    sessionToken: found?.SessionToken ?? '',
    // Checked by the engine: an answer without it is no answer.
    expiration: found?.Expiration ?? new Date(Number.NaN),
    $source: { ...source, ...(accountId !== undefined && { RESOLVED_ACCOUNT_ID: 'T' }) },
  };
  return {
    credentials,
    ...(accountId !== undefined && { accountId }),
    ...(serverDate !== undefined && { serverDate }),
  };
};

/** A plugin that notes the `Date` header of the answer. */
const hearDate = <Input extends object, Output extends object>(heard: {
  date?: Date;
}): Pluggable<Input, Output> => ({
  applyToStack: (stack) => {
    stack.add(
      (next) => async (args) => {
        const result = await next(args);
        const date = dateOf(result.response);
        if (date !== undefined) heard.date = date;
        return result;
      },
      { step: 'deserialize', name: 'hearDate', priority: 'high' },
    );
  },
});

const arnsOf = (arns: readonly string[] | undefined): { arn: string }[] | undefined =>
  arns?.map((arn) => ({ arn }));

/**
 * Calls STS through one `STSClient`, which is imported and made at the first call and then reused.
 *
 * @param base - signs calls that need a signature (role chaining), which a client of the caller's cannot
 */
export function assumeRoleWithSts(
  settings: StsSettings,
  session: SessionSettings = {},
  base?: () => Promise<AwsCredentialIdentity>,
): StsPort {
  let made: Promise<STSClient> | undefined;
  const clientNow = (): Promise<STSClient> =>
    settings.client === undefined || base !== undefined
      ? (made ??= createClient(settings, base))
      : // A caller's own client is an STSClient, of whichever copy of the SDK.
        (Promise.resolve(settings.client) as Promise<unknown> as Promise<STSClient>);

  const assumeRole = async (input: AssumeRoleInput): Promise<AssumedRole> => {
    const { AssumeRoleWithWebIdentityCommand } = await import('@aws-sdk/client-sts');
    const command = new AssumeRoleWithWebIdentityCommand({
      RoleArn: input.roleArn,
      RoleSessionName: input.roleSessionName,
      WebIdentityToken: input.webIdentityToken,
      DurationSeconds: input.durationSeconds,
      Policy: session.policy,
      PolicyArns: arnsOf(session.policyArns),
      ProviderId: session.providerId,
    });
    const heard: { date?: Date } = {};
    command.middlewareStack.use(hearDate(heard));
    const client = await clientNow();
    const answer = await client.send(command, { abortSignal: input.signal as AbortSignal });
    return roleOf(answer, heard.date, {
      CREDENTIALS_STS_ASSUME_ROLE_WEB_ID: 'k',
      ...session.source,
    });
  };

  const assumeChainedRole = async (input: ChainedRoleInput): Promise<AssumedRole> => {
    const { AssumeRoleCommand } = await import('@aws-sdk/client-sts');
    const command = new AssumeRoleCommand({
      RoleArn: input.roleArn,
      RoleSessionName: input.roleSessionName,
      DurationSeconds: input.durationSeconds,
      ExternalId: input.externalId,
      SourceIdentity: input.sourceIdentity,
      Policy: input.policy,
      PolicyArns: arnsOf(input.policyArns),
      Tags: input.tags && Object.entries(input.tags).map(([Key, Value]) => ({ Key, Value })),
      TransitiveTagKeys: input.transitiveTagKeys && [...input.transitiveTagKeys],
    });
    const heard: { date?: Date } = {};
    command.middlewareStack.use(hearDate(heard));
    const client = await clientNow();
    const answer = await client.send(command, { abortSignal: input.signal as AbortSignal });
    return roleOf(answer, heard.date, { CREDENTIALS_STS_ASSUME_ROLE: 'i' });
  };

  // A bare GET to the same endpoint, through the same agent: any answer carries the date, and no token travels.
  const readServerDate = async (signal: AbortSignalLike): Promise<Date | undefined> => {
    const { AssumeRoleWithWebIdentityCommand } = await import('@aws-sdk/client-sts');
    const client = await clientNow();
    // A command that needs no signature; its parameters are never sent.
    const command = new AssumeRoleWithWebIdentityCommand({
      RoleArn: 'none',
      RoleSessionName: 'none',
      WebIdentityToken: 'none',
    });
    let serverDate: Date | undefined;
    command.middlewareStack.add(
      () => async (args) => {
        // No header of the form that is not sent: a length without a body would be waited for.
        const request = {
          ...(args.request as object),
          method: 'GET',
          path: '/',
          headers: {},
          body: undefined,
        };
        const answer: unknown = await client.config.requestHandler.handle(request as never, {
          abortSignal: signal as AbortSignal,
        });
        const response = field(answer, 'response');
        serverDate = dateOf(response);
        drain(field(response, 'body'));
        return { response, output: { $metadata: {} } };
      },
      { step: 'build', name: 'serverDate', priority: 'low' },
    );
    await client.send(command);
    return serverDate;
  };

  return {
    assumeRole,
    assumeChainedRole,
    readServerDate,
    destroy: () => {
      // Connections that a caller's client has lent stay open.
      const isLent = settings.client?.config?.requestHandler !== undefined;
      void (isLent ? undefined : made)?.then(
        (client) => {
          client.destroy();
        },
        () => {},
      );
      made = undefined;
    },
  };
}
