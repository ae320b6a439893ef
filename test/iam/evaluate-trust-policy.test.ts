import { buildTrustPolicy, evaluateTrustPolicy, parseTrustPolicy } from 'irsa/iam';
import type { ConditionBlock, TrustPolicy, TrustStatement } from 'irsa/iam';
import { describe, expect, it } from 'vitest';
import { accountId, claims, deepFreeze, echoer, hostPath, issuer, providerArn } from './support.js';

const aud = `${hostPath}:aud`;
const sub = `${hostPath}:sub`;
const amr = `${hostPath}:amr`;

const allow = (Condition: ConditionBlock, more: Partial<TrustStatement> = {}): TrustStatement => ({
  Effect: 'Allow',
  Principal: { Federated: providerArn },
  Action: 'sts:AssumeRoleWithWebIdentity',
  Condition,
  ...more,
});
const deny = (Condition: ConditionBlock): TrustStatement => ({
  ...allow(Condition),
  Effect: 'Deny',
});
const policyOf = (...Statement: TrustStatement[]): TrustPolicy => ({
  Version: '2012-10-17',
  Statement,
});
const evaluate = (
  policy: TrustPolicy,
  more: Partial<Parameters<typeof evaluateTrustPolicy>[1]> = {},
): ReturnType<typeof evaluateTrustPolicy> =>
  evaluateTrustPolicy(deepFreeze(policy), deepFreeze({ providerArn, claims, ...more }));

/**
 * Each row was worked out by hand from IAM's pages on condition operators, on single-valued and multivalued keys, and on
 * policy variables: the condition, the further keys of the request, and whether an Allow statement with it lets in.
 */
const key = 'sts:RoleSessionName';
const list = 'aws:TagKeys';
type Row = readonly [string, ConditionBlock, Record<string, string | string[] | null>, boolean];
const rows: readonly Row[] = [
  // String operators on a single value.
  ['StringEquals, equal', { StringEquals: { [key]: 'a' } }, { [key]: 'a' }, true],
  ['StringEquals, other case', { StringEquals: { [key]: 'a' } }, { [key]: 'A' }, false],
  ['StringEquals, one of two', { StringEquals: { [key]: ['b', 'a'] } }, { [key]: 'a' }, true],
  ['StringEquals, absent', { StringEquals: { [key]: 'a' } }, { [key]: null }, false],
  ['StringEquals, wildcard is literal', { StringEquals: { [key]: 'a*' } }, { [key]: 'abc' }, false],
  ['StringEquals, literal star', { StringEquals: { [key]: 'a*' } }, { [key]: 'a*' }, true],
  ['StringNotEquals, equal', { StringNotEquals: { [key]: 'a' } }, { [key]: 'a' }, false],
  [
    'StringNotEquals, none of two',
    { StringNotEquals: { [key]: ['a', 'b'] } },
    { [key]: 'c' },
    true,
  ],
  [
    'StringNotEquals, one of two',
    { StringNotEquals: { [key]: ['a', 'b'] } },
    { [key]: 'b' },
    false,
  ],
  ['StringNotEquals, absent', { StringNotEquals: { [key]: 'a' } }, { [key]: null }, true],
  ['EqualsIgnoreCase', { StringEqualsIgnoreCase: { [key]: 'AbC' } }, { [key]: 'aBc' }, true],
  ['NotEqualsIgnoreCase', { StringNotEqualsIgnoreCase: { [key]: 'AbC' } }, { [key]: 'aBc' }, false],
  ['StringLike, star', { StringLike: { [key]: 'a*c' } }, { [key]: 'abbbc' }, true],
  ['StringLike, star is also nothing', { StringLike: { [key]: 'a*c' } }, { [key]: 'ac' }, true],
  ['StringLike, question mark', { StringLike: { [key]: 'a?c' } }, { [key]: 'abc' }, true],
  [
    'StringLike, question mark is not nothing',
    { StringLike: { [key]: 'a?c' } },
    { [key]: 'ac' },
    false,
  ],
  ['StringLike, case', { StringLike: { [key]: 'A*' } }, { [key]: 'abc' }, false],
  ['StringLike, whole value', { StringLike: { [key]: 'a*b' } }, { [key]: 'abc' }, false],
  ['StringLike, absent', { StringLike: { [key]: '*' } }, { [key]: null }, false],
  ['StringNotLike, match', { StringNotLike: { [key]: 'a*' } }, { [key]: 'abc' }, false],
  ['StringNotLike, no match', { StringNotLike: { [key]: 'a*' } }, { [key]: 'b' }, true],
  ['StringNotLike, absent', { StringNotLike: { [key]: 'a*' } }, { [key]: null }, true],
  // IfExists: an absent key satisfies.
  ['IfExists, absent', { StringEqualsIfExists: { [key]: 'a' } }, { [key]: null }, true],
  ['IfExists, equal', { StringEqualsIfExists: { [key]: 'a' } }, { [key]: 'a' }, true],
  ['IfExists, other', { StringEqualsIfExists: { [key]: 'a' } }, { [key]: 'b' }, false],
  ['IfExists, negated, other', { StringNotEqualsIfExists: { [key]: 'a' } }, { [key]: 'a' }, false],
  // Null: "true" asks for absence.
  ['Null true, absent', { Null: { [key]: 'true' } }, { [key]: null }, true],
  ['Null true, present', { Null: { [key]: 'true' } }, { [key]: 'a' }, false],
  ['Null false, present', { Null: { [key]: 'false' } }, { [key]: 'a' }, true],
  ['Null false, absent', { Null: { [key]: false } }, { [key]: null }, false],
  // Sets.
  [
    'ForAnyValue, one fits',
    { 'ForAnyValue:StringEquals': { [list]: ['a', 'b'] } },
    { [list]: ['b', 'c'] },
    true,
  ],
  [
    'ForAnyValue, none fits',
    { 'ForAnyValue:StringEquals': { [list]: ['a', 'b'] } },
    { [list]: ['c'] },
    false,
  ],
  ['ForAnyValue, absent', { 'ForAnyValue:StringEquals': { [list]: 'a' } }, { [list]: null }, false],
  [
    'ForAnyValue not, one differs',
    { 'ForAnyValue:StringNotEquals': { [list]: ['a', 'b'] } },
    { [list]: ['a', 'c'] },
    true,
  ],
  [
    'ForAnyValue not, all named',
    { 'ForAnyValue:StringNotEquals': { [list]: ['a', 'b'] } },
    { [list]: ['a', 'b'] },
    false,
  ],
  [
    'ForAnyValue not, absent',
    { 'ForAnyValue:StringNotEquals': { [list]: 'a' } },
    { [list]: null },
    false,
  ],
  [
    'ForAnyValue like',
    { 'ForAnyValue:StringLike': { [list]: 'a*' } },
    { [list]: ['x', 'ab'] },
    true,
  ],
  [
    'ForAllValues, all fit',
    { 'ForAllValues:StringEquals': { [list]: ['a', 'b'] } },
    { [list]: ['b', 'a'] },
    true,
  ],
  [
    'ForAllValues, one does not',
    { 'ForAllValues:StringEquals': { [list]: ['a', 'b'] } },
    { [list]: ['a', 'c'] },
    false,
  ],
  [
    'ForAllValues, absent',
    { 'ForAllValues:StringEquals': { [list]: 'a' } },
    { [list]: null },
    true,
  ],
  ['ForAllValues, empty', { 'ForAllValues:StringEquals': { [list]: 'a' } }, { [list]: [] }, true],
  [
    'ForAllValues not, none named',
    { 'ForAllValues:StringNotEquals': { [list]: ['a', 'b'] } },
    { [list]: ['c', 'd'] },
    true,
  ],
  [
    'ForAllValues not, one named',
    { 'ForAllValues:StringNotEquals': { [list]: ['a', 'b'] } },
    { [list]: ['c', 'a'] },
    false,
  ],
  [
    'ForAnyValue IfExists, absent',
    { 'ForAnyValue:StringEqualsIfExists': { [list]: 'a' } },
    { [list]: null },
    true,
  ],
  // Bool, Numeric, Date, Arn, IpAddress, Binary.
  [
    'Bool',
    { Bool: { 'aws:MultiFactorAuthPresent': 'true' } },
    { 'aws:MultiFactorAuthPresent': 'True' },
    true,
  ],
  [
    'Bool, other',
    { Bool: { 'aws:MultiFactorAuthPresent': true } },
    { 'aws:MultiFactorAuthPresent': 'false' },
    false,
  ],
  [
    'Bool, absent',
    { Bool: { 'aws:MultiFactorAuthPresent': false } },
    { 'aws:MultiFactorAuthPresent': null },
    false,
  ],
  ['NumericEquals', { NumericEquals: { [key]: 10 } }, { [key]: '10.0' }, true],
  ['NumericLessThan, equal', { NumericLessThan: { [key]: '10' } }, { [key]: '10' }, false],
  [
    'NumericLessThanEquals, equal',
    { NumericLessThanEquals: { [key]: '10' } },
    { [key]: '10' },
    true,
  ],
  ['NumericGreaterThan', { NumericGreaterThan: { [key]: '9' } }, { [key]: '10' }, true],
  [
    'NumericGreaterThanEquals, less',
    { NumericGreaterThanEquals: { [key]: '11' } },
    { [key]: '10' },
    false,
  ],
  ['NumericEquals, no number', { NumericEquals: { [key]: '1' } }, { [key]: 'one' }, false],
  ['NumericNotEquals, absent', { NumericNotEquals: { [key]: '1' } }, { [key]: null }, true],
  [
    'DateLessThan, before',
    { DateLessThan: { 'aws:CurrentTime': '2026-02-01T00:00:00Z' } },
    {},
    true,
  ],
  ['DateLessThan, after', { DateLessThan: { 'aws:CurrentTime': '2025-12-31' } }, {}, false],
  ['DateGreaterThan, epoch', { DateGreaterThan: { 'aws:EpochTime': '1735689600' } }, {}, true],
  ['DateEquals', { DateEquals: { 'aws:CurrentTime': '2026-01-01T01:00:00+01:00' } }, {}, true],
  ['DateNotEquals, no date', { DateEquals: { 'aws:CurrentTime': 'soon' } }, {}, false],
  [
    'ArnLike, part by part',
    { ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::*' } },
    { 'aws:SourceArn': 'arn:aws:s3:::b/k:1' },
    true,
  ],
  [
    'ArnLike, no colon swallowed',
    { ArnLike: { 'aws:SourceArn': 'arn:*:s3:::b' } },
    { 'aws:SourceArn': 'arn:aws:iam::1:s3:::b' },
    false,
  ],
  [
    'ArnEquals takes wildcards too',
    { ArnEquals: { 'aws:SourceArn': 'arn:aws:iam::*:role/a' } },
    { 'aws:SourceArn': 'arn:aws:iam::1:role/a' },
    true,
  ],
  [
    'ArnNotLike, absent',
    { ArnNotLike: { 'aws:SourceArn': 'arn:aws:s3:::b' } },
    { 'aws:SourceArn': null },
    true,
  ],
  ['ArnLike, no ARN', { ArnLike: { 'aws:SourceArn': '*' } }, { 'aws:SourceArn': 'x' }, false],
  [
    'IpAddress, in',
    { IpAddress: { 'aws:SourceIp': ['10.0.0.0/8', '203.0.113.0/24'] } },
    { 'aws:SourceIp': '203.0.113.7' },
    true,
  ],
  [
    'IpAddress, out',
    { IpAddress: { 'aws:SourceIp': '203.0.113.0/25' } },
    { 'aws:SourceIp': '203.0.113.128' },
    false,
  ],
  [
    'IpAddress, alone',
    { IpAddress: { 'aws:SourceIp': '203.0.113.7' } },
    { 'aws:SourceIp': '203.0.113.7' },
    true,
  ],
  [
    'IpAddress, v6',
    { IpAddress: { 'aws:SourceIp': '2001:DB8:1234:5678::/64' } },
    { 'aws:SourceIp': '2001:db8:1234:5678::1' },
    true,
  ],
  [
    'IpAddress, v6 out',
    { IpAddress: { 'aws:SourceIp': '2001:db8::/32' } },
    { 'aws:SourceIp': '2001:db9::1' },
    false,
  ],
  [
    'IpAddress, v4 range for v6',
    { IpAddress: { 'aws:SourceIp': '0.0.0.0/0' } },
    { 'aws:SourceIp': '::1' },
    false,
  ],
  [
    'NotIpAddress',
    { NotIpAddress: { 'aws:SourceIp': '203.0.113.0/24' } },
    { 'aws:SourceIp': '198.51.100.1' },
    true,
  ],
  ['BinaryEquals', { BinaryEquals: { [key]: 'QQ==' } }, { [key]: 'QQ==' }, true],
  // Keys are compared without case; operators of a block and keys of an operator are joined by AND.
  ['key in another case', { StringEquals: { 'STS:rolesessionname': 'a' } }, { [key]: 'a' }, true],
  [
    'AND over operators',
    { StringEquals: { [key]: 'a' }, Null: { [key]: 'true' } },
    { [key]: 'a' },
    false,
  ],
  [
    'AND over keys',
    { StringEquals: { [key]: 'a', 'sts:ExternalId': 'b' } },
    { [key]: 'a', 'sts:ExternalId': 'c' },
    false,
  ],
  ['https is the only transport', { Bool: { 'aws:SecureTransport': 'true' } }, {}, true],
  // Policy variables.
  ['variable', { StringEquals: { [key]: `\${${sub}}` } }, { [key]: claims.sub }, true],
  [
    'variable in a pattern',
    { StringLike: { [key]: `*-\${sts:ExternalId}` } },
    { [key]: 'x-1', 'sts:ExternalId': '1' },
    true,
  ],
  [
    'a value’s star is no wildcard',
    { StringLike: { [key]: '${sts:ExternalId}' } },
    { [key]: 'abc', 'sts:ExternalId': '*' },
    false,
  ],
  ['escaped star', { StringLike: { [key]: 'a${*}' } }, { [key]: 'ab' }, false],
  ['escaped star, itself', { StringLike: { [key]: 'a${*}' } }, { [key]: 'a*' }, true],
  [
    'default of a variable',
    { StringEquals: { [key]: "${sts:ExternalId, 'none'}" } },
    { [key]: 'none', 'sts:ExternalId': null },
    true,
  ],
  // The keys of the token.
  ['unfinished variable is text', { StringEquals: { [key]: 'a${b' } }, { [key]: 'a${b' }, true],
  ['several values, Null', { Null: { [list]: 'false' } }, { [list]: ['a', 'b'] }, true],
  [
    'Date without a zone',
    { DateGreaterThanEquals: { 'aws:CurrentTime': '2026-01-01T00:00' } },
    {},
    true,
  ],
  ['sub and aud', { StringEquals: { [sub]: claims.sub, [aud]: 'sts.amazonaws.com' } }, {}, true],
  ['sub of another', { StringEquals: { [sub]: `${claims.sub}x` } }, {}, false],
  ['sub by pattern', { StringLike: { [sub]: 'system:serviceaccount:default:*' } }, {}, true],
  [
    'sub by a pattern in StringEquals',
    { StringEquals: { [sub]: 'system:serviceaccount:default:*' } },
    {},
    false,
  ],
  ['claim that STS does not offer', { StringEquals: { [`${hostPath}:iss`]: issuer } }, {}, false],
  [
    'claim that STS does not offer, negated',
    { StringNotEquals: { [`${hostPath}:iss`]: issuer } },
    {},
    true,
  ],
  ['key of another issuer', { StringEquals: { 'other.example.com:sub': claims.sub } }, {}, false],
  ['key with a scheme', { StringEquals: { [`https://${sub}`]: claims.sub } }, {}, false],
];

describe('evaluateTrustPolicy, one condition', () => {
  it.each(rows)('%s', (_, condition, context, expected) => {
    const now = new Date('2026-01-01T00:00:00Z');
    const decision = evaluate(policyOf(allow(condition)), { context, now });
    expect({ allowed: decision.allowed, undecided: decision.undecided }).toEqual({
      allowed: expected,
      undecided: [],
    });
    // The same condition in a Deny takes away what another statement gives, exactly when it holds.
    const denied = evaluate(policyOf(deny(condition), allow({})), { context, now });
    expect(denied.allowed).toBe(!expected);
  });
});

describe('evaluateTrustPolicy, the token', () => {
  const built = buildTrustPolicy({ issuer, accountId, subjects: [echoer] });

  it('lets the service account in and nobody else', () => {
    expect(evaluate(built).allowed).toBe(true);
    for (const other of [
      { ...claims, sub: 'system:serviceaccount:default:other' },
      { ...claims, sub: 'system:serviceaccount:other:s3-echoer' },
      { ...claims, aud: ['other'] },
      { aud: claims.aud },
      { sub: claims.sub },
      {},
    ]) {
      const decision = evaluate(built, { claims: other });
      expect(decision).toMatchObject({ allowed: false, undecided: [] });
      expect(decision.reasons[0]).toMatchObject({
        statement: 0,
        outcome: 'does-not-apply',
        element: 'Condition',
      });
    }
  });

  it('says which condition failed, with both values', () => {
    const [reason] = evaluate(built, {
      claims: { ...claims, sub: 'system:serviceaccount:a:b' },
    }).reasons;
    expect(reason).toMatchObject({
      operator: 'StringEquals',
      key: sub,
      expected: [claims.sub],
      actual: ['system:serviceaccount:a:b'],
    });
    expect(reason?.message).toContain('system:serviceaccount:a:b');
  });

  it('refuses another provider, account or partition', () => {
    for (const arn of [
      'arn:aws:iam::111122223333:oidc-provider/other.example.com',
      `arn:aws:iam::999999999999:oidc-provider/${hostPath}`,
      `arn:aws-cn:iam::${accountId}:oidc-provider/${hostPath}`,
      `${providerArn}/`,
    ]) {
      const decision = evaluate(built, { providerArn: arn });
      expect(decision.allowed).toBe(false);
      expect(decision.reasons[0]).toMatchObject({ element: 'Principal', actual: [arn] });
    }
  });

  it('reads the authorized party as the audience when there is one', () => {
    const both = { ...claims, aud: ['sts.amazonaws.com', 'b'] };
    expect(evaluate(built, { claims: { ...both, azp: 'sts.amazonaws.com' } }).allowed).toBe(true);
    expect(evaluate(built, { claims: { ...both, azp: 'b' } }).allowed).toBe(false);
  });

  it('does not guess what a plain operator makes of several values', () => {
    const decision = evaluate(built, { claims: { ...claims, aud: ['sts.amazonaws.com', 'b'] } });
    expect(decision).toMatchObject({ allowed: false, undecided: [aud] });
    const methods = { ...claims, amr: ['authenticated', 'pwd'] };
    const any = policyOf(allow({ 'ForAnyValue:StringEquals': { [amr]: 'pwd' } }));
    expect(evaluate(any, { claims: methods }).allowed).toBe(true);
  });

  it('refuses a provider ARN that is none', () => {
    for (const arn of [
      '',
      'arn:aws:iam::111122223333:role/a',
      'arn:aws:s3:::oidc-provider/x',
      'x',
    ]) {
      expect(() => evaluate(built, { providerArn: arn })).toThrow(
        expect.objectContaining({ code: 'ERR_ARN' }),
      );
    }
  });
});

describe('evaluateTrustPolicy, statements', () => {
  const everyone = allow({});

  it.each<[string, TrustStatement, boolean]>([
    ['sts:*', allow({}, { Action: 'sts:*' }), true],
    ['*', allow({}, { Action: '*' }), true],
    [
      'a list, another case',
      allow({}, { Action: ['s3:GetObject', 'STS:assumerolewithwebidentity'] }),
      true,
    ],
    ['sts:AssumeRole*', allow({}, { Action: 'sts:AssumeRole*' }), true],
    ['sts:AssumeRole', allow({}, { Action: 'sts:AssumeRole' }), false],
    [
      'several providers',
      allow({}, { Principal: { Federated: ['cognito-identity.amazonaws.com', providerArn] } }),
      true,
    ],
    [
      'an AWS principal',
      allow({}, { Principal: { AWS: 'arn:aws:iam::111122223333:root' } }),
      false,
    ],
    ['a service', allow({}, { Principal: { Service: 'ec2.amazonaws.com' } }), false],
    ['the provider as an AWS principal', allow({}, { Principal: { AWS: providerArn } }), false],
  ])('%s', (_, statement, expected) => {
    expect(evaluate(policyOf(statement))).toMatchObject({ allowed: expected, undecided: [] });
  });

  it('lets Deny beat Allow, whatever the order', () => {
    const no = deny({ StringEquals: { [sub]: claims.sub } });
    expect(evaluate(policyOf(everyone, no)).allowed).toBe(false);
    expect(evaluate(policyOf(no, everyone)).allowed).toBe(false);
    const all = { ...allow({}), Effect: 'Deny' as const, Principal: '*' as const };
    expect(evaluate(policyOf(everyone, all)).allowed).toBe(false);
  });

  it('refuses when nothing allows', () => {
    const decision = evaluate(policyOf());
    expect(decision).toMatchObject({ allowed: false, undecided: [] });
    expect(decision.reasons).toHaveLength(1);
  });

  it('leaves undecided what is not known offline, and only where it matters', () => {
    const unknown = { StringEquals: { 'aws:SourceVpc': 'vpc-1' } };
    expect(evaluate(policyOf(allow(unknown)))).toMatchObject({
      allowed: false,
      undecided: ['aws:SourceVpc'],
    });
    expect(evaluate(policyOf(everyone, deny(unknown)))).toMatchObject({
      allowed: false,
      undecided: ['aws:SourceVpc'],
    });
    // Settled otherwise: another statement allows, a Deny applies, a known condition fails, or nothing could allow.
    expect(evaluate(policyOf(allow(unknown), everyone))).toMatchObject({
      allowed: true,
      undecided: [],
    });
    expect(evaluate(policyOf(allow(unknown), deny({})))).toMatchObject({
      allowed: false,
      undecided: [],
    });
    expect(evaluate(policyOf(allow({ ...unknown, Null: { [sub]: 'true' } })))).toMatchObject({
      allowed: false,
      undecided: [],
    });
    expect(evaluate(policyOf(deny(unknown)))).toMatchObject({ allowed: false, undecided: [] });
    // Told, it is decided.
    expect(
      evaluate(policyOf(allow(unknown)), { context: { 'aws:sourcevpc': 'vpc-1' } }).allowed,
    ).toBe(true);
  });

  it('does not know the time unless it is told', () => {
    const until = policyOf(allow({ DateLessThan: { 'aws:CurrentTime': '2030-01-01T00:00:00Z' } }));
    expect(evaluate(until)).toMatchObject({ allowed: false, undecided: ['aws:CurrentTime'] });
  });

  it('does not guess variables', () => {
    const decision = evaluate(policyOf(allow({ StringEquals: { [sub]: '${aws:username}' } })));
    expect(decision).toMatchObject({ allowed: false, undecided: ['aws:username'] });
    const old = {
      ...policyOf(allow({ StringEquals: { [sub]: '${aws:username}' } })),
      Version: '2008-10-17' as const,
    };
    expect(evaluate(old)).toMatchObject({ allowed: false, undecided: [] });
  });

  it('reports NotAction, NotPrincipal and an Allow for everybody as not evaluated', () => {
    const { Effect, Principal, Action } = allow({});
    const noAction = { Effect, ...(Principal && { Principal }) };
    const noPrincipal = { Effect, ...(Action && { Action }) };
    const cases: [TrustStatement, string][] = [
      [{ ...noAction, NotAction: 's3:*' }, 'NotAction'],
      [{ ...noPrincipal, NotPrincipal: { AWS: '111122223333' } }, 'NotPrincipal'],
      [{ ...everyone, Principal: '*' }, 'Principal *'],
      [{ ...everyone, Principal: { AWS: ['*'] } }, 'Principal *'],
    ];
    for (const [statement, name] of cases) {
      const decision = evaluate(policyOf(statement));
      expect(decision).toMatchObject({ allowed: false, undecided: [name] });
      expect(decision.reasons[0]?.outcome).toBe('not-evaluated');
      // A condition that fails settles it all the same.
      const failing = { ...statement, Condition: { Null: { [sub]: 'true' } } };
      expect(evaluate(policyOf(failing))).toMatchObject({ allowed: false, undecided: [] });
    }
  });
});

describe('evaluateTrustPolicy, findings', () => {
  const full = { [sub]: claims.sub, [aud]: 'sts.amazonaws.com' };
  it.each<[string, TrustStatement]>([
    [
      'wildcard-matches-literally',
      allow({ StringEquals: { ...full, [sub]: 'system:serviceaccount:a:*' } }),
    ],
    [
      'claim-not-a-condition-key',
      allow({ StringEquals: { ...full, [`${hostPath}:kubernetes.io/namespace`]: 'a' } }),
    ],
    ['audience-not-checked', allow({ StringEquals: { [sub]: claims.sub } })],
    ['subject-not-checked', allow({ StringEquals: { [aud]: 'sts.amazonaws.com' } })],
    [
      'subject-not-checked',
      allow({ StringEquals: { [aud]: 'a' }, StringNotEquals: { [sub]: 'x' } }),
    ],
    [
      'subject-matches-everything',
      allow({ StringEquals: { [aud]: 'a' }, StringLike: { [sub]: '*' } }),
    ],
    [
      'subject-matches-everything',
      allow({ StringEquals: { [aud]: 'a' }, StringLike: { [sub]: 'system:serviceaccount:*:*' } }),
    ],
    [
      'subject-matches-everything',
      allow({ StringEquals: { [aud]: 'a' }, StringLike: { [sub]: 'system:serviceaccount*' } }),
    ],
    [
      'subject-matches-everything',
      allow({ StringEquals: { [aud]: 'a' }, StringLike: { [sub]: '*account:?*' } }),
    ],
    [
      'condition-key-of-another-issuer',
      allow({ StringEquals: { ...full, [`https://${sub}`]: 'a' } }),
    ],
    [
      'condition-key-of-another-issuer',
      allow({ StringEquals: { ...full, [`${hostPath}/:sub`]: 'a' } }),
    ],
    ['for-all-values-passes-when-absent', allow({ 'ForAllValues:StringEquals': full })],
    ['principal-wildcard', allow({ StringEquals: full }, { Principal: '*' })],
  ])('%s', (id, statement) => {
    const { findings } = evaluate(policyOf(statement));
    expect(findings.map((finding) => finding.id)).toContain(id);
    for (const finding of findings) expect(finding.evidence).toContain('Statement[0]');
  });

  it('does not judge the claims of providers that STS has own lists for', () => {
    const host = 'token.actions.githubusercontent.com';
    const arn = `arn:aws:iam::111122223333:oidc-provider/${host}`;
    const statement = {
      ...allow({
        StringEquals: {
          [`${host}:sub`]: 'a',
          [`${host}:aud`]: 'b',
          [`${host}:repository_id`]: '7',
        },
      }),
      Principal: { Federated: arn },
    };
    const request = { providerArn: arn, claims: { sub: 'a', aud: 'b', repository_id: '7' } };
    expect(evaluate(policyOf(statement), request)).toMatchObject({
      allowed: false,
      undecided: [`${host}:repository_id`],
      findings: [],
    });
    const told = { ...request, context: { [`${host}:repository_id`]: '7' } };
    expect(evaluate(policyOf(statement), told).allowed).toBe(true);
  });

  it('has nothing against other operators, keys and literal wildcards', () => {
    const fine = [
      allow({ StringEquals: full, StringLike: { [amr]: 'a*' } }),
      allow({ StringEquals: full, StringNotLike: { [sub]: 'system:serviceaccount:kube-*' } }),
      allow({ StringEquals: { ...full, 'sts:RoleSessionName': '${aws:RequestTag/x*}' } }),
      allow({ StringEquals: full, StringNotLike: { [sub]: '*' } }),
      allow({ StringLike: { ...full, [sub]: 'system:serviceaccount:a*:*' } }),
      allow({ StringLike: { ...full, [sub]: '*:s3-echoer' } }),
      allow({ StringLike: { [sub]: '*' } }, { Effect: 'Deny' }),
      allow({ StringEquals: full, Null: { [sub]: 'false' } }),
      allow({ StringEqualsIgnoreCase: full }),
    ];
    for (const statement of fine) expect(evaluate(policyOf(statement)).findings).toEqual([]);
    const negated = evaluate(
      policyOf(allow({ StringEquals: full, StringNotEquals: { [sub]: 'a*' } })),
    );
    expect(negated.findings).toMatchObject([
      { id: 'wildcard-matches-literally', fix: 'Use StringNotLike.' },
    ]);
  });

  it('finds nothing in what we build, nor in statements of others', () => {
    const mixed = buildTrustPolicy({
      issuer,
      accountId,
      subjects: [echoer, { namespace: 'a', name: '*' }],
    });
    const foreign = allow(
      {},
      { Principal: { AWS: 'arn:aws:iam::111122223333:root' }, Action: 'sts:AssumeRole' },
    );
    expect(evaluate(policyOf(...mixed.Statement, foreign)).findings).toEqual([]);
  });
});

it('reads JSON text and the URL-encoded answer of GetRole', () => {
  const policy = buildTrustPolicy({ issuer, accountId, subjects: [echoer] });
  const text = JSON.stringify(policy, null, 2);
  expect(evaluateTrustPolicy(text, { providerArn, claims }).allowed).toBe(true);
  expect(evaluateTrustPolicy(encodeURIComponent(text), { providerArn, claims }).allowed).toBe(true);
  expect(parseTrustPolicy(text)).toEqual(policy);
});
