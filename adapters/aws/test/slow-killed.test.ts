import type { IssuerSpec } from 'irsa/iam';
import { afterAll, describe, expect, it } from 'vitest';
import { publishInProcess } from './kill-process.js';
import { absentSpec, driftedSpec, spec, startLocalTarget } from './local-target.js';

const local = await startLocalTarget({ tls: false });
afterAll(() => local.close());

const phases: readonly (readonly [string, IssuerSpec, IssuerSpec])[] = [
  ['publish', absentSpec, spec],
  ['repair', spec, driftedSpec],
  ['teardown', driftedSpec, absentSpec],
];

describe.each(phases)('%s', (_, from, to) => {
  it('is finished by the next run whichever of its requests the process is killed at', async () => {
    await local.run(from);
    const { requests } = await publishInProcess(local, to);
    for (let at = 1; at <= requests; at += 1) {
      // From nothing: audiences are only ever added, so going back would leave some.
      await local.run(absentSpec);
      await local.run(from);
      const { signal } = await publishInProcess(local, to, at);
      expect(signal).toBe('SIGKILL');
      await local.run(to);
      expect(await local.plan(to), `killed at request ${at}`).toEqual([]);
    }
  }, 600_000);
});
