import fc from 'fast-check';
import { expect, test } from 'vitest';
import { simulateMigration } from '../support/migration-simulator.js';

test('100,000 random changes of issuer: no valid token is refused at any step', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      expect(simulateMigration(seed)).toEqual({ done: true, refusals: [], wrongBreaks: [] });
    }),
    { numRuns: 100_000 },
  );
});
