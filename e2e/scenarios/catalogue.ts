import { admission } from './admission.js';
import { documents } from './documents.js';
import { measureAdmission } from './measure-admission.js';
import { refusals } from './refusals.js';
import { rotation, rotationFull } from './rotation.js';
import { sdks, sdksSlow } from './sdks.js';
import { teardown } from './teardown.js';
import type { Scenario } from './types.js';
import { walkthrough } from './walkthrough.js';
import { webhookFaults } from './webhook-faults.js';

/** Every scenario there is, in the order in which they run. One that is not listed does not exist. */
export const scenarios: readonly Scenario[] = [
  walkthrough,
  documents,
  refusals,
  sdks,
  sdksSlow,
  admission,
  rotation,
  rotationFull,
  webhookFaults,
  teardown,
];

/** What is measured instead of proved. */
export const measurements: readonly Scenario[] = [measureAdmission];
