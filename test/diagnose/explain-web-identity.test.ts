import { explainWebIdentity, type Diagnosis, type ReplyFact } from 'irsa/diagnose';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { apiServerDocuments, buildSetUp } from '../support/build-set-up.js';
import { gatherFacts } from '../support/gather-facts.js';
import {
  clock,
  createMaterial,
  issuerUrl,
  startLocalIrsa,
  type LocalIrsa,
  type Material,
  type StsReply,
} from '../support/local-irsa.js';
import { recordedErrors } from './recorded-errors.js';
import {
  brokenSetUps,
  doublyBrokenSetUps,
  dubiousSetUps,
  healthySetUps,
  type BrokenSetUp,
} from './broken-set-ups.js';

let material: Material;
let irsa: LocalIrsa | undefined;
beforeAll(async () => {
  material = await createMaterial();
});
afterEach(async () => {
  await irsa?.close();
  irsa = undefined;
});

const replyFact = async (call: Promise<StsReply>): Promise<ReplyFact> => {
  try {
    const { status, code, message, body } = await call;
    const expiration = /<Expiration>([^<]+)</.exec(body)?.[1];
    return {
      status,
      ...(code === undefined ? {} : { code }),
      ...(message === undefined ? {} : { message }),
      ...(expiration === undefined ? {} : { expiration: new Date(expiration) }),
    };
  } catch (error) {
    return { message: String((error as Error).cause) };
  }
};

/** Builds the set-up for real, asks STS, and lets the diagnosis see what a doctor sees. */
async function examine(
  broken: BrokenSetUp,
): Promise<{ diagnosis: Diagnosis; reply: ReplyFact; token: string }> {
  const silent =
    broken.issuerFault?.some(({ kind }) => kind === 'hang' || kind === 'slow') === true;
  const limitMs = silent ? 400 : 5000;
  const { running, token } = await buildSetUp(material, broken, limitMs);
  irsa = running;
  const { parameters = {} } = broken;
  const reply = await replyFact(running.assume({ WebIdentityToken: token, ...parameters }));
  const issuer = broken.token?.issuer ?? issuerUrl;
  const { DurationSeconds, ProviderId, Policy } = parameters;
  const { addresses, apiServer } = broken;
  const seen = await gatherFacts(running, issuer, limitMs);
  const diagnosis = await explainWebIdentity({
    token,
    now: clock,
    ...seen,
    ...(addresses === undefined
      ? {}
      : { fetches: seen.fetches.map((fetch) => ({ ...fetch, addresses })) }),
    ...(apiServer === undefined
      ? {}
      : {
          apiServer: {
            ...(await apiServerDocuments(material, apiServer)),
            servers: (apiServer.flags ?? []).map((args, index) => ({
              name: `kube-apiserver-${String(index)}`,
              args,
            })),
          },
        }),
    call: {
      roleArn: parameters['RoleArn'] ?? running.roleArn,
      roleSessionName: parameters['RoleSessionName'] ?? 'pod',
      region: running.aws.region,
      ...(DurationSeconds === undefined ? {} : { durationSeconds: Number(DurationSeconds) }),
      ...(ProviderId === undefined ? {} : { providerId: ProviderId }),
      ...(Policy === undefined ? {} : { policy: Policy }),
    },
    ...(broken.awsFault === undefined ? {} : { reply }),
  });
  return { diagnosis, reply, token };
}

/** Every answer that the matrix got from the verifier. */
const replies: ReplyFact[] = [];

const errorsOf = ({ findings }: Diagnosis): string[] =>
  findings.filter(({ severity }) => severity === 'error').map(({ id }) => id);

describe('a healthy set-up', () => {
  it('has no findings', async () => {
    const { diagnosis, reply } = await examine({ what: 'healthy', causes: [] });
    expect(reply.status).toBe(200);
    expect(diagnosis).toEqual({ verdict: 'ok', findings: [] });
  });

  it('has none with an EC key beside, a second audience list and a wildcard that is meant', async () => {
    const { diagnosis, reply } = await examine({
      what: 'healthy',
      causes: [],
      publish: 'both',
      signWith: 'ec',
      setUp: { provider: { audiences: ['amazonaws.com', 'sts.amazonaws.com'] } },
    });
    expect(reply.status).toBe(200);
    expect(diagnosis.findings).toEqual([]);
  });
});

describe('healthy set-ups of other kinds', () => {
  it.each(healthySetUps)('$what', async (healthy) => {
    const { diagnosis, reply } = await examine({ causes: [], ...healthy });
    expect(reply.status).toBe(200);
    expect(diagnosis).toEqual({ verdict: 'ok', findings: [] });
  });
});

describe('one fault: the first finding is the true cause, and there is no other', () => {
  it('covers at least sixty set-ups', () => {
    expect(brokenSetUps.length).toBeGreaterThanOrEqual(60);
    expect(doublyBrokenSetUps.length).toBeGreaterThanOrEqual(15);
  });

  it.each(brokenSetUps)('$what → $causes.0', async (broken) => {
    const { diagnosis, reply, token } = await examine(broken);
    expect(errorsOf(diagnosis)).toEqual(broken.causes);
    replies.push(reply);
    expect(diagnosis.verdict).toBe('refused');
    expect(diagnosis.findings.filter(({ severity }) => severity !== 'error')).toEqual([]);
    if (broken.awsFault === undefined) {
      const message = token === '' ? reply.message : reply.message?.replace(token, '…');
      expect(diagnosis.stsError).toEqual({ code: reply.code, message });
    } else if (reply.code !== undefined) {
      expect(diagnosis.stsError).toEqual({ code: reply.code, message: reply.message });
    }
  });
});

describe('the recorded errors of STS', () => {
  it.each(recordedErrors)('$code: $message', ({ code, message }) => {
    // The matrix above has run; a row that nothing met has no set-up.
    const met = replies.some((reply) => reply.code === code && message.test(reply.message ?? ''));
    expect(met).toBe(true);
  });

  it('and what comes without any code of AWS', () => {
    expect(replies.some(({ code, status }) => code === undefined && status === 502)).toBe(true);
    expect(replies.some(({ code, status }) => code === undefined && status === undefined)).toBe(
      true,
    );
  });
});

describe('two faults: both are found, the one that STS meets first is first', () => {
  it.each(doublyBrokenSetUps)('$what', async (broken) => {
    const { diagnosis, reply } = await examine(broken);
    expect(errorsOf(diagnosis)).toEqual(broken.causes);
    expect(diagnosis.stsError).toEqual({ code: reply.code, message: reply.message });
  });
});

describe('STS takes the token, and something is amiss', () => {
  it.each(dubiousSetUps)('$what → $causes.0', async (dubious) => {
    const { diagnosis, reply } = await examine(dubious);
    expect(reply.status).toBe(200);
    expect(diagnosis.findings.map(({ id }) => id)).toEqual(dubious.causes);
    expect(diagnosis.stsError).toBeUndefined();
    expect(diagnosis.verdict).toBe(dubious.causes[0] === 'trust-undecided' ? 'unknown' : 'ok');
  });
});

describe('missing facts', () => {
  it('leave the verdict open, and each is named', async () => {
    const running = await startLocalIrsa(material);
    irsa = running;
    const token = await running.mint();
    const { verdict, findings } = await explainWebIdentity({ token, now: clock });
    expect(verdict).toBe('unknown');
    expect(findings.map(({ id }) => id)).toEqual([
      'unknown-provider',
      'unknown-discovery',
      'unknown-jwks',
      'unknown-role',
    ]);
  });

  it('do not hide a fault, but leave open what STS says first', async () => {
    const running = await startLocalIrsa(material);
    irsa = running;
    const token = await running.mint({ now: new Date(clock.getTime() - 100_000_000) });
    const diagnosis = await explainWebIdentity({ token, now: clock });
    expect(diagnosis.findings[0]?.id).toBe('token-expired');
    expect(diagnosis.verdict).toBe('refused');
    expect(diagnosis.stsError).toBeUndefined();
  });

  it('a slow issuer and a strange reply are told', async () => {
    const running = await startLocalIrsa(material);
    irsa = running;
    const facts = await gatherFacts(running, issuerUrl);
    const slow = facts.fetches.map((fetch) => ({ ...fetch, milliseconds: 4000 }));
    const diagnosis = await explainWebIdentity({
      token: await running.mint(),
      now: clock,
      ...facts,
      fetches: slow,
      reply: { code: 'SomethingNew', message: 'what AWS says tomorrow', status: 400 },
    });
    expect(diagnosis.findings.map(({ id }) => id)).toEqual([
      'sts-reply-unexplained',
      'issuer-slow',
      'issuer-slow',
    ]);
  });
});
