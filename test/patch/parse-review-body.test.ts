import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { AdmissionReviewError } from 'irsa/errors';
import { parseReviewBody, reviewPod } from 'irsa/patch';
import { describe, expect, it } from 'vitest';

const realistic = readFileSync(
  new URL('../fixtures/reviews/realistic.json', import.meta.url),
  'utf8',
);

/** The same value with every array under the name emptied. */
const emptied = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(emptied);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      key === 'managedFields' && Array.isArray(inner) ? [] : emptied(inner),
    ]),
  );
};
const inBytes = (text: string): unknown => parseReviewBody(new TextEncoder().encode(text));

describe.each([
  ['text', parseReviewBody],
  ['bytes', inBytes],
])('parseReviewBody of %s', (unit, parse: (text: string) => unknown) => {
  it('leaves out of any JSON the entries of managedFields, and nothing else', () => {
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.constantFrom('"managedFields":[', '\\"managedFields":[]', ']', '"', '\\', 'ü€😀'),
          fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
          fc.boolean(),
          fc.constant(null),
        ),
        fc.array(tie('tree'), { maxLength: 4 }),
        fc.dictionary(
          fc.oneof(
            fc.string({ unit: 'binary' }),
            fc.constantFrom('managedFields', 'a"managedFields', 'metadata'),
          ),
          tie('tree'),
          { maxKeys: 4, noNullPrototype: true },
        ),
      ),
    }));
    fc.assert(
      fc.property(tree, (value) => {
        const text = JSON.stringify(value);
        // A name that ends as ours does, after an escaped quote, is read as ours: it names no field of a pod.
        fc.pre(!text.includes('\\"managedFields":['));
        expect(parse(text)).toEqual(emptied(JSON.parse(text)));
      }),
      { numRuns: 2000 },
    );
  });

  it('leaves both objects of an update without them', () => {
    const object = { metadata: { managedFields: [{ f: ['"]'] }, {}] }, spec: {} };
    const review = { request: { object, oldObject: object }, end: 1 };
    expect(parse(JSON.stringify(review))).toEqual(emptied(review));
  });

  it.each([
    ['nothing', ''],
    ['an array without an end', '{"managedFields":[{"a":1}'],
    ['a text without an end', '{"managedFields":["]'],
    ['a text that ends in a backslash', '{"managedFields":["\\'],
    ['nothing behind the array', '{"managedFields":[{"a":1}]'],
    ['a brace too many', '{"managedFields":[]}}'],
    ['the name as the end of a text', '{"a"managedFields":[]}'],
  ])('refuses %s', (_, text) => {
    expect(() => parse(text)).toThrow(AdmissionReviewError);
  });

  it('any prefix of a review is refused, and none takes long', () => {
    const text = JSON.stringify(JSON.parse(realistic));
    for (let length = 1; length < text.length; length += 97) {
      expect(() => parse(text.slice(0, length))).toThrow(AdmissionReviewError);
    }
  });

  it.each(['eks', 'standard'] as const)('changes no answer (%s)', (behavior) => {
    const review: unknown = JSON.parse(realistic);
    const text = JSON.stringify(review);
    expect(text.length - JSON.stringify(parse(text)).length).toBeGreaterThan(10_000);
    const annotations = {
      'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/s3-echoer',
    };
    const answer = (of: unknown): unknown =>
      reviewPod(of, {
        findServiceAccount: () => ({ metadata: { annotations } }),
        settings: { behavior },
      });
    expect(answer(parse(text))).toEqual(answer(review));
  });

  it.each([
    ['', 'an empty body'],
    ['{"token":"eyJhbGciOi', `20 ${unit === 'text' ? 'characters' : 'bytes'} that are not JSON`],
  ])('says what came instead of JSON, and quotes nothing of it', (text, actual) => {
    const message = `expected an AdmissionReview as JSON, got ${actual}; send the AdmissionReview as the API server makes it`;
    expect(() => parse(text)).toThrow(
      expect.objectContaining({ code: 'ERR_ADMISSION_REVIEW', path: 'body', actual, message }),
    );
  });

  it('refuses a byte order mark, which is no JSON', () => {
    expect(() => parse('\u{feff}{}')).toThrow(AdmissionReviewError);
  });
});
