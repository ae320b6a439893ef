import { createPublicKey, verify } from 'node:crypto';
import { explainWebIdentity, type WebIdentityFacts } from 'irsa/diagnose';
import { buildTrustPolicy, oidcProviderArn } from 'irsa/iam';
import { buildIssuerDocuments, generateSigningKey, readPublicKeys } from 'irsa/oidc';
import { auditPods, type Pod, type ServiceAccount } from 'irsa/patch';
import { mintServiceAccountToken } from 'irsa/testing';
import type { BenchRow } from '../types.js';

export const suite = 'diagnose';

const issuer = 'https://my-oidc.s3.eu-west-1.amazonaws.com';
const accountId = '111122223333';
const rounds = 400;
const explainTargetMs = 2;
const auditTargetMs = 150;

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const timed = async (act: () => unknown): Promise<number> => {
  const started = performance.now();
  await act();
  return performance.now() - started;
};

/** A healthy set-up with every fact, so that every step is walked through. */
async function explainRow(): Promise<BenchRow> {
  const now = new Date();
  const { privateKeyPem, publicKeyPem } = await generateSigningKey();
  const { keys } = await readPublicKeys(publicKeyPem);
  const [discovery, jwks] = await buildIssuerDocuments({ issuer, keys });
  const token = await mintServiceAccountToken({
    privateKeyPem,
    issuer,
    namespace: 'default',
    serviceAccount: 's3-echoer',
    now,
  });
  const subjects = [{ namespace: 'default', name: 's3-echoer' }];
  const facts: WebIdentityFacts = {
    token,
    now,
    discovery: discovery?.body,
    jwks: jwks?.body,
    provider: {
      url: issuer,
      audiences: ['sts.amazonaws.com'],
      arn: oidcProviderArn({ issuer, accountId }),
    },
    role: {
      arn: `arn:aws:iam::${accountId}:role/s3-echoer`,
      trustPolicy: JSON.stringify(buildTrustPolicy({ issuer, accountId, subjects })),
    },
  };
  const { verdict } = await explainWebIdentity(facts);
  if (verdict !== 'ok') throw new Error(`expected a healthy set-up, got ${verdict}`);
  const publicKey = createPublicKey(publicKeyPem);
  const [head = '', body = '', signature = ''] = token.split('.');
  const input = Buffer.from(`${head}.${body}`);
  const bytes = Buffer.from(signature, 'base64url');
  const ours: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    ours.push(await timed(() => explainWebIdentity(facts)));
    floor.push(await timed(() => verify('sha256', input, publicKey, bytes)));
  }
  const [mine, bare] = [median(ours), median(floor)];
  return {
    what: 'explainWebIdentity, every fact given',
    ours: mine,
    floor: bare,
    ratio: mine / bare,
    unit: 'ms',
    target: `≤ ${explainTargetMs} ms beyond the signature check`,
    met: mine - bare <= explainTargetMs,
    note: `floor: the bare RS256 check; beyond it: ${(mine - bare).toFixed(3)} ms`,
  };
}

const accountsOf = (count: number): ServiceAccount[] =>
  Array.from({ length: count }, (_, at) => ({
    metadata: {
      name: `account-${String(at)}`,
      namespace: `team-${String(at % 50)}`,
      annotations:
        at % 2 === 0
          ? { 'eks.amazonaws.com/role-arn': `arn:aws:iam::${accountId}:role/role-${String(at)}` }
          : {},
    },
  }));

/** Pods as clusters have them: two containers, some variables and volumes; one in four has lost its identity. */
const podsOf = (count: number, accounts: number): Pod[] =>
  Array.from({ length: count }, (_, at) => {
    const account = at % accounts;
    const injected = account % 2 === 0 && at % 4 !== 0;
    const env = [
      { name: 'LOG_LEVEL', value: 'info' },
      ...(injected
        ? [
            {
              name: 'AWS_ROLE_ARN',
              value: `arn:aws:iam::${accountId}:role/role-${String(account)}`,
            },
            {
              name: 'AWS_WEB_IDENTITY_TOKEN_FILE',
              value: '/var/run/secrets/eks.amazonaws.com/serviceaccount/token',
            },
          ]
        : []),
    ];
    return {
      metadata: { name: `pod-${String(at)}`, namespace: `team-${String(account % 50)}` },
      spec: {
        serviceAccountName: `account-${String(account)}`,
        containers: [
          { name: 'app', env },
          { name: 'proxy', env },
        ],
        volumes: [{ name: 'kube-api-access' }],
      },
    };
  });

async function auditRow(pods: number, accounts: number): Promise<BenchRow> {
  const audit = { pods: podsOf(pods, accounts), serviceAccounts: accountsOf(accounts) };
  const tenth = {
    pods: podsOf(pods / 10, accounts / 10),
    serviceAccounts: accountsOf(accounts / 10),
  };
  const ours: number[] = [];
  const floor: number[] = [];
  for (let round = 0; round < 15; round += 1) {
    ours.push(await timed(() => auditPods(audit)));
    floor.push(10 * (await timed(() => auditPods(tenth))));
  }
  const [mine, linear] = [median(ours), median(floor)];
  return {
    what: `auditPods, ${String(pods)} pods and ${String(accounts)} service accounts`,
    ours: mine,
    floor: linear,
    ratio: mine / linear,
    unit: 'ms',
    target: `≤ ${auditTargetMs} ms, and linear`,
    met: mine <= auditTargetMs,
    note: 'floor: ten times the time for a tenth of both; a ratio near 1 is linear',
  };
}

/** The diagnosis beside the signature check that nobody can save, and the audit beside a tenth of itself. */
export async function run(): Promise<BenchRow[]> {
  return [await explainRow(), await auditRow(10_000, 5_000)];
}
