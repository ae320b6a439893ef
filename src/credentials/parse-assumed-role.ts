import type { AwsCredentialIdentity } from './types.js';

const read = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)[name]
    : undefined;

const incomplete = (what: string): Error =>
  Object.assign(
    new Error(
      `STS answered without ${what}; what stands between here and STS may have changed the answer`,
    ),
    { name: 'IncompleteAnswer' },
  );

/** What an answer of the STS port must hold. */
export interface ParsedRole {
  readonly credentials: AwsCredentialIdentity;
  readonly serverDate?: Date;
}

/** Checks what the STS port returned, so that half an answer never becomes a credential. */
export function parseAssumedRole(role: unknown): ParsedRole {
  const given = read(role, 'credentials');
  const text = (name: string): string => {
    const value = read(given, name);
    if (typeof value !== 'string' || value === '') throw incomplete(`credentials.${name}`);
    return value;
  };
  const expiration = read(given, 'expiration');
  if (!(expiration instanceof Date) || Number.isNaN(expiration.getTime())) {
    throw incomplete('a valid credentials.expiration');
  }
  const accountId = read(role, 'accountId');
  const serverDate = read(role, 'serverDate');
  const source = read(given, '$source');
  return {
    credentials: {
      accessKeyId: text('accessKeyId'),
      secretAccessKey: text('secretAccessKey'),
      sessionToken: text('sessionToken'),
      expiration,
      ...(typeof accountId === 'string' && accountId !== '' && { accountId }),
      // The SDK's own note of where credentials come from, for its user agent.
      ...(typeof source === 'object' && source !== null && { $source: source }),
    },
    ...(serverDate instanceof Date && !Number.isNaN(serverDate.getTime()) && { serverDate }),
  };
}
