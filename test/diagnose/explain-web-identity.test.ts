import { explainWebIdentity, type Diagnosis, type ReplyFact } from 'irsa/diagnose';
import { buildJwks, readPublicKeys } from 'irsa/oidc';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
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
import {
  brokenSetUps,
  doublyBrokenSetUps,
  dubiousSetUps,
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

async function publish(running: LocalIrsa, { publish: which, jwks }: BrokenSetUp): Promise<void> {
  if (which === 'other') await running.issuer.setKeys(material.other.publicKeyPem);
  if (which === 'both') {
    await running.issuer.setKeys(`${material.signing.publicKeyPem}\n${material.ec.publicKeyPem}`);
  }
  if (jwks === undefined) return;
  const { keys } = await readPublicKeys(material.signing.publicKeyPem);
  const [key] = (await buildJwks(keys)).keys;
  running.issuer.setFault({
    document: 'jwks',
    kind: 'body',
    body: JSON.stringify(jwks({ ...key! })),
  });
}

async function mint(running: LocalIrsa, broken: BrokenSetUp): Promise<string> {
  const { signWith, keepKid, token, rawToken } = broken;
  const minted = await running.mint({
    ...(signWith === undefined ? {} : { privateKeyPem: material[signWith].privateKeyPem }),
    ...token,
    header: { ...(keepKid === true ? { kid: material.signing.kid } : {}), ...token?.header },
  });
  return rawToken?.(minted) ?? minted;
}

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
  const running = await startLocalIrsa(material, {
    ...broken.setUp,
    wrongCertificate: broken.wrongCertificate === true,
    aws: { fetchTimeoutMs: limitMs },
  });
  irsa = running;
  await publish(running, broken);
  if (broken.issuerFault !== undefined) running.issuer.setFault(broken.issuerFault);
  const token = await mint(running, broken);
  if (broken.awsFault !== undefined) {
    running.aws.setFault({ ...broken.awsFault, operation: 'AssumeRoleWithWebIdentity' });
  }
  const { parameters = {} } = broken;
  const reply = await replyFact(running.assume({ WebIdentityToken: token, ...parameters }));
  const issuer = broken.token?.issuer ?? issuerUrl;
  const { DurationSeconds, ProviderId, Policy } = parameters;
  const diagnosis = await explainWebIdentity({
    token,
    now: clock,
    ...(await gatherFacts(running, issuer, limitMs)),
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

describe('one fault: the first finding is the true cause, and there is no other', () => {
  it('covers at least sixty set-ups', () => {
    expect(brokenSetUps.length).toBeGreaterThanOrEqual(60);
    expect(doublyBrokenSetUps.length).toBeGreaterThanOrEqual(15);
  });

  it.each(brokenSetUps)('$what → $causes.0', async (broken) => {
    const { diagnosis, reply, token } = await examine(broken);
    expect(errorsOf(diagnosis)).toEqual(broken.causes);
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
