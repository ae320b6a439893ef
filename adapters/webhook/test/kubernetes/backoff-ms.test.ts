import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffMs } from '../../src/kubernetes/backoff-ms.js';

const bounds = { minBackoffMs: 500, maxBackoffMs: 30_000 };
const waits = (random: number): number[] =>
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 1000].map((failures) =>
    backoffMs(failures, { ...bounds, random: () => random }),
  );

it('doubles from failure to failure up to its maximum', () => {
  expect(waits(1)).toEqual([0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  expect(waits(0)).toEqual([0, 250, 500, 1000, 2000, 4000, 8000, 15_000, 15_000, 15_000]);
});

it('spreads replicas that failed together, and never waits longer than the maximum', () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 0.999, noNaN: true }), (failures, random) => {
      const wait = backoffMs(failures + 1, { ...bounds, random: () => random });
      expect(wait).toBeGreaterThanOrEqual(250);
      expect(wait).toBeLessThanOrEqual(30_000);
    }),
  );
  const three = [0, 0.3, 0.9].map((random) => waits(random)[5]);
  expect(new Set(three).size).toBe(3);
});
