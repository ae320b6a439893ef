import { AssumeRoleError } from './assume-role-error.js';
import { checkToken, hasExpired } from './check-token.js';
import { parseAssumedRole, type ParsedRole } from './parse-assumed-role.js';
import { roleSessionNameOf } from './role-session-name.js';
import {
  retryByClass,
  type FetchContext,
  type FetchCredentials,
  type RetryOptions,
  type WaitedFor,
} from './retry-by-class.js';
import type {
  AbortSignalLike,
  AssumeRoleWithWebIdentity,
  Now,
  ReadServerDate,
  ReadToken,
} from './types.js';

/** What {@link createWebIdentityFetch} needs. */
export interface WebIdentityFetchOptions extends RetryOptions {
  readonly roleArn: string;
  readonly roleSessionName?: string | undefined;
  readonly durationSeconds?: number | undefined;
  readonly validateToken: boolean;
  readonly readToken: ReadToken;
  readonly readServerDate?: ReadServerDate | undefined;
  readonly assumeRole: AssumeRoleWithWebIdentity;
  readonly now: Now;
}

/** Also what a chained role waits for. */
export const answerOfSts: WaitedFor = {
  what: 'an answer from STS',
  fix: 'check the way to STS (egress, proxy, VPC endpoint)',
};

const tokenRead: WaitedFor = {
  what: 'the token to be read',
  fix: 'check the volume of the token file, or your own readToken',
};

type Context = Pick<FetchContext, 'signal' | 'onWait'>;

/** The way from a token to credentials: read, check, ask STS, and try again by class of error. */
export function createWebIdentityFetch(options: WebIdentityFetchOptions): FetchCredentials {
  const { roleArn, roleSessionName, durationSeconds, readToken, readServerDate, assumeRole, now } =
    options;
  // STS's clock minus ours, once it has been heard: the node's may be hours off.
  let offsetMs: number | undefined;
  const hear = (serverDate: Date | undefined): void => {
    if (serverDate !== undefined) offsetMs = serverDate.getTime() - now();
  };

  const readText = async (onWait: FetchContext['onWait']): Promise<string> => {
    onWait(tokenRead);
    const token: unknown = await readToken();
    onWait(answerOfSts);
    // As the token file is read: what people write ends in a line feed.
    if (typeof token === 'string') return token.trim();
    throw new TypeError(`readToken: expected to get the token as text, got ${typeof token}`);
  };

  const read = async ({ signal, onWait }: Context): Promise<string> => {
    const token = await readText(onWait);
    if (!options.validateToken) return token;
    // A token that looks expired may be good, and the node's clock wrong: ask STS for its date, without the token.
    if (hasExpired(token, now() + (offsetMs ?? 0))) {
      hear(await readServerDate?.(signal).catch(() => undefined));
    }
    checkToken(token, now() + (offsetMs ?? 0));
    return token;
  };

  const ask = async (token: string, signal: AbortSignalLike): Promise<ParsedRole> => {
    try {
      const answer = await assumeRole({
        roleArn,
        roleSessionName: roleSessionName ?? roleSessionNameOf(token),
        webIdentityToken: token,
        ...(durationSeconds !== undefined && { durationSeconds }),
        signal,
      });
      const role = parseAssumedRole(answer);
      hear(role.serverDate);
      return role;
    } catch (cause) {
      throw new AssumeRoleError(cause, { roleArn, token });
    }
  };

  return retryByClass(async ({ signal, onWait }) => {
    const token = await read({ signal, onWait });
    try {
      return await ask(token, signal);
    } catch (error) {
      const isOld = error instanceof AssumeRoleError && error.explanation.class === 'expired-token';
      // The kubelet may have rotated the file meanwhile: one more call, and only with another text.
      if (!isOld || (await readText(onWait)) === token) throw error;
      return ask(await read({ signal, onWait }), signal);
    }
  }, options);
}
