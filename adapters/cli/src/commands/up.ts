import { Option } from 'commander';
import { join } from 'node:path';
import type { ApiServerTarget } from 'irsa/cluster';
import { changeText } from '../change-text.js';
import {
  addIssuerOptions,
  issuerTarget,
  issuerTask,
  rolesOf,
  type IssuerOptions,
} from '../issuer-spec.js';
import { paint } from '../paint.js';
import { publishIssuer } from '../publish-issuer.js';
import { cannotBeRead, readText, reasonOf } from '../read-input.js';
import type { CliIo, CommandContext } from '../types.js';
import { UsageError } from '../usage-error.js';
import { replaceFile, writeNewFiles, type NewFile } from '../write-new-files.js';
import { apiServerTargets } from './apiserver-config.js';

interface Options extends IssuerOptions {
  readonly out: string;
  readonly for: ApiServerTarget;
  readonly image: string;
  readonly yes?: true;
  readonly dryRun?: true;
  readonly acceptedKey?: string[];
}

/** Those that can keep the cluster's own issuer accepted beside the new one. */
export const upTargets: readonly ApiServerTarget[] = apiServerTargets.filter(
  (target) => target !== 'kubeadm-v1beta3' && target !== 'talos-v1alpha1',
);

/** What a step came to. `kept`: it was done before. `planned`: with --dry-run. */
type Outcome = 'done' | 'kept' | 'declined' | 'planned';

interface Step {
  readonly id: string;
  readonly title: string;
  readonly run: () => Promise<Outcome>;
}

/** A file that a step writes. */
interface StepFile {
  readonly name: string;
  readonly text: string;
  readonly secret?: boolean;
}

export function defineUp({ command, io, respond }: CommandContext): void {
  addIssuerOptions(command)
    .option('--out <folder>', 'where keys and files go; a later run goes on from them', 'irsa')
    .addOption(new Option('--for <target>', 'the distribution').choices(upTargets).default('flags'))
    .option('--accepted-key <file...>', 'Talos: the public key that the cluster signs with now')
    .requiredOption('--image <image>', 'of the webhook')
    .option('-y, --yes', 'ask nobody')
    .option('--dry-run', 'show what each step would do')
    .addHelpText(
      'after',
      '\nExample:\n  irsa up --name cluster-1 --account-id 111122223333 --bucket my-oidc --region eu-west-1 \\\n    --for kubeadm-v1beta4 --image registry.example.com/irsa-webhook:0.1.0 --role s3-echoer=default/s3-echoer',
    )
    .action(async (options: Options) => {
      await respond(async () => {
        // Before the first step, so that no key is made for a command line that cannot work.
        const { region } = await issuerTarget(options, io);
        rolesOf(options.role ?? []);
        const steps = stepsOf({ ...options, region }, io);
        const results: { id: string; outcome: Outcome }[] = [];
        for (const [index, { id, title, run }] of steps.entries()) {
          io.stderr.write(`${index + 1}/${steps.length} ${title}\n`);
          const outcome = await run();
          results.push({ id, outcome });
          if (outcome === 'declined') break;
          // A plan of what follows needs the key.
          if (id === 'keys' && outcome === 'planned') break;
        }
        return summary(results, options);
      });
    });
}

function summary(
  results: readonly { readonly id: string; readonly outcome: Outcome }[],
  { out }: Options,
): { data: unknown; text: string; exitCode: 0 | 1 } {
  const outcomes = results.map(({ outcome }) => outcome);
  const finished = outcomes.every((outcome) => outcome === 'done' || outcome === 'kept');
  const next = outcomes.includes('declined')
    ? 'stopped; run it again to go on'
    : outcomes.includes('planned')
      ? results.length === 1
        ? 'nothing was done; the other steps can be planned once there is a key'
        : 'nothing was done'
      : [
          'next:',
          `  give ${out}/apiserver and the keys to the control plane`,
          `  kubectl apply -f ${out}/webhook.yaml`,
          `  kubectl apply -f ${out}/workload.yaml`,
          '  irsa doctor --pod NAMESPACE/NAME',
        ].join('\n');
  return {
    data: { finished, steps: results },
    text: [...results.map(({ id, outcome }) => `${outcome.padEnd(8)} ${id}`), next].join('\n'),
    exitCode: outcomes.includes('declined') ? 1 : 0,
  };
}

function stepsOf(options: Options, io: CliIo): Step[] {
  const { out } = options;
  const withKey: Options = { ...options, key: options.key ?? [`${out}/sa.pub`] };
  const settings = { yes: options.yes === true, dryRun: options.dryRun === true };
  const files = (id: string, title: string, make: () => Promise<StepFile[]>): Step => ({
    id,
    title,
    run: async () => writeFiles(await make(), settings, io),
  });
  return [
    {
      id: 'keys',
      title: 'signing key',
      run: () =>
        options.key === undefined ? createKeys(out, settings, io) : Promise.resolve('kept'),
    },
    {
      id: 'issuer',
      title: 'issuer, IAM provider and roles',
      run: async () => {
        const { outcome, text } = await publishIssuer(() => issuerTask(withKey, io), io, {
          ...settings,
          question: 'Make these changes?',
        });
        if (outcome === 'planned') io.stderr.write(`${text}\n`);
        const outcomes = { nothing: 'kept', applied: 'done', declined: 'declined' } as const;
        return outcome === 'planned' ? 'planned' : outcomes[outcome];
      },
    },
    files('apiserver', 'API-server settings', () => apiServerFiles(withKey, io)),
    files('webhook', 'webhook manifests', async () => [
      { name: `${out}/webhook.yaml`, text: await webhookText(options) },
    ]),
    files('workload', 'ServiceAccounts', async () => [
      { name: `${out}/workload.yaml`, text: await workloadText(options) },
    ]),
  ];
}

interface Settings {
  readonly yes: boolean;
  readonly dryRun: boolean;
}

/** Writes what is missing; what differs is replaced only by a person's word, because a person may have changed it. */
async function writeFiles(
  files: readonly StepFile[],
  { yes, dryRun }: Settings,
  io: CliIo,
): Promise<Outcome> {
  const present = await Promise.all(
    files.map(async ({ name }) => ((await exists(name, io)) ? readText(name, io) : undefined)),
  );
  let outcome: Outcome = 'kept';
  for (const [index, { name, text, secret = false }] of files.entries()) {
    const before = present[index];
    if (before === text) continue;
    const diff = (): string =>
      secret ? `${name} differs` : changeText(before ?? '', text, paint(io, 'stderr'));
    if (dryRun) {
      io.stderr.write(`${name}\n${diff()}\n`);
      outcome = 'planned';
    } else if (before === undefined) {
      if (!yes && !(await io.confirm(`Write ${name}?`))) return 'declined';
      await writeNewFiles([{ name, content: text, secret }], io);
      outcome = 'done';
    } else if (yes) {
      io.stderr.write(
        `note: ${name} differs from what these options give, and is kept; remove it to have it written anew\n`,
      );
    } else {
      io.stderr.write(`${diff()}\n`);
      if (!(await io.confirm(`Replace ${name}?`))) continue;
      await replaceFile({ name, content: text, secret }, io);
      outcome = 'done';
    }
  }
  return outcome;
}

async function createKeys(out: string, { yes, dryRun }: Settings, io: CliIo): Promise<Outcome> {
  const names = { privateKey: `${out}/sa.key`, publicKey: `${out}/sa.pub` };
  const hasPrivate = await exists(names.privateKey, io);
  const hasPublic = await exists(names.publicKey, io);
  if (hasPrivate && hasPublic) return 'kept';
  if (hasPublic) {
    throw new UsageError(
      `${names.publicKey}: expected its private half beside it; restore ${names.privateKey}, or pass --key ${names.publicKey}`,
    );
  }
  if (dryRun) return 'planned';
  const question = hasPrivate
    ? `Write ${names.publicKey}, the public half of ${names.privateKey}?`
    : `Make a signing key in ${out}?`;
  if (!yes && !(await io.confirm(question))) return 'declined';
  const publicFile = (content: string): NewFile => ({
    name: names.publicKey,
    content,
    secret: false,
  });
  if (hasPrivate) {
    await writeNewFiles([publicFile(await publicHalf(names.privateKey, io))], io);
    return 'done';
  }
  const { generateSigningKey } = await import('irsa/oidc');
  const key = await generateSigningKey();
  await writeNewFiles(
    [
      { name: names.privateKey, content: key.privateKeyPem, secret: true },
      publicFile(key.publicKeyPem),
    ],
    io,
  );
  return 'done';
}

async function publicHalf(privateKey: string, io: CliIo): Promise<string> {
  const { createPublicKey } = await import('node:crypto');
  try {
    const key = createPublicKey(await readText(privateKey, io));
    return key.export({ type: 'spki', format: 'pem' }).toString();
  } catch (cause) {
    // Without the parser's words, which may quote what it read.
    throw new UsageError(
      `${privateKey}: expected a private key in PEM form; restore it, or move it away to have a new one made`,
      { cause },
    );
  }
}

async function apiServerFiles(options: Options, io: CliIo): Promise<StepFile[]> {
  const { apiServerSettings, renderApiServerSettings } = await import('irsa/cluster');
  const { out, acceptedKey = [] } = options;
  const { spec } = await issuerTask(options, io);
  if (spec.issuer === undefined) return [];
  const talos = options.for.startsWith('talos');
  if (talos && acceptedKey.length === 0) {
    io.stderr.write(
      'note: without --accepted-key the cluster refuses the tokens of its present key at once\n',
    );
  }
  const settings = apiServerSettings({
    // The cluster's own issuer stays accepted, so that tokens that are about keep working.
    issuers: [spec.issuer, 'https://kubernetes.default.svc.cluster.local'],
    signingKeyFile: '/etc/kubernetes/pki/irsa-sa.key',
    verificationKeyFiles: [
      '/etc/kubernetes/pki/irsa-sa.pub',
      ...(talos && acceptedKey.length === 0 ? [] : ['/etc/kubernetes/pki/sa.pub']),
    ],
    apiAudiences: ['https://kubernetes.default.svc.cluster.local'],
    // Talos takes the keys, not their paths.
    ...(talos
      ? {
          signingKeyPem: await readText(`${out}/sa.key`, io),
          verificationKeyPems: await Promise.all(acceptedKey.map((file) => readText(file, io))),
        }
      : {}),
  });
  const files = renderApiServerSettings(settings, { for: options.for });
  for (const note of new Set(files.flatMap(({ notes }) => notes)))
    io.stderr.write(`note: ${note}\n`);
  return files.map(({ path, content }) => ({
    name: join(out, 'apiserver', path),
    text: content,
    secret: content.includes('PRIVATE KEY'),
  }));
}

async function webhookText({ image, region }: Options): Promise<string> {
  const { manifestsToYaml, webhookManifests } = await import('irsa/cluster');
  return manifestsToYaml(
    webhookManifests({
      namespace: 'irsa-system',
      image,
      certificates: 'self-managed',
      ...(region === undefined ? {} : { region }),
    }),
  );
}

async function workloadText(options: Options): Promise<string> {
  const { role = [], accountId, region = '' } = options;
  if (accountId === undefined || role.length === 0) return '# no roles: see --role\n';
  const [{ manifestsToYaml, serviceAccountManifest }, { partitionOf, roleArn }] = await Promise.all(
    [import('irsa/cluster'), import('irsa/iam')],
  );
  const accounts = rolesOf(role).flatMap(({ roleName, subjects }) =>
    subjects
      // A pattern stands for many accounts, none of which is ours to create.
      .filter(({ namespace, name }) => !/[*?]/.test(namespace + name))
      .map(({ namespace, name }) =>
        serviceAccountManifest({
          namespace,
          name,
          roleArn: roleArn({
            accountId,
            roleName,
            partition: options.partition ?? partitionOf(region),
          }),
        }),
      ),
  );
  return manifestsToYaml(accounts);
}

async function exists(name: string, io: CliIo): Promise<boolean> {
  const [files, path] = await Promise.all([import('node:fs/promises'), import('node:path')]);
  try {
    await files.access(path.resolve(io.cwd, name));
    return true;
  } catch (error) {
    if (reasonOf(error) === 'ENOENT') return false;
    throw cannotBeRead(name, error);
  }
}
