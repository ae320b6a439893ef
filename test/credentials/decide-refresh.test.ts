import { decodeUnverifiedToken, refreshPolicies, type RefreshPolicy } from 'irsa/credentials';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decideRefresh,
  refreshStatus,
  type RefreshState,
} from '../../src/credentials/decide-refresh.js';
import {
  recordFailure,
  recordSuccess,
  refreshWindows,
} from '../../src/credentials/record-refresh.js';
import { systemNow, systemSetTimer } from '../../src/credentials/system-ports.js';
import { tokenWith } from './support.js';

const policies = fc.constantFrom<RefreshPolicy>(refreshPolicies.default, refreshPolicies.sep2026, {
  ...refreshPolicies.default,
  serveExpired: true,
});
const classes = fc.constantFrom(
  'permanent',
  'ambiguous',
  'expired-token',
  'access-denied',
  'throttling',
  'transient',
  'network',
  'unknown',
);
const random = fc.double({ min: 0, max: 0.999_999, noNaN: true });
const lifetime = fc.integer({ min: 1, max: 43_200 });

/** A state as one success and then some failures leave it. */
const history = fc.record({
  policy: policies,
  lifetime,
  draw: random,
  steps: fc.array(fc.record({ after: fc.integer({ min: 0, max: 50_000_000 }), class: classes }), {
    maxLength: 4,
  }),
  at: fc.integer({ min: 0, max: 90_000_000 }),
});

const play = (past: {
  policy: RefreshPolicy;
  lifetime: number;
  draw: number;
  steps: readonly { after: number; class: Parameters<typeof recordFailure>[3]['class'] }[];
}): { state: RefreshState; now: number } => {
  const { policy, draw } = past;
  let state = recordSuccess(
    0,
    past.lifetime * 1000,
    refreshWindows(past.lifetime, policy, () => draw),
  );
  let now = 0;
  for (const step of past.steps) {
    now += step.after;
    ({ state } = recordFailure(Object.freeze(state), now, policy, {
      class: step.class,
      random: () => draw,
    }));
  }
  return { state: Object.freeze(state), now };
};

describe('laws of the decision', () => {
  it('a valid credential is thrown away by no policy but the proposal’s, and an expired one is served only on request', () => {
    fc.assert(
      fc.property(history, (past) => {
        const { state, now } = play(past);
        const at = now + past.at;
        const decision = decideRefresh(state, at, past.policy, { refreshing: false });
        const status = refreshStatus(state, at);
        if (!past.policy.throwNonRecoverable && status !== 'expired') {
          expect(decision).not.toBe('throw');
        }
        if (decision === 'serve' || decision === 'refresh-in-background') {
          expect(status !== 'expired' || past.policy.serveExpired).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('the same in, the same out; a fresh credential asks nobody', () => {
    fc.assert(
      fc.property(history, fc.boolean(), (past, refreshing) => {
        const { state, now } = play(past);
        const decide = (): string => decideRefresh(state, now, past.policy, { refreshing });
        expect(decide()).toBe(decide());
        if (refreshStatus(state, now) === 'fresh') expect(decide()).toBe('serve');
      }),
      { numRuns: 300 },
    );
  });

  it('windows lie within the life, mandatory within advisory; a backoff of the default leaves a try before the end', () => {
    fc.assert(
      fc.property(
        lifetime,
        random,
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (seconds, draw, part) => {
          const policy = refreshPolicies.default;
          const windows = refreshWindows(seconds, policy, () => draw);
          expect(windows.advisoryWindowSeconds).toBeLessThanOrEqual(seconds / 3);
          expect(windows.mandatoryWindowSeconds).toBeLessThanOrEqual(
            windows.advisoryWindowSeconds / 2,
          );
          const state = recordSuccess(0, seconds * 1000, windows);
          const now = seconds * 1000 * part;
          const left = seconds * 1000 - now;
          const failed = recordFailure(state, now, policy, {
            class: 'transient',
            random: () => draw,
          });
          expect(failed.serve).toBe(true);
          if (left > 4000) expect(failed.state.nextAttemptAt).toBeLessThan(seconds * 1000);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('system ports', () => {
  it('timers keep the process alive only when asked to', () => {
    const alive = (): number =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = alive();
    const cancelQuiet = systemSetTimer(() => {}, 60_000);
    expect(alive()).toBe(before);
    const cancelLoud = systemSetTimer(() => {}, 60_000, { keepAlive: true });
    expect(alive()).toBe(before + 1);
    cancelQuiet();
    cancelLoud();
    expect(alive()).toBe(before);
  });

  it('the clock never steps back', () => {
    const readings = Array.from({ length: 1000 }, () => systemNow());
    expect(readings).toEqual([...readings].sort((a, b) => a - b));
  });
});

describe('decodeUnverifiedToken', () => {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

  it('gives back what was put in', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string(), fc.jsonValue()),
        fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()),
        (header, claims) => {
          const decoded = decodeUnverifiedToken(`${part(header)}.${part(claims)}.c2ln`);
          expect(JSON.stringify(decoded)).toBe(
            JSON.stringify({
              header: JSON.parse(JSON.stringify(header)),
              claims: JSON.parse(JSON.stringify(claims)),
            }),
          );
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each([
    [''],
    ['hello'],
    ['a.b'],
    ['a.b.c.d'],
    [`${part({})}.${part([])}.c2ln`],
    [`${part(7)}.${part({})}.c2ln`],
    [`${part({})}.${part({})}.`],
    [`${part({})}.${part({})}.c2 ln`],
    [`${part({})}.a.c2ln`],
    [`${part({})}.${Buffer.from([0xff, 0xfe, 0x22]).toString('base64url')}.c2ln`],
    [`${tokenWith()}${'A'.repeat(20_000)}`],
    [undefined],
    [7],
  ])('refuses %#, without its text', (text) => {
    const call = (): unknown => decodeUnverifiedToken(text as string);
    expect(call).toThrow(expect.objectContaining({ code: 'ERR_TOKEN' }));
    if (typeof text === 'string' && text.length > 8) expect(call).not.toThrow(text);
  });

  it('throws ERR_TOKEN for any text that is no JWT, and nothing else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          decodeUnverifiedToken(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'ERR_TOKEN' });
        }
      }),
      { numRuns: 300 },
    );
  });
});
