// Holds the last line of `npm run e2e -- --json` (a file, by name) to its contract; prints what is wrong with it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const { ok, parts, scenarios } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
for (const scenario of scenarios) {
  assert.equal(scenario.ok, true, JSON.stringify(scenario));
  assert.equal(typeof scenario.ms, 'number');
  assert.notEqual(scenario.detail, '');
}
assert.deepEqual(
  scenarios.map(({ id }) => id),
  [
    'walkthrough',
    'documents',
    'refusals',
    'sdks',
    'admission',
    'rotation',
    'webhook-faults',
    'teardown',
  ],
);
assert.equal(ok, true);
for (const part of ['kube-apiserver', 'etcd', 'kubectl', 'versitygw', 'eks-webhook']) {
  assert.match(parts[part], /^v\d/, part);
}
process.stdout.write(`e2e: ok, ${scenarios.length} scenarios\n`);
