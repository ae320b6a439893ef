import { afterAll, beforeAll, expect, test } from 'vitest';
import type { LocalIrsa } from 'irsa/testing';
import { saveGreeting } from '../save-greeting.js';
import { startCluster } from '../start-cluster.js';

let cluster: LocalIrsa;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

test('saves the greeting with the role of its service account', async () => {
  await saveGreeting('greetings');
  const stored = cluster.aws.readObject({ bucket: 'greetings', key: 'greeting' });
  expect(new TextDecoder().decode(stored)).toBe('hello');
});

test('says so when the trust policy is for somebody else', async () => {
  await cluster.writeToken({ serviceAccount: 'stranger' });
  await expect(saveGreeting('greetings')).rejects.toThrow(
    'Not authorized to perform sts:AssumeRoleWithWebIdentity',
  );
});
