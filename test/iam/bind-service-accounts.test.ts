import fc from 'fast-check';
import {
  bindServiceAccounts,
  buildTrustPolicy,
  evaluateTrustPolicy,
  unbindServiceAccounts,
} from 'irsa/iam';
import type { ServiceAccountPattern, TrustPolicy, TrustStatement } from 'irsa/iam';
import { describe, expect, it } from 'vitest';
import { accountId, claims, deepFreeze, echoer, hostPath, issuer, providerArn } from './support.js';

const other = { namespace: 'default', name: 'other' };
const wild = { namespace: 'team-*', name: '*' };
const cluster = { issuer, accountId };
const built = buildTrustPolicy({ ...cluster, subjects: [echoer] });
const bind = (policy: TrustPolicy, ...subjects: ServiceAccountPattern[]): TrustPolicy =>
  bindServiceAccounts(deepFreeze(policy), deepFreeze({ ...cluster, subjects }));
const unbind = (policy: TrustPolicy, ...subjects: ServiceAccountPattern[]): TrustPolicy =>
  unbindServiceAccounts(deepFreeze(policy), deepFreeze({ ...cluster, subjects }));

const sub = `${hostPath}:sub`;
const own = built.Statement[0]!;
/** Statements that look like ours and are not. */
const foreign: TrustStatement[] = [
  { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
  { ...own, Effect: 'Deny' },
  { ...own, Principal: { Federated: providerArn, AWS: '111122223333' } },
  { ...own, Principal: { Federated: [providerArn, 'cognito-identity.amazonaws.com'] } },
  { ...own, Principal: '*' },
  { ...own, Action: ['sts:AssumeRoleWithWebIdentity', 'sts:TagSession'] },
  { ...own, Condition: { ...own.Condition, IpAddress: { 'aws:SourceIp': '10.0.0.0/8' } } },
  {
    ...own,
    Condition: { StringEquals: { ...own.Condition?.['StringEquals'], 'sts:RoleSessionName': 'x' } },
  },
  {
    ...own,
    Condition: { StringLike: { [sub]: 'system:serviceaccount:default:s3-echoer', x: 'y' } },
  },
  { ...own, Condition: { StringEquals: { [`${hostPath}:aud`]: ['a', 'b'], [sub]: 'x' } } },
  { ...own, Condition: { StringEquals: { [`${hostPath}:aud`]: 'a' } } },
  { ...own, Principal: { Federated: providerArn.replace('cluster-1', 'cluster-2') } },
];

describe('bindServiceAccounts', () => {
  it('joins the statement of the same issuer and audience', () => {
    const bound = bind(built, other);
    expect(bound.Statement).toHaveLength(1);
    expect(bound.Statement[0]?.Condition?.['StringEquals']?.[sub]).toEqual([
      'system:serviceaccount:default:s3-echoer',
      'system:serviceaccount:default:other',
    ]);
    expect(bind(bound, wild).Statement).toHaveLength(2);
  });

  it('does not take a pattern under StringEquals for bound: it lets nobody in', () => {
    const anyone = { namespace: 'default', name: '*' };
    const pattern = 'system:serviceaccount:default:*';
    const literal: TrustStatement = {
      ...own,
      Condition: { StringEquals: { ...own.Condition?.['StringEquals'], [sub]: pattern } },
    };
    const bound = bind({ Version: '2012-10-17', Statement: [literal] }, anyone);
    expect(bound.Statement).toEqual([
      literal,
      ...buildTrustPolicy({ ...cluster, subjects: [anyone] }).Statement,
    ]);
    expect(evaluateTrustPolicy(bound, { providerArn, claims }).allowed).toBe(true);
    expect(bind(bound, anyone)).toEqual(bound);
  });

  it('takes a name under StringLike for bound: it matches itself', () => {
    const { [sub]: name, ...audience } = own.Condition!['StringEquals']!;
    const like: TrustStatement = {
      ...own,
      Condition: { StringEquals: audience, StringLike: { [sub]: name! } },
    };
    const policy: TrustPolicy = { Version: '2012-10-17', Statement: [like] };
    expect(evaluateTrustPolicy(policy, { providerArn, claims }).allowed).toBe(true);
    expect(bind(policy, echoer)).toEqual(policy);
  });

  it('holds several clusters in one role', () => {
    const green = { issuer: 'https://green.example.com', accountId, subjects: [echoer] };
    const both = bindServiceAccounts(built, green);
    expect(both.Statement).toHaveLength(2);
    expect(both.Statement[0]).toEqual(own);
    expect(bindServiceAccounts(both, green)).toEqual(both);
  });

  it('keeps audiences apart', () => {
    const two = bindServiceAccounts(built, { ...cluster, subjects: [echoer], audience: 'b' });
    const three = bindServiceAccounts(two, { ...cluster, subjects: [echoer], audience: null });
    expect(three.Statement).toHaveLength(3);
    expect(
      unbindServiceAccounts(three, { ...cluster, subjects: [echoer], audience: 'b' }).Statement,
    ).toHaveLength(2);
    expect(unbind(three, echoer).Statement.map(({ Effect }) => Effect)).toEqual(['Deny']);
  });

  it.each(foreign.map((statement, index) => [index, statement] as const))(
    'leaves foreign statement %i alone',
    (_, statement) => {
      const policy: TrustPolicy = { Version: '2012-10-17', Statement: [statement] };
      const bound = bind(policy, echoer);
      expect(bound.Statement).toEqual([statement, own]);
      expect(unbind(bound, echoer).Statement).toEqual([statement]);
    },
  );

  it('keeps the other bytes of a statement of its own shape', () => {
    const named: TrustStatement = {
      Sid: 'Mine',
      ...own,
      Action: ['sts:AssumeRoleWithWebIdentity'],
    };
    const bound = bind({ Id: 'x', Statement: [named] }, other);
    expect(bound).toMatchObject({
      Id: 'x',
      Statement: [{ Sid: 'Mine', Action: ['sts:AssumeRoleWithWebIdentity'] }],
    });
  });

  it('closes a policy that loses its last statement, and opens it again', () => {
    const closed = unbind(built, echoer);
    expect(closed.Statement).toMatchObject([
      { Effect: 'Deny', Principal: { Federated: providerArn } },
    ]);
    expect(evaluateTrustPolicy(closed, { providerArn, claims }).allowed).toBe(false);
    expect(bind(closed, echoer)).toEqual(built);
  });

  it('names the limit when the policy grows too long', () => {
    const many = Array.from({ length: 300 }, (_, index) => ({
      namespace: 'default',
      name: `a-${String(index)}`,
    }));
    expect(() => bind(built, ...many)).toThrow(expect.objectContaining({ code: 'ERR_IAM_LIMIT' }));
  });

  it('obeys its laws for any service accounts among any foreign statements', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,5}[a-z]$/);
    const account = fc.record({
      namespace: fc.oneof(name, fc.constant('t-*')),
      name: fc.oneof(name, fc.constant('*')),
    });
    const accounts = fc.uniqueArray(account, {
      minLength: 1,
      maxLength: 6,
      selector: ({ namespace, name: n }) => `${namespace}:${n}`,
    });
    fc.assert(
      fc.property(accounts, fc.subarray(foreign), (subjects, statements) => {
        const policy: TrustPolicy = { Version: '2012-10-17', Statement: statements };
        const bound = bind(policy, ...subjects);
        expect(bind(bound, ...subjects)).toEqual(bound);
        expect(bind(bound, ...[...subjects].reverse())).toEqual(bound);
        expect(bound.Statement.slice(0, statements.length)).toEqual(statements);
        // One by one or all at once lets in the same service accounts.
        const onebyone = subjects.reduce((now, subject) => bind(now, subject), policy);
        for (const { namespace, name: n } of subjects) {
          const request = {
            providerArn,
            claims: { ...claims, sub: `system:serviceaccount:${namespace}:${n}` },
          };
          if (statements.every(({ Effect }) => Effect === 'Allow')) {
            expect(evaluateTrustPolicy(bound, request).allowed).toBe(true);
          }
          expect(evaluateTrustPolicy(onebyone, request).allowed).toBe(
            evaluateTrustPolicy(bound, request).allowed,
          );
        }
        if (statements.length > 0) expect(unbind(bound, ...subjects)).toEqual(policy);
      }),
      { numRuns: 200 },
    );
  });
});
