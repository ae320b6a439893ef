import { setTimeout as sleep } from 'node:timers/promises';
import { assumeRole } from '../clients/assume-role.js';
import { sendHttps } from '../clients/send-https.js';
import type { FleetMember, KeyFleet } from './key-fleet.js';
import { requestToken } from './request-token.js';
import { projectedClaims, signToken } from './sign-token.js';

/** What became of the tokens so far. */
export interface TokenWatch {
  readonly used: () => number;
  /** Valid tokens that somebody refused, in words. */
  readonly refused: () => readonly string[];
  /** Stops and waits for the calls under way. */
  stop(): Promise<void>;
}

interface LiveToken {
  readonly token: string;
  readonly expires: number;
  readonly kid: string;
  readonly kind: 'STS' | 'API server';
}

/**
 * At most so many: the two newest, the oldest, and others in turn, so that each token is used again and again until its end.
 * The verifier lets a role have 1,000 sessions that live, and each use at STS is one.
 */
function sample(tokens: readonly LiveToken[], most: number, round: number): LiveToken[] {
  const oldest = tokens.slice(0, 1);
  const newest = tokens.slice(1).slice(-2);
  const between = tokens.slice(1, tokens.length - newest.length);
  const stride = Math.max(1, Math.ceil(between.length / (most - 3)));
  const others = between.filter((_, index) => index % stride === round % stride);
  return [...oldest, ...others, ...newest];
}

/**
 * Keeps clients running: again and again a new token of each API server; tokens are used until they expire, at STS or at every
 * running API server. `key` signs tokens with the API server's key, because no API server gives any that live less than ten minutes.
 */
export function watchTokens(options: {
  readonly fleet: KeyFleet;
  readonly ca: string;
  readonly roleArn: string | ((issuer: string) => string);
  readonly lifetimeSeconds: number;
  readonly signedBy: 'key' | 'TokenRequest';
  readonly everyMs: number;
  readonly namespace: string;
  readonly serviceAccount: { readonly name: string; readonly uid: string };
  readonly apiAudience: string;
}): TokenWatch {
  const { fleet, ca, lifetimeSeconds, namespace, serviceAccount, signedBy } = options;
  const refused: string[] = [];
  let used = 0;
  let running = true;
  let round = 0;
  let tokens: LiveToken[] = [];
  const request = (member: FleetMember, audience: string): Promise<string> =>
    requestToken(member.running!.client, {
      namespace,
      serviceAccount: serviceAccount.name,
      audiences: [audience],
      expirationSeconds: lifetimeSeconds,
    });
  const sign = (member: FleetMember, audience: string, now: Date): string => {
    const claims = projectedClaims({
      issuer: member.issuers[0]!,
      namespace,
      serviceAccount: serviceAccount.name,
      serviceAccountUid: serviceAccount.uid,
      now,
      lifetimeSeconds,
      audience: [audience],
    });
    return signToken({
      privateKeyPem: member.signing.privateKeyPem,
      header: { alg: 'RS256', kid: member.signing.public.kid },
      claims,
    });
  };
  /** Nothing where the API server is just being stopped. */
  const mint = async (member: FleetMember, kind: LiveToken['kind']): Promise<LiveToken[]> => {
    const now = new Date();
    const audience = kind === 'STS' ? 'sts.amazonaws.com' : options.apiAudience;
    const { kid } = member.signing.public;
    const token =
      signedBy === 'key'
        ? sign(member, audience, now)
        : await request(member, audience).catch(() => undefined);
    if (token === undefined) return [];
    return [{ token, kid, kind, expires: now.getTime() + lifetimeSeconds * 1000 }];
  };
  const refuse = ({ kind, kid, expires }: LiveToken, why: string): void => {
    // A token that has ended while the answer was under way was no valid one.
    if (Date.now() >= expires) return;
    const when = new Date().toISOString();
    refused.push(`${when} ${kind} refused a token of ${kid.slice(0, 8)}: ${why}`);
  };
  const roleOf = (token: string): string => {
    if (typeof options.roleArn === 'string') return options.roleArn;
    const payload = Buffer.from(token.split('.')[1]!, 'base64url').toString('utf8');
    return options.roleArn((JSON.parse(payload) as { iss: string }).iss);
  };
  const use = async (live: LiveToken): Promise<void> => {
    if (live.kind === 'STS') {
      const answer = await assumeRole({
        ca,
        token: live.token,
        roleArn: roleOf(live.token),
        durationSeconds: 900,
      });
      used++;
      if (!answer.ok) refuse(live, `${answer.code}: ${answer.message}`);
      return;
    }
    for (const { running: api } of fleet.members()) {
      if (api === undefined) continue;
      const headers = { authorization: `Bearer ${live.token}` };
      // A server that is just being stopped refuses the connection, not the token.
      const answer = await sendHttps({ url: `${api.server}/version`, ca, headers }).catch(
        () => undefined,
      );
      if (answer === undefined) continue;
      used++;
      if (answer.status === 401) refuse(live, `401 of ${api.process.name}`);
    }
  };
  const loop = async (): Promise<void> => {
    while (running) {
      const signing = fleet.members().filter((member) => member.running !== undefined);
      const minted = signing.flatMap((member) => [mint(member, 'STS'), mint(member, 'API server')]);
      tokens.push(...(await Promise.all(minted)).flat());
      // The answer may come a moment after the question.
      tokens = tokens.filter(({ expires }) => expires > Date.now() + 500);
      const at = (kind: LiveToken['kind']): LiveToken[] =>
        tokens.filter((live) => live.kind === kind);
      await Promise.all(
        [...sample(at('STS'), 4, round), ...sample(at('API server'), 24, round)].map(use),
      );
      round++;
      await sleep(options.everyMs);
    }
  };
  const done = loop().catch((error: unknown) => {
    refused.push(`the clients stopped: ${String(error)}`);
  });
  return {
    used: () => used,
    refused: () => refused,
    stop: async () => {
      running = false;
      await done;
    },
  };
}
