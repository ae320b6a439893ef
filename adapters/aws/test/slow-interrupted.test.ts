import type { IssuerSpec } from 'irsa/iam';
import type { LocalAwsFault } from 'irsa/testing';
import { afterAll, describe, expect, it } from 'vitest';
import { absentSpec, driftedSpec, operationsOf, spec, startLocalTarget } from './local-target.js';

const local = await startLocalTarget({ tls: false });
const phases: readonly (readonly [string, IssuerSpec, IssuerSpec, readonly string[]])[] = [
  ['publish', absentSpec, spec, await operationsOf(local, spec)],
  ['repair', spec, driftedSpec, await operationsOf(local, driftedSpec)],
  ['teardown', driftedSpec, absentSpec, await operationsOf(local, absentSpec)],
];
afterAll(() => local.close());

const faults: readonly LocalAwsFault[] = [
  { kind: 'error', code: 'AccessDenied', message: 'no', status: 403 },
  { kind: 'error', code: 'InternalError', message: 'no', status: 500 },
  { kind: 'throttle' },
  { kind: 'reset' },
  { kind: 'html' },
  { kind: 'half-body' },
];

describe.each(phases)('%s', (_, from, to, operations) => {
  it.each(operations)(
    'is finished by the next run whatever goes wrong with %s, once or twice',
    async (operation) => {
      for (const fault of faults) {
        for (const times of [1, 2]) {
          await local.run(from);
          local.aws.setFault({ ...fault, operation, times });
          await local.run(to).catch(() => undefined);
          local.aws.setFault();
          await local.run(to);
          expect(await local.plan(to), `${fault.kind} in ${operation}`).toEqual([]);
        }
      }
    },
  );
});
