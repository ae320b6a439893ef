import { it } from 'vitest';
import { holdRotationToItsPromise } from './hold-rotation.js';

it('keeps trust in a hundred thousand worlds', () => {
  holdRotationToItsPromise(100_000);
});
