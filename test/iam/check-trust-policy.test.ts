import { buildTrustPolicy, checkTrustPolicy } from 'irsa/iam';
import { describe, expect, it } from 'vitest';
import { accountId, echoer, hostPath, issuer, providerArn } from './support.js';

const ids = (policy: Parameters<typeof checkTrustPolicy>[0]): string[] =>
  checkTrustPolicy(policy).map(({ id }) => id);

describe('checkTrustPolicy', () => {
  it('has nothing to say of what we build', () => {
    expect(
      ids(
        buildTrustPolicy({ issuer, accountId, subjects: [echoer, { namespace: 'a', name: '*' }] }),
      ),
    ).toEqual([]);
  });

  it('finds the trust policy of the old walk-through: no audience', () => {
    const Condition = {
      StringEquals: { [`${hostPath}:sub`]: 'system:serviceaccount:default:s3-echoer' },
    };
    const statement = {
      Effect: 'Allow',
      Principal: { Federated: providerArn },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition,
    };
    expect(ids(JSON.stringify({ Version: '2012-10-17', Statement: [statement] }))).toEqual([
      'audience-not-checked',
    ]);
  });

  it('reports an Allow for everybody once, however many providers the policy names', () => {
    const other = buildTrustPolicy({ issuer: 'https://b.example', accountId, subjects: [echoer] });
    const mine = buildTrustPolicy({ issuer, accountId, subjects: [echoer] });
    const everybody = {
      Effect: 'Allow',
      Principal: '*',
      Action: 'sts:AssumeRoleWithWebIdentity',
    } as const;
    expect(ids({ Statement: [...mine.Statement, ...other.Statement, everybody] })).toEqual([
      'principal-wildcard',
    ]);
  });

  it('says when the default quota will not do', () => {
    const subjects = Array.from({ length: 60 }, (_, index) => ({
      namespace: 'default',
      name: `app-${String(index)}`,
    }));
    const [finding] = checkTrustPolicy(buildTrustPolicy({ issuer, accountId, subjects }));
    expect(finding).toMatchObject({ id: 'trust-policy-over-default-quota' });
    expect(finding?.fix).toContain('L-C07B4B0D');
  });
});
