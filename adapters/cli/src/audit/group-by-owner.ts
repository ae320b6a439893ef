import type { PodAuditFinding } from 'irsa/patch';
import type { KubernetesObject } from '../expand-lists.js';

/** What has to be rolled, with the pods that wait for it. */
export interface OwnerGroup {
  readonly namespace: string;
  /** `Pod` for pods that nobody makes anew. */
  readonly kind: string;
  readonly name: string;
  /** Names, in the order of the findings. */
  readonly pods: readonly string[];
  /** Each thing that is wrong, with the number of its pods. */
  readonly findings: readonly (Pick<PodAuditFinding, 'id' | 'severity' | 'title' | 'evidence'> & {
    readonly pods: number;
  })[];
  /** The command that makes the pods anew. */
  readonly command: string;
  /** What the command does not say. */
  readonly note?: string;
}

type Owner = Pick<OwnerGroup, 'kind' | 'name'>;

/** The controllers above a pod's own: ReplicaSets and Jobs, as `kubectl get -o json` prints them. */
export type Controllers = ReadonlyMap<string, Owner>;

const keyOf = (namespace: string, { kind, name }: Owner): string => `${namespace}/${kind}/${name}`;

/** Reads who made each ReplicaSet and Job. */
export function controllersOf(objects: readonly KubernetesObject[]): Controllers {
  const entries = objects.flatMap(({ kind = '', metadata }): [string, Owner][] => {
    const { name = '', namespace = 'default' } = metadata ?? {};
    const references = (metadata as { readonly ownerReferences?: unknown } | undefined)
      ?.ownerReferences;
    const owner = (Array.isArray(references) ? (references as unknown[]) : []).find(
      (one): one is Owner & { readonly controller: true } =>
        typeof one === 'object' && one !== null && 'controller' in one && one.controller === true,
    );
    return owner === undefined
      ? []
      : [[keyOf(namespace, { kind, name }), { kind: owner.kind, name: owner.name }]];
  });
  return new Map(entries);
}

/** Groups findings by what has to be rolled; each group once, in the order of the findings. */
export function groupByOwner(
  findings: readonly PodAuditFinding[],
  controllers: Controllers,
): OwnerGroup[] {
  const groups = new Map<string, { namespace: string; owner: Owner; own: PodAuditFinding[] }>();
  for (const finding of findings) {
    const { namespace, name } = finding.pod;
    const direct = finding.owner ?? { kind: 'Pod', name };
    const owner = controllers.get(keyOf(namespace, direct)) ?? direct;
    const key = keyOf(namespace, owner);
    const group = groups.get(key) ?? { namespace, owner, own: [] };
    group.own.push(finding);
    groups.set(key, group);
  }
  return [...groups.values()].map(({ namespace, owner, own }) => {
    const pods = [...new Set(own.map(({ pod }) => pod.name))];
    return {
      namespace,
      ...owner,
      pods,
      findings: countFindings(own),
      ...rollOf(namespace, owner, pods),
    };
  });
}

function countFindings(own: readonly PodAuditFinding[]): OwnerGroup['findings'] {
  const counted = new Map<string, OwnerGroup['findings'][number]>();
  for (const { id, severity, title, evidence } of own) {
    const key = `${id} ${evidence}`;
    const pods = (counted.get(key)?.pods ?? 0) + 1;
    counted.set(key, { id, severity, title, evidence, pods });
  }
  return [...counted.values()];
}

/** Pods are mutated when they are created, so each kind of owner is asked for new ones in its own way. */
function rollOf(
  namespace: string,
  { kind, name }: Owner,
  pods: readonly string[],
): Pick<OwnerGroup, 'command' | 'note'> {
  const kubectl = `kubectl -n ${word(namespace)}`;
  const remove = `${kubectl} delete pod ${pods.map(word).join(' ')}`;
  switch (kind) {
    case 'Deployment':
    case 'DaemonSet':
    case 'StatefulSet':
      return { command: `${kubectl} rollout restart ${kind.toLowerCase()}/${word(name)}` };
    case 'ReplicaSet':
    case 'ReplicationController':
      return { command: remove, note: `the ${kind} makes them anew` };
    case 'Job':
      return {
        command: remove,
        note: 'the Job makes them anew and counts them as failed: see its backoffLimit, or let it end',
      };
    case 'CronJob':
      return {
        command: `${kubectl} create job ${word(name)}-again --from=cronjob/${word(name)}`,
        note: 'only if it cannot wait: the next run gets the identity by itself',
      };
    case 'Pod':
      return {
        command: remove,
        note: 'nothing makes it anew: create it again from its own manifest',
      };
    default:
      return {
        command: remove,
        note: `if the ${kind} makes them anew; else restart it in its own way`,
      };
  }
}

/** A name as a shell takes it; those of Kubernetes need no quotes, those of a file may be anything. */
const word = (name: string): string =>
  /^[\w.-]+$/.test(name) ? name : `'${name.replaceAll("'", `'\\''`)}'`;
