import type { CallFact, ReplyFact } from 'irsa/diagnose';
import { factsOfPartition, partitionOf } from 'irsa/iam';
import type { CliIo } from '../types.js';
import { rootCause } from './read-as-stranger.js';

const limitMs = 10_000;

/** The session name where the pod sets none; its SDK would make one up. */
export const doctorSessionName = 'irsa-doctor';

/** The STS endpoint that an SDK in this environment would call. */
export function stsEndpoint(env: CliIo['env'], region: string): string {
  return (
    env['AWS_ENDPOINT_URL_STS'] ??
    env['AWS_ENDPOINT_URL'] ??
    `https://sts.${region}.${factsOfPartition(partitionOf(region)).dnsSuffix}`
  );
}

/** Asks STS for credentials with the token, and keeps the verdict only: credentials that come are dropped at once. */
export async function askSts(token: string, call: CallFact, io: CliIo): Promise<ReplyFact> {
  const parameters = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: call.roleArn ?? '',
    RoleSessionName: call.roleSessionName ?? doctorSessionName,
    WebIdentityToken: token,
    ...(call.durationSeconds === undefined
      ? {}
      : { DurationSeconds: String(call.durationSeconds) }),
  });
  try {
    const response = await io.fetch(stsEndpoint(io.env, call.region ?? 'us-east-1'), {
      method: 'POST',
      body: parameters,
      signal: AbortSignal.timeout(limitMs),
    });
    const body = await response.text();
    const text = (name: string): string | undefined =>
      new RegExp(`<${name}>([^<]*)</${name}>`)
        .exec(body)?.[1]
        ?.replaceAll('&apos;', "'")
        .replaceAll('&quot;', '"')
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&amp;', '&');
    const code = text('Code');
    const message = token === '' ? text('Message') : text('Message')?.replaceAll(token, '…');
    const expiration = text('Expiration');
    return {
      status: response.status,
      ...(code === undefined ? {} : { code }),
      ...(message === undefined ? {} : { message }),
      ...(expiration === undefined ? {} : { expiration: new Date(expiration) }),
    };
  } catch (error) {
    const { code, message } = rootCause(error);
    return { message: `${code} ${message}`.trim() };
  }
}
