import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMediaType } from '../src/parse-media-type.js';

describe('parseMediaType', () => {
  it.each([
    ['application/json', 'application/json'],
    ['Application/JSON; charset=utf-8', 'application/json'],
    ['  application/json  ;q=1', 'application/json'],
    ['application/json;', 'application/json'],
    ['application/json, text/html', undefined],
    ['application', undefined],
    ['application/', undefined],
    ['/json', undefined],
    ['application/json x', undefined],
    [';application/json', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j is %j', (header, expected) => {
    expect(parseMediaType(header)).toBe(expected);
  });

  it('never throws, and what it gives is its own media type', () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        const found = parseMediaType(header);
        if (found !== undefined) expect(parseMediaType(found)).toBe(found);
      }),
    );
  });
});
