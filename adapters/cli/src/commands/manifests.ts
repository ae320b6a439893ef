import { Option } from 'commander';
import { manifestsToYaml, webhookManifests, type WebhookManifestsOptions } from 'irsa/cluster';
import { readText } from '../read-input.js';
import type { CommandContext } from '../types.js';
import { UsageError } from '../usage-error.js';
import { wholeNumber } from '../whole-number.js';

interface Options {
  readonly namespace: string;
  readonly image: string;
  readonly certificates: WebhookManifestsOptions['certificates'];
  readonly caFile?: string;
  readonly replicas: number;
  readonly failurePolicy: 'Fail' | 'Ignore';
  readonly region?: string;
  readonly audience?: string;
}

export function defineManifests({ command, io, respond }: CommandContext): void {
  command
    .requiredOption('--image <image>', 'the webhook’s image')
    .option('--namespace <namespace>', 'where it lives', 'irsa-system')
    .addOption(
      new Option('--certificates <how>', 'who makes the serving certificate')
        .choices(['self-managed', 'cert-manager', 'provided'])
        .default('self-managed'),
    )
    .option('--ca-file <file>', 'with provided: the CA that the API server shall trust')
    .option('--replicas <count>', 'how many', wholeNumber(1, 100), 2)
    .addOption(
      new Option('--failure-policy <policy>', 'what happens to pods while no replica answers')
        .choices(['Fail', 'Ignore'])
        .default('Fail'),
    )
    .option('--region <region>', 'that pods get')
    .option('--audience <audience>', 'of their tokens (default: sts.amazonaws.com)')
    .addHelpText(
      'after',
      '\nExample:\n  irsa manifests --image registry.example.com/irsa-webhook:0.1.0 | kubectl apply -f -',
    )
    .action(async (options: Options) => {
      await respond(async () => {
        const { caFile, region, audience } = options;
        if ((options.certificates === 'provided') !== (caFile !== undefined)) {
          throw new UsageError(
            '--certificates provided and --ca-file go together: pass both, or neither',
          );
        }
        const objects = webhookManifests({
          namespace: options.namespace,
          image: options.image,
          certificates: options.certificates,
          replicas: options.replicas,
          failurePolicy: options.failurePolicy,
          ...(caFile === undefined
            ? {}
            : { caBundle: Buffer.from(await readText(caFile, io)).toString('base64') }),
          ...(region === undefined ? {} : { region }),
          ...(audience === undefined ? {} : { audience }),
        });
        return {
          data: { apiVersion: 'v1', kind: 'List', items: objects },
          text: manifestsToYaml(objects),
        };
      });
    });
}
