import { expect, test } from 'vitest';
import { reportOf, runE2e } from './run-e2e.js';

const slow = ['sdks-slow', 'rotation-full'] as const;

test('the scenarios that take long: Java and Rust, and rotations at full length', async () => {
  const run = await runE2e(['--json', ...slow.flatMap((id) => ['--only', id])]);
  const { scenarios, ok, parts } = reportOf(run);
  expect(scenarios.filter((scenario) => !scenario.ok)).toEqual([]);
  expect(scenarios.map(({ id }) => id)).toEqual(slow);
  expect(Object.keys(parts)).toEqual(expect.arrayContaining(['client-java', 'client-rust']));
  expect({ ok, code: run.code }).toEqual({ ok: true, code: 0 });
});
