import type { Command } from 'commander';
import type { JwkSetLike, RotationFacts } from 'irsa/oidc';
import { fetchJwks } from './fetch-issuer-documents.js';
import { readJwks } from './read-jwks.js';
import { readKeys } from './read-keys.js';
import type { CliIo } from './types.js';
import { UsageError } from './usage-error.js';
import { wholeNumber } from './whole-number.js';

const seconds = wholeNumber(0, 4_294_967_296);

/** Where the facts of a rotation come from. */
export interface RotationOptions {
  readonly issuer?: string;
  readonly jwks?: string;
  readonly apiServer: string[];
  readonly publishedSince?: string;
  readonly nextKey?: string;
  readonly compromised?: string[];
  readonly webIdentityTokenSeconds: number;
  readonly apiTokenSeconds: number;
}

/** Adds the options of a rotation. */
export function addRotationOptions(command: Command): Command {
  return command
    .option('--issuer <url>', 'read the published keys there')
    .option('--jwks <file>', 'or from this file')
    .option('--published-since <time>', 'when the published keys changed last (default: now)')
    .requiredOption(
      '--api-server <facts...>',
      'each as NAME=SIGNING:ACCEPTED,ACCEPTED[@SINCE]: the key file or kid it signs with, those it accepts, since when it signs so',
    )
    .option('--next-key <file>', 'the public key to go over to')
    .option('--compromised <kid...>', 'keys that have leaked')
    .option('--web-identity-token-seconds <seconds>', 'longest AWS token', seconds, 86_400)
    .option(
      '--api-token-seconds <seconds>',
      'longest token for the API server',
      seconds,
      31_536_000,
    );
}

/** The facts that the options name. */
export async function rotationFacts(options: RotationOptions, io: CliIo): Promise<RotationFacts> {
  const { nextKey, compromised, publishedSince } = options;
  const next = nextKey === undefined ? undefined : (await readKeys([nextKey], io)).keys[0];
  const changedAt = publishedSince === undefined ? undefined : timeOf(publishedSince);
  const apiServers = await Promise.all(options.apiServer.map((text) => apiServerOf(text, io)));
  return {
    now: io.now(),
    published: {
      jwks: await publishedJwks(options, io),
      ...(changedAt === undefined ? {} : { changedAt }),
    },
    apiServers,
    ...(next === undefined ? {} : { nextKey: next }),
    ...(compromised === undefined ? {} : { compromisedKids: compromised }),
    maxWebIdentityTokenLifetimeSeconds: options.webIdentityTokenSeconds,
    maxApiTokenLifetimeSeconds: options.apiTokenSeconds,
  };
}

async function publishedJwks({ issuer, jwks }: RotationOptions, io: CliIo): Promise<JwkSetLike> {
  if (jwks !== undefined) return readJwks(jwks, io);
  if (issuer === undefined) throw new UsageError('expected --issuer or --jwks');
  return fetchJwks(issuer, io);
}

async function apiServerOf(text: string, io: CliIo): Promise<RotationFacts['apiServers'][number]> {
  const match = /^([^=]+)=([^:@]+):([^@]+)(?:@(.+))?$/.exec(text);
  const [, name, signing, accepted, since] = match ?? [];
  if (name === undefined || signing === undefined || accepted === undefined) {
    throw new UsageError(
      `--api-server: expected NAME=SIGNING:ACCEPTED,ACCEPTED[@SINCE], got ${JSON.stringify(text)}`,
    );
  }
  return {
    name,
    signingKid: await kidOf(signing, io),
    acceptedKids: await Promise.all(accepted.split(',').map((key) => kidOf(key, io))),
    ...(since === undefined ? {} : { signingSince: timeOf(since) }),
  };
}

/** A kid is 43 characters of base64url; anything else names a key file. */
async function kidOf(text: string, io: CliIo): Promise<string> {
  if (/^[\w-]{43}$/.test(text)) return text;
  const [key] = (await readKeys([text], io)).keys;
  if (key === undefined) throw new UsageError(`${text}: expected a key, found none`);
  return key.kid;
}

function timeOf(text: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) {
    throw new UsageError(
      `expected a time such as 2026-08-01T00:00:00Z, got ${JSON.stringify(text)}`,
    );
  }
  return time;
}
