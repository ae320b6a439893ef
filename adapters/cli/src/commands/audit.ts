import {
  auditPods,
  parseRoleMappings,
  type Pod,
  type PodAuditFinding,
  type ServiceAccount,
} from 'irsa/patch';
import { controllersOf, groupByOwner } from '../audit/group-by-owner.js';
import { counted, ownersText } from '../audit/owners-text.js';
import { expandLists, type KubernetesObject } from '../expand-lists.js';
import { kubectlJson } from '../kubectl-json.js';
import { readDocuments } from '../read-input.js';
import type { CliIo, CommandContext } from '../types.js';
import { UsageError } from '../usage-error.js';

interface Options {
  readonly live?: true;
  readonly context?: string;
  readonly namespace?: string;
  readonly roleMappings?: string;
  readonly annotationDomain: string;
  readonly region?: string;
}

export function defineAudit({ command, io, respond }: CommandContext): void {
  command
    .argument(
      '[files...]',
      'pods, ServiceAccounts, and their ReplicaSets and Jobs, as kubectl get -o json or yaml prints them',
    )
    .option('--live', 'ask the cluster, with kubectl and its kubeconfig')
    .option('--context <context>', 'of the kubeconfig')
    .option('--namespace <namespace>', 'only this one')
    .option('--role-mappings <file>', 'the pod-identity-webhook ConfigMap')
    .option('--region <region>', 'that the webhook gives')
    .option('--annotation-domain <domain>', 'of the annotations', 'eks.amazonaws.com')
    .addHelpText(
      'after',
      '\nExample:\n  irsa audit --live\n  kubectl get pods,serviceaccounts -A -o json | irsa audit -',
    )
    .action(async (files: string[], options: Options) => {
      await respond(async () => {
        if ((options.live === true) === files.length > 0) {
          throw new UsageError('expected either files (- is standard input) or --live');
        }
        const documents =
          options.live === true
            ? [await kubectlJson(['get', 'pods,serviceaccounts', ...scopeOf(options)], io)]
            : (await Promise.all(files.map((file) => readDocuments(file, io)))).flat();
        const objects = documents
          .flatMap(expandLists)
          .filter(({ metadata }) =>
            options.namespace === undefined ? true : metadata?.namespace === options.namespace,
          );
        const of = (kind: string): KubernetesObject[] =>
          objects.filter((object) => object.kind === kind);
        const pods = of('Pod');
        const findings = auditPods({
          pods: pods as Pod[],
          serviceAccounts: of('ServiceAccount') as ServiceAccount[],
          roleMappings:
            options.roleMappings === undefined
              ? undefined
              : parseRoleMappings((await readDocuments(options.roleMappings, io))[0]),
          settings: { annotationDomain: options.annotationDomain, region: options.region },
        });
        const controllers =
          options.live === true
            ? await readControllers(findings, options, io)
            : [...of('ReplicaSet'), ...of('Job')];
        const owners = groupByOwner(findings, controllersOf(controllers));
        const affected = owners.reduce((sum, owner) => sum + owner.pods.length, 0);
        const summary =
          affected === 0
            ? `${counted(pods.length, 'pod')}, and nothing to roll`
            : `${affected} of ${counted(pods.length, 'pod')} to be made anew; ${counted(owners.length, 'owner')} to roll`;
        return {
          data: { pods: pods.length, findings, owners },
          text: [ownersText(owners, io), summary].filter((line) => line !== '').join('\n'),
          exitCode: findings.length === 0 ? 0 : 1,
        };
      });
    });
}

const scopeOf = ({ context, namespace }: Options): string[] => [
  ...(namespace === undefined ? ['--all-namespaces'] : ['--namespace', namespace]),
  ...(context === undefined ? [] : ['--context', context]),
];

/** A pod names only its nearest owner; who made that is asked for the kinds that have one, and only where a pod needs it. */
async function readControllers(
  findings: readonly PodAuditFinding[],
  options: Options,
  io: CliIo,
): Promise<KubernetesObject[]> {
  const kinds = (['ReplicaSet', 'Job'] as const).filter((kind) =>
    findings.some(({ owner }) => owner?.kind === kind),
  );
  if (kinds.length === 0) return [];
  const resources = { ReplicaSet: 'replicasets.apps', Job: 'jobs.batch' };
  const query = kinds.map((kind) => resources[kind]).join(',');
  try {
    return expandLists(await kubectlJson(['get', query, ...scopeOf(options)], io));
  } catch (error) {
    // Without this right the nearest owner is named: less handy, and still true.
    io.stderr.write(`note: ${error instanceof Error ? error.message : String(error)}\n`);
    return [];
  }
}
