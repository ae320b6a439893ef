import type { WebhookServingFact } from 'irsa/diagnose';
import { expandLists } from '../expand-lists.js';
import type { CliIo } from '../types.js';
import { readWebhookServing } from './read-webhook-serving.js';
import { askKubectl, runKubectl } from './run-kubectl.js';
import type { Gap } from './types.js';

/** What the cluster shows of a pod or a ServiceAccount. */
export interface ClusterFacts {
  /** The pod that was named, or those that run under the ServiceAccount. */
  readonly pods: readonly unknown[];
  readonly namespace: string;
  readonly accountName?: string;
  readonly serviceAccount?: unknown;
  readonly webhookConfiguration?: unknown;
  readonly webhookServing: readonly WebhookServingFact[];
  readonly namespaceLabels?: Readonly<Record<string, string>>;
  readonly events?: readonly unknown[];
  readonly gaps: readonly Gap[];
}

/** Reads what concerns one pod, or one ServiceAccount; what is refused becomes a gap. */
export async function readCluster(
  target: { readonly pod?: string; readonly serviceAccount?: string },
  io: CliIo,
): Promise<ClusterFacts> {
  const gaps: Gap[] = [];
  const ask = askKubectl(io, gaps);
  const [namespace = 'default', name = ''] = (target.pod ?? target.serviceAccount ?? '').split('/');
  const here = ['-n', namespace];
  const found =
    target.pod === undefined
      ? await ask(`the pods of ${namespace}`, ['get', 'pods', ...here])
      : await ask(`pod ${target.pod}`, ['get', 'pod', name, ...here]);
  if (target.pod !== undefined && found === null)
    gaps.push({
      what: `pod ${target.pod}`,
      why: 'there is no such pod; where its owner cannot make it, name the ServiceAccount instead (--service-account)',
    });
  const accountName =
    target.serviceAccount?.split('/')[1] ??
    (found === null || found === undefined ? undefined : accountOf(found));
  const pods = expandLists(found).filter(
    (pod) => target.pod !== undefined || (accountOf(pod) === accountName && !isOver(pod)),
  );
  const [serviceAccount, webhookConfiguration, home, events] = await Promise.all([
    accountName === undefined
      ? undefined
      : ask('the ServiceAccount', ['get', 'serviceaccount', accountName, ...here]),
    ask('webhook configurations', ['get', 'mutatingwebhookconfigurations']),
    ask('the namespace', ['get', 'namespace', namespace]),
    ask('events', ['get', 'events', ...here]),
  ]);
  const webhookServing = await readWebhookServing(webhookConfiguration, ask, gaps, io);
  const { labels } = ((home as { readonly metadata?: object } | null | undefined)?.metadata ??
    {}) as { readonly labels?: Readonly<Record<string, string>> };
  return {
    gaps,
    pods,
    namespace,
    webhookServing,
    ...(accountName === undefined ? {} : { accountName }),
    ...(serviceAccount === undefined ? {} : { serviceAccount }),
    ...(webhookConfiguration === undefined ? {} : { webhookConfiguration }),
    ...(labels === undefined ? {} : { namespaceLabels: labels }),
    ...(events === undefined || events === null ? {} : { events: expandLists(events) }),
  };
}

/** A fresh token as the kubelet would ask for it, ten minutes long; it is kept in memory only. */
export async function mintToken(
  account: { readonly namespace: string; readonly name: string; readonly audience: string },
  gaps: Gap[],
  io: CliIo,
): Promise<string | undefined> {
  const { namespace, name, audience } = account;
  const { text, error } = await runKubectl(
    ['create', 'token', name, '-n', namespace, '--audience', audience, '--duration', '10m'],
    io,
  );
  if (text === undefined) gaps.push({ what: 'a token of the ServiceAccount', why: error ?? '' });
  return text?.trim();
}

const accountOf = (pod: unknown): string => {
  const { spec } = pod as { readonly spec?: { readonly serviceAccountName?: unknown } };
  const name = spec?.serviceAccountName;
  return typeof name === 'string' && name !== '' ? name : 'default';
};

const isOver = (pod: unknown): boolean => {
  const { status } = pod as { readonly status?: { readonly phase?: unknown } };
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
};
