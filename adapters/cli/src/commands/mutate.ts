import { Option } from 'commander';
import {
  applyPodPatch,
  computePodPatch,
  parseRoleMappings,
  type MutationOutcome,
  type Pod,
  type ServiceAccount,
} from 'irsa/patch';
import { changeText } from '../change-text.js';
import { paint } from '../paint.js';
import { expandLists, type KubernetesObject } from '../expand-lists.js';
import { readDocuments } from '../read-input.js';
import type { CliIo, CommandContext } from '../types.js';
import { UsageError } from '../usage-error.js';

interface Options {
  readonly namespace?: string;
  readonly roleMappings?: string;
  readonly region?: string;
  readonly regionalSts?: true;
  readonly behavior: 'standard' | 'eks';
  readonly annotationDomain: string;
  readonly show: 'diff' | 'pod' | 'patch';
}

/** A pod, or the template of the pods of a workload. */
interface PodInFile {
  readonly title: string;
  readonly namespace: string;
  readonly pod: Pod;
}

const workloads = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job'];

export function defineMutate({ command, io, respond }: CommandContext): void {
  command
    .argument('<files...>', 'manifests with pods or workloads, and their ServiceAccounts')
    .option('--namespace <namespace>', 'of objects that name none (default: default)')
    .option('--role-mappings <file>', 'the pod-identity-webhook ConfigMap')
    .option('--region <region>', 'as the webhook’s --aws-default-region')
    .option('--regional-sts', 'as the webhook’s --sts-regional-endpoint')
    .option('--annotation-domain <domain>', 'of the annotations', 'eks.amazonaws.com')
    .addOption(
      new Option('--behavior <behavior>', 'ours, or the Go webhook’s')
        .choices(['standard', 'eks'])
        .default('standard'),
    )
    .addOption(
      new Option('--show <what>', 'what to print')
        .choices(['diff', 'pod', 'patch'])
        .default('diff'),
    )
    .addHelpText(
      'after',
      '\nExample:\n  irsa mutate pod.yaml service-account.yaml --region eu-west-1',
    )
    .action(async (files: string[], options: Options) => {
      await respond(async () => {
        const objects = (await Promise.all(files.map((file) => readDocuments(file, io)))).flat();
        const items = objects.flatMap(expandLists);
        const pods = items.flatMap((item) => podsOf(item, options.namespace ?? 'default'));
        if (pods.length === 0) {
          throw new UsageError(`expected a Pod or a workload in ${files.join(', ')}, found none`);
        }
        const roleMappings =
          options.roleMappings === undefined
            ? undefined
            : parseRoleMappings((await readDocuments(options.roleMappings, io))[0]);
        const results = pods.map(({ title, namespace, pod }) => {
          const outcome = computePodPatch({
            pod,
            namespace,
            serviceAccount: accountOf(pod, namespace, items),
            roleMappings,
            settings: {
              region: options.region,
              regionalSts: options.regionalSts ?? false,
              behavior: options.behavior,
              annotationDomain: options.annotationDomain,
            },
          });
          return { title, pod, outcome };
        });
        return {
          data: results.map(({ title, pod, outcome }) => ({
            pod: title,
            ...outcome,
            ...(outcome.kind === 'mutated' ? { result: applyPodPatch(pod, outcome.patch) } : {}),
          })),
          text: results.map((result) => outcomeText(result, options.show, io)).join('\n'),
          exitCode: results.every(({ outcome }) => outcome.kind === 'mutated') ? 0 : 1,
        };
      });
    });
}

function podsOf(object: KubernetesObject, fallback: string): PodInFile[] {
  const namespace = object.metadata?.namespace ?? fallback;
  const title = `${object.kind ?? ''} ${namespace}/${object.metadata?.name ?? ''}`;
  if (object.kind === 'Pod') return [{ title, namespace, pod: object }];
  const template = (object['spec'] as { readonly template?: Pod } | undefined)?.template;
  if (template === undefined || !workloads.includes(object.kind ?? '')) return [];
  return [{ title, namespace, pod: template }];
}

function accountOf(
  pod: Pod,
  namespace: string,
  items: readonly KubernetesObject[],
): ServiceAccount | undefined {
  const name = pod.spec?.serviceAccountName ?? pod.spec?.serviceAccount ?? 'default';
  return items.find(
    ({ kind, metadata }) =>
      kind === 'ServiceAccount' &&
      metadata?.name === name &&
      (metadata.namespace ?? namespace) === namespace,
  );
}

function outcomeText(
  { title, pod, outcome }: { title: string; pod: Pod; outcome: MutationOutcome },
  show: Options['show'],
  io: CliIo,
): string {
  const pretty = (value: unknown): string => JSON.stringify(value, undefined, 2);
  switch (outcome.kind) {
    case 'skipped':
      return [`# ${title}: skipped (${outcome.reason})`, ...outcome.warnings].join('\n');
    case 'rejected':
      return `# ${title}: rejected (${outcome.code}): ${outcome.message}`;
    case 'mutated': {
      if (show === 'patch') return pretty(outcome.patch);
      const result = applyPodPatch(pod, outcome.patch);
      if (show === 'pod') return pretty(result);
      const warnings = outcome.warnings.map((warning) => `warning: ${warning}`);
      return [
        `# ${title}: mutated`,
        changeText(pretty(pod), pretty(result), paint(io)),
        ...warnings,
      ].join('\n');
    }
  }
}
