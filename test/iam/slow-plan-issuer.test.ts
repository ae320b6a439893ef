import fc from 'fast-check';
import { expect, it } from 'vitest';
import { checkCase, randomCase } from './simulate-issuer.js';

it('converges from any state, killed anywhere, without touching what is foreign (100,000 cases)', () => {
  fc.assert(fc.property(randomCase, checkCase), { numRuns: 100_000 });
  expect.hasAssertions();
});
