import { admission } from './admission.js';
import { documents } from './documents.js';
import { measureAdmission } from './measure-admission.js';
import { refusals } from './refusals.js';
import { rotation } from './rotation.js';
import { sdks } from './sdks.js';
import { teardown } from './teardown.js';
import type { Scenario } from './types.js';
import { walkthrough } from './walkthrough.js';

/** Every scenario there is, in the order in which they run. One that is not listed does not exist. */
export const scenarios: readonly Scenario[] = [
  walkthrough,
  documents,
  refusals,
  sdks,
  admission,
  rotation,
  teardown,
];

/** What is measured instead of proved. */
export const measurements: readonly Scenario[] = [measureAdmission];
