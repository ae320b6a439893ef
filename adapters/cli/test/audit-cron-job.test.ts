import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { fakeKubectl } from './fake-kubectl.js';
import { irsa, type CliRun } from './test-io.js';

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly subjects?: readonly unknown[];
  readonly spec?: {
    readonly jobTemplate: {
      readonly spec: {
        readonly backoffLimit: number;
        readonly template: {
          readonly spec: {
            readonly serviceAccountName: string;
            readonly restartPolicy: string;
            readonly containers: readonly {
              readonly command: readonly string[];
              readonly args: readonly string[];
            }[];
          };
        };
      };
    };
  };
}

const file = new URL('../../../docs/examples/audit/cron-job.yaml', import.meta.url);
const documents = parseAllDocuments(readFileSync(fileURLToPath(file), 'utf8'));
const manifests = documents.map((document) => document.toJS() as Manifest);
const of = (kind: string): Manifest => {
  const [found, ...more] = manifests.filter((one) => one.kind === kind);
  if (found === undefined || more.length > 0) throw new Error(`not one ${kind}`);
  return found;
};
const job = of('CronJob').spec!.jobTemplate.spec;
const [container] = job.template.spec.containers;

const owned = (kind: string, name: string): object => ({
  ownerReferences: [{ apiVersion: 'v1', kind, name, uid: 'x', controller: true }],
});
const pod = (name: string, owner: object): object => ({
  kind: 'Pod',
  metadata: { name, namespace: 'team', ...owner },
  spec: { serviceAccountName: 'a', containers: [{ name: 'app' }] },
});
const annotations = { 'eks.amazonaws.com/role-arn': 'arn:aws:iam::111122223333:role/a' };
/** A cluster: what it answers to `get` of each resource. */
const cluster: Readonly<Record<string, readonly object[]>> = {
  pods: [pod('a', owned('ReplicaSet', 'web-1')), pod('b', owned('Job', 'nightly-1'))],
  serviceaccounts: [
    { kind: 'ServiceAccount', metadata: { name: 'a', namespace: 'team', annotations } },
  ],
  'replicasets.apps': [
    {
      kind: 'ReplicaSet',
      metadata: { name: 'web-1', namespace: 'team', ...owned('Deployment', 'web') },
    },
  ],
  'jobs.batch': [
    {
      kind: 'Job',
      metadata: { name: 'nightly-1', namespace: 'team', ...owned('CronJob', 'nightly') },
    },
  ],
};

/** What a list of resources answers to somebody with these rules, as the API server has it: all of it, or nothing. */
function answer(resources: readonly string[], rules: readonly Rule[]): unknown {
  const allowed = resources.every((resource) => {
    const [name = '', group = ''] = resource.split('.');
    return rules.some(
      (rule) =>
        rule.apiGroups.includes(group) &&
        rule.resources.includes(name) &&
        rule.verbs.includes('list'),
    );
  });
  return allowed
    ? { kind: 'List', items: resources.flatMap((resource) => cluster[resource] ?? []) }
    : 'forbidden';
}

const run = (rules: readonly Rule[]): Promise<CliRun> =>
  irsa([...container!.args], {
    env: {
      KUBECTL: fakeKubectl(
        Object.fromEntries(
          [
            ['pods', 'serviceaccounts'],
            ['replicasets.apps', 'jobs.batch'],
          ].map((resources) => [
            `get ${resources.join(',')} --all-namespaces`,
            answer(resources, rules),
          ]),
        ),
      ),
    },
  });

describe('the CronJob of docs/examples/audit', () => {
  const rules = of('ClusterRole').rules!;

  it('names each owner with the rights that its ClusterRole gives, and fails', async () => {
    const { exitCode, stdout, stderr } = await run(rules);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    const { owners } = JSON.parse(stdout) as {
      readonly owners: readonly { readonly kind: string; readonly command: string }[];
    };
    expect(owners.map(({ kind, command }) => `${kind}: ${command}`)).toEqual([
      'Deployment: kubectl -n team rollout restart deployment/web',
      'CronJob: kubectl -n team create job nightly-again --from=cronjob/nightly',
    ]);
  });

  it.each(rules)('gives no right that it could do without: $resources', async (rule) => {
    const { stderr } = await run(rules.filter((one) => one !== rule));
    expect(stderr).toMatch(/is forbidden/);
  });

  it('only lists, and never what is secret', () => {
    expect(new Set(rules.flatMap(({ verbs }) => verbs))).toEqual(new Set(['list']));
    expect(rules.flatMap(({ resources }) => resources)).not.toContain('secrets');
  });

  it('runs once as the ServiceAccount that the rights are for', () => {
    expect(container?.command).toEqual(['irsa']);
    const { serviceAccountName, restartPolicy } = job.template.spec;
    expect({ serviceAccountName, restartPolicy, backoffLimit: job.backoffLimit }).toEqual({
      serviceAccountName: of('ServiceAccount').metadata.name,
      restartPolicy: 'Never',
      backoffLimit: 0,
    });
    const { name, namespace } = of('ServiceAccount').metadata;
    expect(of('ClusterRoleBinding').subjects).toEqual([
      { kind: 'ServiceAccount', name, namespace },
    ]);
    expect(of('CronJob').metadata.namespace).toBe(namespace);
  });
});
