import { auditPods, parseRoleMappings, type Pod, type ServiceAccount } from 'irsa/patch';
import { expandLists, type KubernetesObject } from '../expand-lists.js';
import { findingsText } from '../findings-text.js';
import { kubectlJson } from '../kubectl-json.js';
import { readDocuments } from '../read-input.js';
import type { CommandContext } from '../types.js';
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
    .argument('[files...]', 'pods and ServiceAccounts, as kubectl get -o json or yaml prints them')
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
            ? [await kubectlJson(queryOf(options), io)]
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
        return {
          data: { pods: pods.length, findings },
          text: [findingsText(findings, io), `${findings.length} findings in ${pods.length} pods`]
            .filter((line) => line !== '')
            .join('\n'),
          exitCode: findings.length === 0 ? 0 : 1,
        };
      });
    });
}

const queryOf = ({ context, namespace }: Options): string[] => [
  'get',
  'pods,serviceaccounts',
  ...(namespace === undefined ? ['--all-namespaces'] : ['--namespace', namespace]),
  ...(context === undefined ? [] : ['--context', context]),
];
