import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { LocalIrsa } from 'irsa/testing';
import { saveGreeting } from '../save-greeting.js';
import { startCluster } from '../start-cluster.js';

let cluster: LocalIrsa;
before(async () => {
  cluster = await startCluster();
});
after(() => cluster.close());

void test('saves the greeting with the role of its service account', async () => {
  await saveGreeting('greetings');
  const stored = cluster.aws.readObject({ bucket: 'greetings', key: 'greeting' });
  assert.equal(new TextDecoder().decode(stored), 'hello');
});

void test('gets over a throttled STS', async () => {
  cluster.aws.setFault({ kind: 'throttle', operation: 'AssumeRoleWithWebIdentity', times: 1 });
  await saveGreeting('greetings');
  const answers = cluster.aws
    .requests()
    .filter(({ operation }) => operation === 'AssumeRoleWithWebIdentity')
    .map(({ status }) => status);
  assert.deepEqual(answers.slice(-2), [400, 200]);
});

void test('lives through a rotation of the cluster’s key', async () => {
  await cluster.rotateKey();
  await saveGreeting('greetings');
  await cluster.rotateKey({ publish: false });
  await assert.rejects(saveGreeting('greetings'), /retrieve verification key/);
  await cluster.rotateKey();
});

void test('has no business in other buckets, nor anybody else in this one', async () => {
  await cluster.aws.createBucket({ bucket: 'secrets' });
  await assert.rejects(saveGreeting('secrets'), { name: 'AccessDenied' });
  await cluster.writeToken({ serviceAccount: 'stranger' });
  await assert.rejects(
    saveGreeting('greetings'),
    /Not authorized to perform sts:AssumeRoleWithWebIdentity/,
  );
});
