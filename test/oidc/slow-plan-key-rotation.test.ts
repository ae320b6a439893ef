import fc from 'fast-check';
import { generateSigningKey, readPublicKeys, type PublicKey } from 'irsa/oidc';
import { beforeAll, expect, test } from 'vitest';
import { simulateRotation } from '../support/rotation-simulator.js';

let keys: PublicKey[];

beforeAll(async () => {
  keys = await Promise.all(
    Array.from({ length: 14 }, async () => {
      const { publicKeyPem } = await generateSigningKey({ algorithm: 'ES256' });
      return (await readPublicKeys(publicKeyPem)).keys[0]!;
    }),
  );
});

test('100,000 random clusters: no valid token is refused at any step', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer(), fc.boolean(), fc.boolean(), async (seed, leaks, gaps) => {
      const result = await simulateRotation({ seed, keys, leaks, gaps });
      expect(result.refusals).toEqual([]);
      expect(result.wrongBreaks).toEqual([]);
      expect(result.done).toBe(true);
    }),
    { numRuns: 100_000 },
  );
});
