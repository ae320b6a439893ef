import fc from 'fast-check';
import { parseServiceAccountSubject, serviceAccountSubject } from 'irsa/oidc';
import { describe, expect, it } from 'vitest';

describe('serviceAccountSubject', () => {
  it('goes there and back for every name that Kubernetes takes', () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
    const name = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
    fc.assert(
      fc.property(label, name, (namespace, account) => {
        expect(parseServiceAccountSubject(serviceAccountSubject(namespace, account))).toEqual({
          namespace,
          name: account,
        });
      }),
    );
  });

  it.each<[unknown, unknown]>([
    ['', 'a'],
    ['a', ''],
    ['A', 'a'],
    ['a.b', 'a'],
    ['a'.repeat(64), 'a'],
    ['a', 'a'.repeat(254)],
    ['a:b', 'c'],
    ['a', 'b:c'],
    ['a', '*'],
    ['a\n', 'b'],
    [undefined, 'a'],
    ['a', null],
  ])('refuses namespace %j with name %j', (namespace, name) => {
    expect(() => serviceAccountSubject(namespace as string, name as string)).toThrow(
      expect.objectContaining({ code: 'ERR_SUBJECT' }),
    );
  });

  it.each<[unknown]>([
    [''],
    [undefined],
    ['system:serviceaccount:a'],
    ['system:serviceaccount:a:b:c'],
    ['system:node:a:b'],
    ['System:serviceaccount:a:b'],
    ['system:serviceaccount::b'],
    ['repo:a/b:ref:x'],
  ])('refuses the subject %j', (subject) => {
    expect(() => parseServiceAccountSubject(subject as string)).toThrow(
      expect.objectContaining({ code: 'ERR_SUBJECT' }),
    );
  });

  it('answers any text with names or ERR_SUBJECT', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string().map((text) => `system:serviceaccount:${text}`),
        ),
        (text) => {
          try {
            const { namespace, name } = parseServiceAccountSubject(text);
            expect(serviceAccountSubject(namespace, name)).toBe(text);
          } catch (error) {
            expect(error).toMatchObject({ code: 'ERR_SUBJECT' });
          }
        },
      ),
    );
  });
});
