import fc from 'fast-check';
import { expect, it } from 'vitest';
import { arbitraryCase, arbitraryReview } from './record/arbitrary-case.js';
import { findDifferences, findReviewDifferences } from './record/compare.js';
import { buildGoWebhook } from './record/go-webhook.js';

const runs = Number(process.env['FUZZ_RUNS'] ?? 20_000);
const seed = Number(process.env['FUZZ_SEED'] ?? 1);

it(`makes of ${runs} random pods what amazon-eks-pod-identity-webhook v0.6.17 makes of them`, () => {
  const program = buildGoWebhook();
  for (let done = 0; done < runs; done += 1000) {
    const cases = fc.sample(arbitraryCase, {
      numRuns: Math.min(1000, runs - done),
      seed: seed + done,
    });
    // As they arrive over the wire: no undefined, no prototypes.
    const plain = JSON.parse(JSON.stringify(cases));
    expect(findDifferences(program, plain).slice(0, 3)).toEqual([]);
  }
});

it(`answers ${runs / 4} random reviews as amazon-eks-pod-identity-webhook v0.6.17 answers them`, () => {
  const program = buildGoWebhook();
  for (let done = 0; done < runs / 4; done += 1000) {
    const cases = fc.sample(arbitraryReview, {
      numRuns: Math.min(1000, runs / 4 - done),
      seed: seed + done,
    });
    const plain = JSON.parse(JSON.stringify(cases));
    expect(findReviewDifferences(program, plain).slice(0, 3)).toEqual([]);
  }
});
