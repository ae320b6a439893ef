// The look-up among role mappings: the same answer as walking through all of them, and few of them looked at.
import fc from 'fast-check';
import { parseRoleMappings } from 'irsa/patch';
import { describe, expect, it } from 'vitest';
import { matchesPattern, WildcardIndex } from '../../src/patch/wildcard-index.js';

const part = fc.string({ unit: fc.constantFrom('a', 'b', '-', '*', '?'), maxLength: 5 });
const name = fc.string({ unit: fc.constantFrom('a', 'b', '-'), maxLength: 6 });

/** A pattern as a regular expression, for comparison only. */
const expressionOf = (pattern: string): RegExp =>
  new RegExp(`^${pattern.replaceAll('*', '[^]*').replaceAll('?', '[^]')}$`);

const rankOf = (key: string): readonly number[] => {
  const [namespace = '', account = ''] = key.split('/');
  const isExact = (text: string): number => (/[*?]/.test(text) ? 0 : 1);
  return [isExact(namespace), isExact(account), key.replace(/[*?/]/g, '').length];
};

const isBefore = (one: string, other: string): boolean => {
  const [left, right] = [rankOf(one), rankOf(other)];
  const index = left.findIndex((value, at) => value !== right[at]);
  return index < 0 ? one < other : left[index]! > right[index]!;
};

describe('role mappings with wildcards', () => {
  it('matches as the regular expression does', () => {
    fc.assert(
      fc.property(name, part, (text, pattern) => {
        expect(matchesPattern(text, pattern)).toBe(expressionOf(pattern).test(text));
      }),
    );
  });

  it('finds what a walk through all mappings finds', () => {
    const keys = fc.uniqueArray(
      fc.tuple(part, part).map((parts) => parts.join('/')),
      {
        maxLength: 12,
      },
    );
    fc.assert(
      fc.property(keys, name, name, (given, namespace, account) => {
        const config = Object.fromEntries(given.map((key) => [key, { RoleARN: key }]));
        const matching = given.filter((key) => {
          const [first = '', second = ''] = key.split('/');
          return expressionOf(first).test(namespace) && expressionOf(second).test(account);
        });
        const [best] = matching.sort((one, other) => (isBefore(one, other) ? -1 : 1));
        expect(parseRoleMappings(config).find(namespace, account)?.key).toBe(best);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['a begin', (index: number) => `team-${index}-*`, 'team-77-x'],
    ['an end', (index: number) => `*-${index}`, 'prod-77'],
    ['both', (index: number) => `prod-*-${index}`, 'prod-eu-77'],
    ['both, the end shorter', (index: number) => `production-*-${index}`, 'production-eu-77'],
    ['one character', (index: number) => `n${index}-?`, 'n77-a'],
    ['a part between wildcards', (index: number) => `*-${index}-*`, 'prod-77-eu'],
    ['a part between equal ends', (index: number) => `a-*-${index}-?-b`, 'a-prod-77-x-b'],
  ])('looks at one of 1,000 patterns that differ in %s', (_, patternOf, text) => {
    const index = new WildcardIndex<{ readonly number: number }>();
    for (let number = 0; number < 1000; number += 1) {
      index.slot(patternOf(number), () => ({ number }));
    }
    expect([...index.candidates(text)]).toEqual([{ number: 77 }]);
  });
});
