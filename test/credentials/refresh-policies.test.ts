import { AssumeRoleError, refreshPolicies } from 'irsa/credentials';
import { describe, expect, it } from 'vitest';
import { createRig, stsError, type Answer, type Rig } from './support.js';

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
