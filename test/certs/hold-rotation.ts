import fc from 'fast-check';
import { expect } from 'vitest';
import { simulateRotation } from './simulate-rotation.js';

/** Random worlds over 600 days: no handshake ever fails, and certificates and authority were renewed. */
export function holdRotationToItsPromise(numRuns: number): void {
  fc.assert(
    fc.property(
      fc.record({
        seed: fc.integer(),
        replicas: fc.integer({ min: 1, max: 4 }),
        apiServers: fc.integer({ min: 1, max: 3 }),
        replicaLagSeconds: fc.integer({ min: 0, max: 3 * 86_400 }),
        plannerEverySeconds: fc.integer({ min: 60, max: 86_400 }),
        leakAtDay: fc.option(fc.integer({ min: 5, max: 300 }), { nil: undefined }),
        editAfterSeconds: fc.option(fc.integer({ min: 0, max: 2 * 86_400 }), { nil: undefined }),
      }),
      (world) => {
        const outcome = simulateRotation({ ...world, days: 600 });
        expect(outcome.untrusted).toEqual([]);
        expect(outcome.leakedAndTrusted).toEqual([]);
        expect(outcome.certificates).toBeGreaterThan(6);
        if (world.editAfterSeconds === undefined) expect(outcome.retired).toBeGreaterThan(0);
      },
    ),
    { numRuns },
  );
}
