import { admission } from './admission.js';
import { documents } from './documents.js';
import { refusals } from './refusals.js';
import { rotation } from './rotation.js';
import { sdks } from './sdks.js';
import { walkthrough } from './walkthrough.js';
import type { Scenario } from './types.js';

/** Every scenario there is, in the order in which they run. One that is not listed does not exist. */
export const scenarios: readonly Scenario[] = [
  documents,
  refusals,
  sdks,
  admission,
  rotation,
  walkthrough,
];
