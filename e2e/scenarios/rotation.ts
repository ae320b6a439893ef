import type { World } from '../environment/world.js';
import { fullPace, quickPace } from '../setup/rotation-clients.js';
import type { Pace } from '../setup/rotation-clients.js';
import { issuerBuckets, migrateIssuer, migrateIssuerInWrongOrder } from './migrate-issuer.js';
import { keyBuckets, rotateKeys, rotateKeysInWrongOrder } from './rotate-keys.js';
import type { Scenario } from './types.js';

const bucketsOf = (pace: Pace): readonly string[] => [
  ...Object.values(keyBuckets(pace)),
  ...Object.values(issuerBuckets(pace)),
  ...Object.values(issuerBuckets(pace, 'wrong')),
];

const common = {
  about: 'a change of key and one of issuer, driven by the planner, refuse no valid token',
  parts: ['etcd', 'kube-apiserver', 'versitygw'],
} as const;

/** Keys and issuer change step by step while clients run; then the same in the wrong order. */
export const rotation: Scenario = {
  ...common,
  id: 'rotation',
  buckets: bucketsOf(quickPace),
  run: async (world) =>
    (await Promise.all([runRight(world, quickPace), runWrong(world, quickPace)])).join('; '),
};

/** The same with real tokens of ten minutes. */
export const rotationFull: Scenario = {
  ...common,
  id: 'rotation-full',
  buckets: bucketsOf(fullPace),
  slow: true,
  run: (world) => runRight(world, fullPace),
};

/** Both at the same time, in clusters of their own: most of it is waiting. */
async function runRight(world: World, pace: Pace): Promise<string> {
  return (await Promise.all([rotateKeys(world, pace), migrateIssuer(world, pace)])).join('; ');
}

/** What the planner avoids. */
async function runWrong(world: World, pace: Pace): Promise<string> {
  const keys = await rotateKeysInWrongOrder(world, pace);
  return `${keys}; ${await migrateIssuerInWrongOrder(world, pace)}`;
}
