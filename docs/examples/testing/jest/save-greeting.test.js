/* global beforeAll, afterAll, test, expect -- Jest's globals */
import { saveGreeting } from '../save-greeting';
import { startCluster } from '../start-cluster';

let cluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster.close());

test('saves the greeting with the role of its service account', async () => {
  await saveGreeting('greetings');
  const stored = cluster.aws.readObject({ bucket: 'greetings', key: 'greeting' });
  expect(new TextDecoder().decode(stored)).toBe('hello');
});

test('passes an outage of STS on', async () => {
  cluster.aws.setFault({ kind: 'error', code: 'RegionDisabledException', status: 403 });
  await expect(saveGreeting('greetings')).rejects.toThrow('RegionDisabled');
});
