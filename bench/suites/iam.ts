import {
  evaluateTrustPolicy,
  parseTrustPolicy,
  planIssuer,
  type IssuerSpec,
  type ObservedIssuer,
} from 'irsa/iam';
import type { BenchRow } from '../types.js';

export const suite = 'iam';

const rounds = 15;
const few = 500;
const many = 5000;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const timed = (act: () => unknown): number => {
  const started = performance.now();
  act();
  return performance.now() - started;
};

/** An issuer with many roles, half of which exist and need a service account bound. */
const issuerWith = (roles: number): { desired: IssuerSpec; observed: ObservedIssuer } => {
  const names = Array.from({ length: roles }, (_, index) => `role-${String(index)}`);
  const trustPolicy = JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      { Effect: 'Allow', Principal: { Service: 'ec2.amazonaws.com' }, Action: 'sts:AssumeRole' },
    ],
  });
  return {
    desired: {
      name: 'bench',
      accountId: '111122223333',
      issuer: 'https://oidc.example.com',
      target: { kind: 'elsewhere' },
      documents: [],
      roles: names.map((roleName) => ({
        roleName,
        subjects: [{ namespace: 'default', name: roleName }],
      })),
    },
    observed: {
      roles: names.slice(0, roles / 2).map((roleName) => ({ roleName, tags: {}, trustPolicy })),
    },
  };
};

/** planIssuer per role with ten times the roles: 1.0 is linear. Evaluation beside reading the policy, which nobody can save. */
export function run(): Promise<BenchRow[]> {
  const [small, large] = [issuerWith(few), issuerWith(many)];
  planIssuer(small);
  const [perFew, perMany]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    perFew.push((timed(() => planIssuer(small)) / few) * 1000);
    perMany.push((timed(() => planIssuer(large)) / many) * 1000);
  }
  const request = {
    providerArn: 'arn:aws:iam::111122223333:oidc-provider/oidc.example.com',
    claims: { sub: 'system:serviceaccount:default:role-1', aud: ['sts.amazonaws.com'] },
  };
  const [policy] = planIssuer(issuerWith(2)).flatMap((change) =>
    change.kind === 'create-role' ? [JSON.stringify(change.after?.trustPolicy)] : [],
  );
  const repeat = (act: () => unknown): number =>
    timed(() => {
      for (let count = 0; count < 1000; count += 1) act();
    });
  const [evaluated, parsed]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round += 1) {
    evaluated.push(repeat(() => evaluateTrustPolicy(policy ?? '', request)));
    parsed.push(repeat(() => parseTrustPolicy(policy ?? '')));
  }
  const growth = median(perMany) / median(perFew);
  return Promise.resolve([
    {
      what: `planIssuer, ${String(many)} roles, per role`,
      ours: median(perMany),
      floor: median(perFew),
      ratio: growth,
      unit: 'µs',
      target: '≤ 1.5×: linear',
      met: growth <= 1.5,
      note: `the floor is the same with ${String(few)} roles`,
    },
    {
      what: 'evaluateTrustPolicy from JSON text',
      ours: median(evaluated),
      floor: median(parsed),
      ratio: median(evaluated) / median(parsed),
      unit: 'µs',
      note: 'the floor is reading and checking the policy alone',
    },
  ]);
}
