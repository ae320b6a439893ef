import fc from 'fast-check';
import { evaluateTrustPolicy, measureTrustPolicy, parseTrustPolicy } from 'irsa/iam';
import { IrsaError } from 'irsa/errors';
import { describe, expect, it } from 'vitest';
import { claims, deepFreeze, providerArn } from './support.js';

const statement = {
  Effect: 'Allow',
  Principal: { Federated: providerArn },
  Action: 'sts:AssumeRoleWithWebIdentity',
};
const withStatement = (more: object): object => ({
  Version: '2012-10-17',
  Statement: [{ ...statement, ...more }],
});
const cycle: Record<string, unknown> = {};
cycle['Statement'] = cycle;

describe('parseTrustPolicy', () => {
  it('turns one statement into a list and keeps the rest', () => {
    expect(
      parseTrustPolicy(deepFreeze({ Version: '2012-10-17', Id: 'x', Statement: statement })),
    ).toEqual({
      Version: '2012-10-17',
      Id: 'x',
      Statement: [statement],
    });
  });

  it.each<[string, unknown, string]>([
    ['nothing', undefined, 'document'],
    ['null', null, 'document'],
    ['a number', 7, 'document'],
    ['a bigint', 7n, 'document'],
    ['a list', [], 'document'],
    ['a cycle', cycle, 'document'],
    ['an empty string', '', 'document'],
    ['cut-off JSON', '{"Version":"2012-10-17","Statement":[', 'document'],
    ['an HTML page', '<!doctype html><title>Sign in</title>', 'document'],
    ['bad URL encoding', '%7B%', 'document'],
    ['JSON of something else', '[1]', 'document'],
    ['no statement', {}, 'Statement'],
    ['an unknown version', { Version: '2024-01-01', Statement: [] }, 'Version'],
    ['an unknown field', { Statement: [], Statements: [] }, 'Statements'],
    ['an Id that is no text', { Statement: [], Id: 1 }, 'Id'],
    ['a statement that is text', { Statement: ['x'] }, 'Statement[0]'],
    ['a Resource', withStatement({ Resource: '*' }), 'Statement[0].Resource'],
    ['a wrong effect', withStatement({ Effect: 'allow' }), 'Statement[0].Effect'],
    ['no principal', withStatement({ Principal: undefined }), 'Statement[0]'],
    ['two principals', withStatement({ NotPrincipal: '*' }), 'Statement[0]'],
    ['no action', withStatement({ Action: undefined }), 'Statement[0]'],
    ['an action that is no text', withStatement({ Action: [1] }), 'Statement[0].Action'],
    ['no action in the list', withStatement({ Action: [] }), 'Statement[0].Action'],
    [
      'a principal that is an ARN',
      withStatement({ Principal: providerArn }),
      'Statement[0].Principal',
    ],
    ['an empty principal', withStatement({ Principal: {} }), 'Statement[0].Principal'],
    [
      'an unknown kind of principal',
      withStatement({ Principal: { User: 'x' } }),
      'Statement[0].Principal.User',
    ],
    [
      'a federated number',
      withStatement({ Principal: { Federated: 1 } }),
      'Statement[0].Principal.Federated',
    ],
    ['a Sid with a space', withStatement({ Sid: 'a b' }), 'Statement[0].Sid'],
    ['a condition list', withStatement({ Condition: [] }), 'Statement[0].Condition'],
    [
      'an unknown operator',
      withStatement({ Condition: { StringIs: {} } }),
      'Statement[0].Condition.StringIs',
    ],
    [
      'an operator of Null with IfExists',
      withStatement({ Condition: { NullIfExists: {} } }),
      'Statement[0].Condition.NullIfExists',
    ],
    [
      'an operator without keys',
      withStatement({ Condition: { StringEquals: 'x' } }),
      'Statement[0].Condition.StringEquals',
    ],
    [
      'a value that is an object',
      withStatement({ Condition: { StringEquals: { a: {} } } }),
      'Statement[0].Condition.StringEquals.a',
    ],
    [
      'no value',
      withStatement({ Condition: { StringEquals: { a: [] } } }),
      'Statement[0].Condition.StringEquals.a',
    ],
    [
      'the same Sid twice',
      {
        Statement: [
          { ...statement, Sid: 'A' },
          { ...statement, Sid: 'A' },
        ],
      },
      'Statement[1].Sid',
    ],
  ])('refuses %s', (_, input, path) => {
    expect(() => parseTrustPolicy(input)).toThrow(
      expect.objectContaining({ code: 'ERR_TRUST_POLICY', path }),
    );
  });

  it('names the limit that a policy of 8,193 characters exceeds, and takes one of 8,192', () => {
    const bare = JSON.stringify(withStatement({ Condition: { StringEquals: { a: '' } } })).length;
    const sized = (length: number): object =>
      withStatement({ Condition: { StringEquals: { a: 'x'.repeat(length - bare) } } });
    expect(measureTrustPolicy(JSON.stringify(sized(8192), null, 2), { limit: 8192 })).toEqual({
      length: 8192,
      limit: 8192,
      headroom: 0,
    });
    for (const input of [sized(8193), JSON.stringify(sized(8193))]) {
      expect(() => parseTrustPolicy(input)).toThrow(
        expect.objectContaining({
          code: 'ERR_IAM_LIMIT',
          message: expect.stringMatching(/role trust policy.*at most 8192, got 8193/) as string,
        }),
      );
    }
  });

  it('answers any JSON with a policy or a typed error, and evaluates what it takes', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'Allow',
        'Deny',
        '*',
        'sts:AssumeRoleWithWebIdentity',
        providerArn,
        '${',
        '${a}',
        "${a,'b'}",
      ),
      fc.string(),
      fc.integer(),
      fc.boolean(),
    );
    const block = fc.dictionary(
      fc.constantFrom(
        'StringEquals',
        'ForAllValues:StringLike',
        'Null',
        'DateLessThanIfExists',
        'NumericEquals',
        'IpAddress',
        'ArnLike',
        'x',
      ),
      fc.dictionary(
        fc.constantFrom('oidc.example.com/cluster-1:sub', 'aws:SourceIp', 'a'),
        fc.oneof(piece, fc.array(piece)),
      ),
    );
    const policies = fc.record(
      {
        Version: fc.constantFrom('2012-10-17', '2008-10-17', 'x'),
        Statement: fc.oneof(
          fc.jsonValue(),
          fc.array(
            fc.record(
              {
                Effect: piece,
                Principal: fc.oneof(piece, fc.record({ Federated: piece })),
                Action: fc.oneof(piece, fc.array(piece)),
                Condition: fc.oneof(block, fc.jsonValue()),
              },
              { requiredKeys: [] },
            ),
            { maxLength: 3 },
          ),
        ),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.oneof(policies, fc.jsonValue(), fc.string()), (input) => {
        try {
          const policy = parseTrustPolicy(deepFreeze(input));
          const decision = evaluateTrustPolicy(policy, { providerArn, claims });
          expect(typeof decision.allowed).toBe('boolean');
          expect(decision.allowed && decision.undecided.length > 0).toBe(false);
        } catch (error) {
          expect(error).toBeInstanceOf(IrsaError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
