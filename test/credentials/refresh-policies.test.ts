import { AssumeRoleError, refreshPolicies } from 'irsa/credentials';
import { describe, expect, it } from 'vitest';
import { createRig, settle, stsError, type Answer, type Rig } from './support.js';

// The 24 situations of AWS's cross-SDK proposal "Credential Refresh Behavior", in our own words.
// A step: what STS would answer, and what the caller must see.
type Seen = 'new' | 'cached' | 'recoverable error' | 'non-recoverable error';
type Step =
  | {
      answer?: 'fresh' | 'stale' | 'error' | 'fatal';
      lifetime?: number;
      seen: Seen;
      asked: boolean;
      limited?: boolean;
      window?: number;
    }
  | { advance: number }
  | { invalidate: 'same' | 'other' };
interface Case {
  readonly title: string;
  readonly cached: 'none' | 'valid' | 'advisory' | 'mandatory' | 'expired';
  readonly window?: number;
  readonly backoff?: number;
  readonly steps: readonly Step[];
}

const cases: readonly Case[] = [
  { title: 'valid: nobody is asked', cached: 'valid', steps: [{ seen: 'cached', asked: false }] },
  {
    title: 'advisory window, STS answers: the caller gets the new one',
    cached: 'advisory',
    steps: [{ answer: 'fresh', seen: 'new', asked: true }],
  },
  {
    title: 'advisory window, STS fails: the cached one',
    cached: 'advisory',
    steps: [{ answer: 'error', seen: 'cached', asked: true }],
  },
  {
    title: 'mandatory window, STS answers: the new one',
    cached: 'mandatory',
    steps: [{ answer: 'fresh', seen: 'new', asked: true }],
  },
  {
    title: 'mandatory window, STS fails: the cached one',
    cached: 'mandatory',
    steps: [{ answer: 'error', seen: 'cached', asked: true }],
  },
  {
    title: 'expired, STS answers: the new one',
    cached: 'expired',
    steps: [{ answer: 'fresh', seen: 'new', asked: true }],
  },
  {
    title: 'expired, STS fails: the expired one',
    cached: 'expired',
    steps: [{ answer: 'error', seen: 'cached', asked: true }],
  },
  {
    title: 'nothing cached, STS fails: an error; the next call asks again',
    cached: 'none',
    steps: [
      { answer: 'error', seen: 'recoverable error', asked: true },
      { answer: 'fresh', seen: 'new', asked: true },
    ],
  },
  {
    title: 'advisory window, the answer has already expired: a failed refresh',
    cached: 'advisory',
    steps: [{ answer: 'stale', seen: 'cached', asked: true }],
  },
  {
    title: 'mandatory window, the answer has already expired: a failed refresh',
    cached: 'mandatory',
    steps: [{ answer: 'stale', seen: 'cached', asked: true }],
  },
  {
    title: '10 minutes of life: window of 5',
    cached: 'none',
    steps: [{ answer: 'fresh', lifetime: 600, seen: 'new', asked: true, window: 300 }],
  },
  {
    title: '20.5 minutes of life: window of 15',
    cached: 'none',
    steps: [{ answer: 'fresh', lifetime: 1230, seen: 'new', asked: true, window: 900 }],
  },
  {
    title: '6 hours of life: window of 60',
    cached: 'none',
    steps: [{ answer: 'fresh', lifetime: 21_600, seen: 'new', asked: true, window: 3600 }],
  },
  {
    title: 'the window is computed anew at each refresh',
    cached: 'none',
    steps: [
      { answer: 'fresh', lifetime: 21_600, seen: 'new', asked: true, window: 3600 },
      { advance: 18_060 },
      { answer: 'fresh', lifetime: 600, seen: 'new', asked: true, window: 300 },
    ],
  },
  {
    title: 'a configured window overrides the table',
    cached: 'none',
    window: 1800,
    steps: [{ answer: 'fresh', lifetime: 21_600, seen: 'new', asked: true, window: 1800 }],
  },
  {
    title: 'advisory window, non-recoverable: thrown at once, recovers after 6 s',
    cached: 'advisory',
    steps: [
      { answer: 'fatal', seen: 'non-recoverable error', asked: true },
      { advance: 6 },
      { answer: 'fresh', seen: 'new', asked: true },
    ],
  },
  {
    title: 'mandatory window, non-recoverable: thrown at once, recovers after 6 s',
    cached: 'mandatory',
    steps: [
      { answer: 'fatal', seen: 'non-recoverable error', asked: true },
      { advance: 6 },
      { answer: 'fresh', seen: 'new', asked: true },
    ],
  },
  {
    title: 'a non-recoverable error is remembered for the next call',
    cached: 'advisory',
    steps: [
      { answer: 'fatal', seen: 'non-recoverable error', asked: true },
      { seen: 'non-recoverable error', asked: false },
    ],
  },
  {
    title: 'invalidate the cached one: mandatory path, STS answers',
    cached: 'valid',
    steps: [{ invalidate: 'same' }, { answer: 'fresh', seen: 'new', asked: true }],
  },
  {
    title: 'invalidate the cached one: mandatory path, STS fails',
    cached: 'valid',
    steps: [{ invalidate: 'same' }, { answer: 'error', seen: 'cached', asked: true }],
  },
  {
    title: 'invalidate does not break through a backoff',
    cached: 'expired',
    backoff: 420,
    steps: [
      { answer: 'error', seen: 'cached', asked: true },
      { advance: 60 },
      { invalidate: 'same' },
      { seen: 'cached', asked: false, limited: true },
      { advance: 425 },
      { answer: 'fresh', seen: 'new', asked: true },
    ],
  },
  {
    title: 'invalidate of another key is ignored',
    cached: 'valid',
    steps: [{ invalidate: 'other' }, { seen: 'cached', asked: false }],
  },
  {
    title: 'no call inside a backoff',
    cached: 'expired',
    backoff: 420,
    steps: [
      { answer: 'error', seen: 'cached', asked: true },
      { advance: 300 },
      { seen: 'cached', asked: false, limited: true },
      { advance: 425 },
      { answer: 'fresh', seen: 'new', asked: true },
    ],
  },
  {
    title: 'nothing cached, non-recoverable: that very error, recovers after 6 s',
    cached: 'none',
    steps: [
      { answer: 'fatal', seen: 'non-recoverable error', asked: true },
      { advance: 6 },
      { answer: 'fresh', seen: 'new', asked: true },
    ],
  },
];

const answers: Readonly<Record<string, (lifetime: number) => Answer>> = {
  fresh: (lifetime) => ({ lifetimeSeconds: lifetime }),
  stale: () => ({ lifetimeSeconds: -1 }),
  error: () => stsError('ServiceUnavailable', 'try later', 503),
  fatal: () =>
    stsError('AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity', 403),
};

/** Seeds two hours of life, so that the advisory window is the last hour. */
const seed = async (rig: Rig, cached: Case['cached']): Promise<string | undefined> => {
  if (cached === 'none') return undefined;
  rig.answers = [{ lifetimeSeconds: 7200 }];
  const { accessKeyId } = await rig.provider();
  const until = { valid: 0, advisory: 3660, mandatory: 7170, expired: 7260 }[cached];
  await rig.clock.advance(until);
  return accessKeyId;
};

describe("passes the 24 situations of AWS's cross-SDK proposal under refreshPolicies.sep2026", () => {
  it('has all of them', () => {
    expect(cases).toHaveLength(24);
  });

  it.each(cases)('$title', async ({ cached, steps, window, backoff = 300 }) => {
    const rig = createRig({
      policy: refreshPolicies.sep2026,
      random: () => (backoff - 300) / 300,
      ...(window !== undefined && { advisoryWindowSeconds: window }),
    });
    let current = await seed(rig, cached);
    for (const step of steps) {
      if ('advance' in step) {
        await rig.clock.advance(step.advance);
        continue;
      }
      if ('invalidate' in step) {
        rig.provider.invalidate(step.invalidate === 'same' ? current : 'ASIA-OTHER');
        continue;
      }
      rig.answers = [answers[step.answer ?? 'fatal']!(step.lifetime ?? 7200)];
      const before = rig.calls;
      const { nextAttemptAt } = rig.provider.snapshot();
      expect(nextAttemptAt !== undefined && nextAttemptAt.getTime() > rig.clock.nowMs).toBe(
        step.limited ?? false,
      );
      const result: unknown = await rig.provider().catch((error: unknown) => error);
      expect(rig.calls > before).toBe(step.asked);
      if (result instanceof Error) {
        if (!(result instanceof AssumeRoleError)) throw result;
        const { retryable } = result.explanation;
        expect(retryable ? 'recoverable error' : 'non-recoverable error').toBe(step.seen);
      } else {
        const { accessKeyId } = result as { accessKeyId: string };
        expect(accessKeyId === current ? 'cached' : 'new').toBe(step.seen);
        current = accessKeyId;
      }
      if (step.window !== undefined) {
        expect(rig.provider.snapshot().advisoryWindowSeconds).toBe(step.window);
      }
    }
  });
});

describe('the sentences of the proposal that its situations leave out, under refreshPolicies.sep2026', () => {
  const policy = refreshPolicies.sep2026;
  const outage = (): Error => stsError('ServiceUnavailable', 'try later', 503);
  const refusal = (): Error => stsError('AccessDenied', 'Not authorized', 403);
  const keyOf = async (rig: Rig): Promise<string> => (await rig.provider()).accessKeyId;
  const untilAdvisory = async (options: Parameters<typeof createRig>[0] = {}): Promise<Rig> => {
    const rig = createRig({ policy, ...options }, [{ lifetimeSeconds: 7200 }]);
    await rig.provider();
    await rig.clock.advance(3660);
    return rig;
  };

  it.each([
    [60, 300],
    [20 * 60, 300],
    [20 * 60 + 1, 900],
    [90 * 60 - 1, 900],
    [90 * 60, 3600],
    [43_200, 3600],
  ])('a lifetime of %i s has a window of %i s, whatever is drawn', async (lifetime, window) => {
    for (const draw of [0, 0.5, 0.999]) {
      const rig = createRig({ policy, random: () => draw }, [{ lifetimeSeconds: lifetime }]);
      await rig.provider();
      expect(rig.provider.snapshot().advisoryWindowSeconds).toBe(window);
    }
  });

  it.each([0, 0.25, 0.5, 0.999])(
    'a failed refresh is not tried again for 300 + 300 × %d s, in the last minute and after it too',
    async (draw) => {
      for (const at of [3660, 7170, 7260]) {
        const rig = createRig({ policy, random: () => draw }, [{ lifetimeSeconds: 7200 }]);
        await rig.provider();
        await rig.clock.advance(at);
        rig.answers = [outage()];
        expect(await keyOf(rig)).toBe('ASIA1');
        const backoff = 300 + 300 * draw;
        expect(rig.provider.snapshot().nextAttemptAt).toEqual(
          new Date(rig.clock.nowMs + backoff * 1000),
        );
        await rig.clock.advance(backoff - 0.5);
        expect(await keyOf(rig)).toBe('ASIA1');
        expect(rig.calls).toBe(2);
        await rig.clock.advance(0.5);
        expect(rig.provider.snapshot().nextAttemptAt).toBeUndefined();
        rig.answers = [{ lifetimeSeconds: 7200 }];
        expect(await keyOf(rig)).toBe('ASIA3');
      }
    },
  );

  it('in the advisory window one caller waits for the refresh, and the others get the cached one', async () => {
    const rig = await untilAdvisory({ deadlineSeconds: 5 });
    rig.answers = ['hang'];
    let first: string | undefined;
    const waiting = keyOf(rig).then((key) => (first = key));
    await settle();
    expect(await Promise.all([keyOf(rig), keyOf(rig), keyOf(rig)])).toEqual(Array(3).fill('ASIA1'));
    expect(first).toBeUndefined();
    expect(rig.calls).toBe(2);
    await rig.clock.advance(5);
    expect(await waiting).toBe('ASIA1');
  });

  it('in the last minute, and after it, all wait for one refresh', async () => {
    for (const at of [7170, 7260]) {
      const rig = createRig({ policy }, [{ lifetimeSeconds: 7200 }]);
      await rig.provider();
      await rig.clock.advance(at);
      const keys = await Promise.all(Array.from({ length: 8 }, () => keyOf(rig)));
      expect(new Set(keys)).toEqual(new Set(['ASIA2']));
      expect(rig.calls).toBe(2);
    }
  });

  it.each([0, 0.999])('an error is remembered for a second to five, draw %d', async (draw) => {
    const rig = await untilAdvisory({ random: () => draw });
    rig.answers = [refusal()];
    const hold = 1 + 4 * draw;
    await expect(rig.provider()).rejects.toThrow(/AccessDenied/);
    expect(rig.provider.snapshot().nextAttemptAt).toBeUndefined();
    await rig.clock.advance(hold - 0.1);
    await expect(rig.provider()).rejects.toThrow(/AccessDenied/);
    expect(rig.calls).toBe(2);
    await rig.clock.advance(0.2);
    rig.answers = [{ lifetimeSeconds: 7200 }];
    expect(await keyOf(rig)).toBe('ASIA3');
  });

  it('an answer that has already expired, with nothing cached, is an error that the next call tries again', async () => {
    const rig = createRig({ policy }, [{ lifetimeSeconds: 0 }]);
    await expect(rig.provider()).rejects.toThrow(/expired/);
    rig.answers = [{ lifetimeSeconds: 7200 }];
    expect(await keyOf(rig)).toBe('ASIA2');
  });

  it('invalidate with nothing cached changes nothing; during a refresh its answer settles the matter', async () => {
    const rig = createRig({ policy }, [{ lifetimeSeconds: 7200 }]);
    rig.provider.invalidate('ASIA1');
    expect(await keyOf(rig)).toBe('ASIA1');
    await rig.clock.advance(3660);
    const refreshed = keyOf(rig);
    rig.provider.invalidate('ASIA1');
    const second = keyOf(rig);
    expect(await Promise.all([refreshed, second])).toEqual(['ASIA2', 'ASIA2']);
    expect(await keyOf(rig)).toBe('ASIA2');
    expect(rig.calls).toBe(2);
  });

  it.each([
    ['IDPRejectedClaim', 'x', true],
    ['InvalidIdentityToken', 'Incorrect token audience', true],
    ['InvalidIdentityToken', "Couldn't retrieve verification key from your identity", true],
    ['MalformedPolicyDocument', 'x', true],
    ['PackedPolicyTooLarge', 'x', true],
    ['RegionDisabledException', 'x', true],
    ['AccessDenied', 'x', true],
    ['IDPCommunicationError', 'x', false],
    ['ExpiredTokenException', 'Token expired: x', false],
    ['Throttling', 'Rate exceeded', false],
    ['ServiceUnavailable', 'x', false],
    ['InternalFailure', 'x', false],
    ['SomethingNew', 'x', false],
  ])('%s (%s) is non-recoverable: %s', async (code, message, final) => {
    for (const name of [code, `${code.replace(/Exception$/, '')}Exception`]) {
      const rig = await untilAdvisory();
      rig.answers = [stsError(name, message)];
      const outcome = await keyOf(rig).catch(() => 'thrown');
      expect(outcome).toBe(final ? 'thrown' : 'ASIA1');
      expect(rig.calls).toBe(2);
    }
  });
});
