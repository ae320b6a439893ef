import type { STSClient } from '@aws-sdk/client-sts';
import type { AssumedRole, AssumeRoleInput, AssumeRoleWithWebIdentity } from './types.js';

/** The part of an `STSClient` that is used here. */
export interface StsClientLike {
  send(command: never, options?: never): Promise<unknown>;
}

/** Which STS to call, and how. */
export interface StsSettings {
  readonly region: string;
  /** Default: AWS_ENDPOINT_URL_STS, AWS_ENDPOINT_URL, the profile, else the region's own, as the SDK does. */
  readonly endpoint?: string | undefined;
  readonly useFipsEndpoint?: boolean | undefined;
  readonly useDualstackEndpoint?: boolean | undefined;
  /** `https://sts.amazonaws.com` for the old commercial regions (AWS_STS_REGIONAL_ENDPOINTS=legacy). */
  readonly useGlobalEndpoint?: boolean | undefined;
  readonly profile?: string | undefined;
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** Tries inside the client; 1 leaves trying again to the engine. */
  readonly maxAttempts: number;
  readonly policy?: string | undefined;
  readonly policyArns?: readonly string[] | undefined;
  readonly providerId?: string | undefined;
  /** An `STSClient` of the caller's, used instead of one of ours. */
  readonly client?: StsClientLike | undefined;
  /** Notes for the SDK's user agent on where the credentials come from. */
  readonly source?: Readonly<Record<string, string>> | undefined;
}

/** The port to STS, with the client that it keeps. */
export interface StsPort {
  readonly assumeRole: AssumeRoleWithWebIdentity;
  /** Closes the connections; a client of the caller's stays open. */
  readonly destroy: () => void;
}

const dateOf = (response: unknown): Date | undefined => {
  const headers: unknown =
    typeof response === 'object' && response !== null && 'headers' in response
      ? response.headers
      : undefined;
  if (typeof headers !== 'object' || headers === null) return undefined;
  const name = Object.keys(headers).find((key) => key.toLowerCase() === 'date');
  const text: unknown =
    name === undefined ? undefined : (headers as Readonly<Record<string, unknown>>)[name];
  const date = typeof text === 'string' ? new Date(text) : undefined;
  return date === undefined || Number.isNaN(date.getTime()) ? undefined : date;
};

const accountOf = (arn: string | undefined): string | undefined => {
  const account = arn?.split(':')[4];
  return account === undefined || account === '' ? undefined : account;
};

const createClient = async (settings: StsSettings): Promise<STSClient> => {
  const sdk = await import('@aws-sdk/client-sts');
  return new sdk.STSClient({
    region: settings.region,
    maxAttempts: settings.maxAttempts,
    ...(settings.endpoint !== undefined && { endpoint: settings.endpoint }),
    ...(settings.profile !== undefined && { profile: settings.profile }),
    useFipsEndpoint: settings.useFipsEndpoint ?? false,
    useDualstackEndpoint: settings.useDualstackEndpoint ?? false,
    useGlobalEndpoint: settings.useGlobalEndpoint ?? false,
    requestHandler: {
      connectionTimeout: settings.connectTimeoutMs,
      requestTimeout: settings.requestTimeoutMs,
      throwOnRequestTimeout: true,
    },
  });
};

/**
 * Calls AssumeRoleWithWebIdentity through one `STSClient`, which is imported and made at the first call and then reused.
 */
export function assumeRoleWithSts(settings: StsSettings): StsPort {
  let made: Promise<STSClient> | undefined;

  const assumeRole = async (input: AssumeRoleInput): Promise<AssumedRole> => {
    const { AssumeRoleWithWebIdentityCommand } = await import('@aws-sdk/client-sts');
    // A caller's own client is an STSClient, of whichever copy of the SDK.
    const client =
      (settings.client as STSClient | undefined) ?? (await (made ??= createClient(settings)));
    const command = new AssumeRoleWithWebIdentityCommand({
      RoleArn: input.roleArn,
      RoleSessionName: input.roleSessionName,
      WebIdentityToken: input.webIdentityToken,
      DurationSeconds: input.durationSeconds,
      Policy: settings.policy,
      PolicyArns: settings.policyArns?.map((arn) => ({ arn })),
      ProviderId: settings.providerId,
    });
    let serverDate: Date | undefined;
    command.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args);
        serverDate = dateOf(result.response);
        return result;
      },
      { step: 'deserialize', name: 'serverDate', priority: 'high' },
    );
    const signal = input.signal as AbortSignal;
    const { Credentials: found, AssumedRoleUser } = await client.send(command, {
      abortSignal: signal,
    });
    const accountId = accountOf(AssumedRoleUser?.Arn);
    const $source = {
      CREDENTIALS_STS_ASSUME_ROLE_WEB_ID: 'k',
      ...(accountId !== undefined && { RESOLVED_ACCOUNT_ID: 'T' }),
      ...settings.source,
    };
    const credentials = {
      accessKeyId: found?.AccessKeyId ?? '',
      secretAccessKey: found?.SecretAccessKey ?? '',
      sessionToken: found?.SessionToken ?? '',
      // Checked by the engine: an answer without it is no answer.
      expiration: found?.Expiration ?? new Date(Number.NaN),
      $source,
    };
    return {
      credentials,
      ...(accountId !== undefined && { accountId }),
      ...(serverDate !== undefined && { serverDate }),
    };
  };

  return {
    assumeRole,
    destroy: () => {
      void made?.then((client) => {
        client.destroy();
      });
      made = undefined;
    },
  };
}
