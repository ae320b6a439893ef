// Holds the last line of `npm run demo -- --json` (a file, by name) to its contract; prints what is wrong with it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';

const result = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'));
assert.equal(result.ok, true, JSON.stringify(result));
assert.deepEqual(
  result.steps.map(({ id }) => id),
  ['issuer', 'iam', 'webhook', 'token', 'echoer', 'refusals'],
);
for (const step of result.steps) {
  assert.equal(step.ok, true, JSON.stringify(step));
  assert.equal(typeof step.ms, 'number');
  assert.notEqual(step.detail, '');
}
assert.match(result.object.key, /^s3echoer-\d+$/);
assert.ok(result.object.size > 0);
process.stdout.write(`demo: ok, ${result.object.key} (${result.object.size} bytes)\n`);
