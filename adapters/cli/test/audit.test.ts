import { describe, expect, it } from 'vitest';
import { fakeKubectl } from './fake-kubectl.js';
import { irsa, type CliRun } from './test-io.js';

const roleArn = 'arn:aws:iam::111122223333:role/s3-echoer';
const account = {
  kind: 'ServiceAccount',
  metadata: {
    name: 's3-echoer',
    namespace: 'team',
    annotations: { 'eks.amazonaws.com/role-arn': roleArn },
  },
};
type Reference = readonly [kind: string, name: string];
const controlledBy = ([kind, name]: Reference): object => ({
  ownerReferences: [{ apiVersion: 'v1', kind, name, uid: 'x', controller: true }],
});
const pod = (name: string, owner?: Reference, labels: object = {}): object => ({
  kind: 'Pod',
  metadata: { name, namespace: 'team', labels, ...(owner && controlledBy(owner)) },
  spec: { serviceAccountName: 's3-echoer', containers: [{ name: 'app', image: 'app' }] },
});
const made = (kind: string, name: string, owner: Reference): object => ({
  kind,
  metadata: { name, namespace: 'team', ...controlledBy(owner) },
});

interface Owner {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly pods: readonly string[];
  readonly command: string;
  readonly note?: string;
}
const owners = ({ stdout }: CliRun): readonly Owner[] =>
  (JSON.parse(stdout) as { readonly owners: readonly Owner[] }).owners;

const audit = (objects: readonly object[]): Promise<CliRun> =>
  irsa(['audit', '-', '--output', 'json'], {
    stdin: JSON.stringify({ kind: 'List', items: [account, ...objects] }),
  });

describe('irsa audit, by owner', () => {
  it.each<readonly [string, readonly object[], string, RegExp]>([
    [
      'a Deployment, by the hash of its ReplicaSet',
      [
        pod('api-5d-a', ['ReplicaSet', 'api-5d'], { 'pod-template-hash': '5d' }),
        pod('api-5d-b', ['ReplicaSet', 'api-5d'], { 'pod-template-hash': '5d' }),
      ],
      'Deployment api',
      /^kubectl -n team rollout restart deployment\/api$/,
    ],
    [
      'an Argo Rollout, by its ReplicaSet’s own reference',
      [pod('web-7f-a', ['ReplicaSet', 'web-7f']), made('ReplicaSet', 'web-7f', ['Rollout', 'web'])],
      'Rollout web',
      /^kubectl -n team delete pod web-7f-a$/,
    ],
    [
      'a StatefulSet',
      [pod('db-0', ['StatefulSet', 'db'])],
      'StatefulSet db',
      /^kubectl -n team rollout restart statefulset\/db$/,
    ],
    [
      'a DaemonSet',
      [pod('log-x', ['DaemonSet', 'log'])],
      'DaemonSet log',
      /^kubectl -n team rollout restart daemonset\/log$/,
    ],
    [
      'a ReplicaSet of its own',
      [pod('rs-x', ['ReplicaSet', 'rs'])],
      'ReplicaSet rs',
      /^kubectl -n team delete pod rs-x$/,
    ],
    ['a Job', [pod('once-x', ['Job', 'once'])], 'Job once', /^kubectl -n team delete pod once-x$/],
    [
      'a CronJob, by its Job',
      [pod('nightly-1-x', ['Job', 'nightly-1']), made('Job', 'nightly-1', ['CronJob', 'nightly'])],
      'CronJob nightly',
      /^kubectl -n team create job nightly-again --from=cronjob\/nightly$/,
    ],
    ['a pod on its own', [pod('alone')], 'Pod alone', /^kubectl -n team delete pod alone$/],
  ])('%s', async (_, objects, owner, command) => {
    const run = await audit(objects);
    expect(run.exitCode).toBe(1);
    const found = owners(run);
    expect(found.map(({ kind, name }) => `${kind} ${name}`)).toEqual([owner]);
    expect(found[0]?.command).toMatch(command);
  });

  it('names every pod of an owner once, however much is wrong with it', async () => {
    const hash = { 'pod-template-hash': '5d' };
    const run = await audit(
      ['a', 'b', 'c'].map((end) => pod(`api-5d-${end}`, ['ReplicaSet', 'api-5d'], hash)),
    );
    expect(owners(run)[0]?.pods).toEqual(['api-5d-a', 'api-5d-b', 'api-5d-c']);
  });

  it('quotes a name that no cluster would give', async () => {
    expect(owners(await audit([pod("x'; rm -rf ~ #")]))[0]?.command).toBe(
      `kubectl -n team delete pod 'x'\\''; rm -rf ~ #'`,
    );
  });

  it('says to people what to roll, and how many wait for it', async () => {
    const hash = { 'pod-template-hash': '5d' };
    const { exitCode, stdout } = await irsa(['audit', '-'], {
      stdin: JSON.stringify({
        items: [
          account,
          ...['a', 'b', 'c', 'd', 'e', 'f'].map((end) =>
            pod(`api-5d-${end}`, ['ReplicaSet', 'api-5d'], hash),
          ),
          pod('alone'),
        ],
      }),
    });
    expect(exitCode).toBe(1);
    expect(stdout)
      .toBe(`Deployment team/api (6 pods: api-5d-a, api-5d-b, api-5d-c, api-5d-d, api-5d-e, and 1 more)
  error pod-not-mutated: The pod was not mutated: its containers run without their identity.
    seen: its service account has ${roleArn}
  do: kubectl -n team rollout restart deployment/api
Pod team/alone
  error pod-not-mutated: The pod was not mutated: its containers run without their identity.
    seen: its service account has ${roleArn}
  do: kubectl -n team delete pod alone
      (nothing makes it anew: create it again from its own manifest)
7 of 7 pods to be made anew; 2 owners to roll
`);
  });
});

describe('irsa audit --live', () => {
  const kubectl = (answers: Readonly<Record<string, readonly object[]>>): string =>
    fakeKubectl({
      ...Object.fromEntries(
        Object.entries(answers).map(([query, items]) => [`get ${query} `, { kind: 'List', items }]),
      ),
      get: 'forbidden',
    });
  const pods = [pod('nightly-1-x', ['Job', 'nightly-1']), pod('rs-x', ['ReplicaSet', 'rs'])];

  it('asks for the owners’ owners where a pod needs them', async () => {
    const run = await irsa(['audit', '--live', '--output', 'json'], {
      env: {
        KUBECTL: kubectl({
          'pods,serviceaccounts': [account, ...pods],
          'replicasets.apps,jobs.batch': [made('Job', 'nightly-1', ['CronJob', 'nightly'])],
        }),
      },
    });
    expect(owners(run).map(({ kind, name }) => `${kind} ${name}`)).toEqual([
      'CronJob nightly',
      'ReplicaSet rs',
    ]);
  });

  it('goes without them where it may not, and says so', async () => {
    const run = await irsa(['audit', '--live', '--output', 'json'], {
      env: { KUBECTL: kubectl({ 'pods,serviceaccounts': [account, ...pods] }) },
    });
    expect(owners(run).map(({ kind }) => kind)).toEqual(['Job', 'ReplicaSet']);
    expect(run.stderr).toMatch(/^note: kubectl: .*jobs\.batch .*is forbidden\n$/);
    expect(run.exitCode).toBe(1);
  });

  it('is content with a cluster that is in order', async () => {
    const run = await irsa(['audit', '--live'], {
      env: { KUBECTL: kubectl({ 'pods,serviceaccounts': [] }) },
    });
    expect(run).toEqual({ exitCode: 0, stdout: '0 pods, and nothing to roll\n', stderr: '' });
  });
});
