import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitLines } from '../../src/kubernetes/split-lines.js';

describe('splitLines', () => {
  it('gives the same lines however the bytes are cut, inside characters too', () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', '').trim());
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat(50)), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const found: string[] = [];
        const split = splitLines((text) => found.push(text));
        let at = 0;
        for (const length of cuts) {
          split(bytes.subarray(at, at + length));
          at += length;
        }
        split(bytes.subarray(at));
        expect(found).toEqual(lines.filter((text) => text !== ''));
      }),
      { numRuns: 200 },
    );
  });

  it('gives up on a line without an end', () => {
    const split = splitLines(() => {});
    const megabytes = Buffer.alloc(9 * 1024 * 1024, 0x20);
    split(megabytes);
    expect(() => {
      split(megabytes);
    }).toThrow('a line of more than');
  });
});
