import { setTimeout as sleep } from 'node:timers/promises';
import { region as defaultRegion } from '../environment/hosts.js';
import { sendHttps } from './send-https.js';

/** What STS answered: credentials, or the error as it is on the wire. */
export type AssumeRoleAnswer =
  | {
      readonly ok: true;
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly sessionToken: string;
      readonly arn: string;
    }
  | {
      readonly ok: false;
      readonly status: number;
      readonly code: string;
      readonly message: string;
    };

/** Calls AssumeRoleWithWebIdentity; a rate limit is no answer to the token, so it is asked again after a while. */
export async function assumeRole(options: AssumeRoleCall): Promise<AssumeRoleAnswer> {
  for (let tries = 0; ; tries++) {
    const answer = await callOnce(options);
    if (answer.ok || answer.code !== 'Throttling' || tries === 20) return answer;
    await sleep(500);
  }
}

export interface AssumeRoleCall {
  readonly ca: string;
  readonly token: string;
  readonly roleArn: string;
  readonly sessionName?: string;
  readonly durationSeconds?: number;
  readonly region?: string;
  readonly policy?: string;
  readonly providerId?: string;
}

/** A plain form post, so that no SDK retries or rewords anything. */
async function callOnce(options: AssumeRoleCall): Promise<AssumeRoleAnswer> {
  const { durationSeconds, sessionName = 'e2e', policy, providerId } = options;
  const form = new URLSearchParams({
    Action: 'AssumeRoleWithWebIdentity',
    Version: '2011-06-15',
    RoleArn: options.roleArn,
    RoleSessionName: sessionName,
    WebIdentityToken: options.token,
    ...(durationSeconds === undefined ? {} : { DurationSeconds: String(durationSeconds) }),
    ...(policy === undefined ? {} : { Policy: policy }),
    ...(providerId === undefined ? {} : { ProviderId: providerId }),
  });
  const answer = await sendHttps({
    url: `https://sts.${options.region ?? defaultRegion}.amazonaws.com/`,
    ca: options.ca,
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: form.toString(),
  });
  const element = (name: string): string => unescapeXml(answer.text, name);
  if (answer.status === 200) {
    return {
      ok: true,
      accessKeyId: element('AccessKeyId'),
      secretAccessKey: element('SecretAccessKey'),
      sessionToken: element('SessionToken'),
      arn: element('Arn'),
    };
  }
  return { ok: false, status: answer.status, code: element('Code'), message: element('Message') };
}

function unescapeXml(xml: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
  const known: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text
    .replaceAll(/&#(x?)([0-9a-fA-F]+);/g, (_, hex: string, digits: string) =>
      String.fromCodePoint(Number.parseInt(digits, hex === '' ? 10 : 16)),
    )
    .replaceAll(/&(\w+);/g, (whole, entity: string) => known[entity] ?? whole);
}
