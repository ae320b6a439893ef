import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { IrsaError, type IrsaErrorCode } from 'irsa/errors';
import * as errors from 'irsa/errors';
import { repository } from '../support/doc-fences.js';

const source = readFileSync(join(repository, 'src/errors.ts'), 'utf8');
const file = ts.createSourceFile('errors.ts', source, ts.ScriptTarget.ES2022);
const union = file.statements.find(
  (s): s is ts.TypeAliasDeclaration =>
    ts.isTypeAliasDeclaration(s) && s.name.text === 'IrsaErrorCode',
);
const codes =
  union && ts.isUnionTypeNode(union.type)
    ? union.type.types.map((t) =>
        ts.isLiteralTypeNode(t) && ts.isStringLiteral(t.literal) ? t.literal.text : '',
      )
    : [];

type ErrorClass = new (message: string) => IrsaError;
const classes = (Object.values(errors) as unknown[]).filter(
  (value): value is ErrorClass =>
    typeof value === 'function' && value.prototype instanceof IrsaError,
);

describe('error codes', () => {
  it('has one class for each code, and the name of its class on each error', () => {
    const made = classes.map((Class) => new Class('message'));
    expect(made.map(({ code }) => code).sort()).toEqual([...codes].sort());
    for (const error of made) expect(error.name).toBe(error.constructor.name);
  });

  it('lets a chain go on only where nothing is configured', () => {
    const open = classes.map((Class) => new Class('m')).filter(({ tryNextLink }) => tryNextLink);
    expect(open.map(({ code }): IrsaErrorCode => code)).toEqual([
      'ERR_WEB_IDENTITY_NOT_CONFIGURED',
    ]);
  });

  it('keeps cause and fields, and leaves absent ones out', () => {
    const cause = new Error('inner');
    const error = new errors.KeyError('m', { cause, path: 'a', actual: 'b', expected: 'c' });
    expect(error).toMatchObject({ cause, path: 'a', actual: 'b', expected: 'c' });
    expect(Object.keys(new errors.KeyError('m')).sort()).toEqual(['code', 'name', 'tryNextLink']);
    expect('cause' in new errors.KeyError('m')).toBe(false);
  });

  it('is in the README’s table, each code once and no other', () => {
    const readme = readFileSync(join(repository, 'README.md'), 'utf8');
    const named = [...readme.matchAll(/^\| `(ERR_[A-Z_]+)` +\|/gm)].map((match) => match[1]);
    expect(named.sort()).toEqual([...codes].sort());
  });
});
