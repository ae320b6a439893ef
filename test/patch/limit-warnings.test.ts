import { describe, expect, it } from 'vitest';
import { limitWarnings, shown } from '../../src/patch/limit-warnings.js';

describe('shown', () => {
  it.each<readonly [unknown, string]>([
    ['x'.repeat(32), `"${'x'.repeat(32)}"`],
    ['x'.repeat(33), `"${'x'.repeat(29)}..."`],
    ['ö\n', '"??"'],
    [5, '"number"'],
    [undefined, '"undefined"'],
  ])('%j', (name, text) => {
    expect(shown(name)).toBe(text);
  });
});

describe('limitWarnings', () => {
  it.each([
    ['x'.repeat(120), 'x'.repeat(120)],
    ['x'.repeat(121), `${'x'.repeat(117)}...`],
    ['größe\t', 'gr??e?'],
  ])('cuts and cleans %j', (message, text) => {
    expect(limitWarnings([message])).toEqual([text]);
  });

  it('counts what does not fit below 4,096 characters', () => {
    const kept = limitWarnings(Array.from({ length: 50 }, () => 'x'.repeat(120)));
    expect(kept.slice(0, -1)).toEqual(Array.from({ length: 33 }, () => 'x'.repeat(120)));
    expect(kept.at(-1)).toBe('irsa: 17 more warnings');
    expect(kept.join('').length).toBeLessThan(4096);
  });
});
