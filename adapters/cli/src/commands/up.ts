import { Option } from 'commander';
import type { ApiServerTarget } from 'irsa/cluster';
import { carryOut } from '../carry-out.js';
import { addIssuerOptions, issuerTask, rolesOf, type IssuerOptions } from '../issuer-spec.js';
import { reasonOf } from '../read-input.js';
import type { CliIo, CommandContext } from '../types.js';
import { UsageError } from '../usage-error.js';
import { writeNewFile } from '../write-new-file.js';

interface Options extends IssuerOptions {
  readonly out: string;
  readonly for: ApiServerTarget;
  readonly image: string;
  readonly yes?: true;
}

/** What a step came to. `kept`: it was done before. */
type Outcome = 'done' | 'kept' | 'declined';

interface Step {
  readonly id: string;
  readonly title: string;
  readonly run: () => Promise<Outcome>;
}

export function defineUp({ command, io, respond }: CommandContext): void {
  addIssuerOptions(command)
    .option('--out <folder>', 'where keys and files go; a later run goes on from them', 'irsa')
    .addOption(
      new Option('--for <target>', 'the distribution; see irsa apiserver-config').default('flags'),
    )
    .requiredOption('--image <image>', 'of the webhook')
    .option('-y, --yes', 'ask nobody')
    .addHelpText(
      'after',
      '\nExample:\n  irsa up --name cluster-1 --account-id 111122223333 --bucket my-oidc --region eu-west-1 \\\n    --for kubeadm-v1beta4 --image registry.example.com/irsa-webhook:0.1.0 --role s3-echoer=default/s3-echoer',
    )
    .action(async (options: Options) => {
      await respond(async () => {
        const steps = stepsOf(options, io);
        const results: { id: string; outcome: Outcome }[] = [];
        for (const [index, { id, title, run }] of steps.entries()) {
          io.stderr.write(`${index + 1}/${steps.length} ${title}\n`);
          const outcome = await run();
          results.push({ id, outcome });
          if (outcome === 'declined') break;
        }
        const finished = results.every(({ outcome }) => outcome !== 'declined');
        return {
          data: { finished, steps: results },
          text: [
            ...results.map(({ id, outcome }) => `${outcome.padEnd(8)} ${id}`),
            finished
              ? `next: give ${options.out}/apiserver to the API server, then kubectl apply -f ${options.out}/webhook.yaml -f ${options.out}/workload.yaml`
              : 'stopped; run it again to go on',
          ].join('\n'),
          exitCode: finished ? 0 : 1,
        };
      });
    });
}

function stepsOf(options: Options, io: CliIo): Step[] {
  const { out } = options;
  const keyFile = `${out}/sa.pub`;
  const withKey: Options = { ...options, key: options.key ?? [keyFile] };
  const ask = async (question: string): Promise<boolean> =>
    options.yes === true || (await io.confirm(question));
  const file = (id: string, title: string, name: string, content: () => Promise<string>): Step => ({
    id,
    title,
    run: async () => {
      if (await exists(`${out}/${name}`, io)) return 'kept';
      if (!(await ask(`Write ${out}/${name}?`))) return 'declined';
      await writeNewFile(`${out}/${name}`, await content(), { io, secret: false });
      return 'done';
    },
  });
  return [
    { id: 'keys', title: 'signing key', run: () => createKeys(out, ask, io) },
    {
      id: 'issuer',
      title: 'issuer, IAM provider and roles',
      run: async () => {
        const { exitCode = 0, data } = await carryOut(await issuerTask(withKey, io), io, {
          yes: options.yes === true,
          dryRun: false,
          question: 'Make these changes?',
        });
        if (exitCode !== 0) return 'declined';
        return (data as { changes: unknown[] }).changes.length === 0 ? 'kept' : 'done';
      },
    },
    file('apiserver', 'API-server settings', 'apiserver', () => apiServerText(withKey, io)),
    file('webhook', 'webhook manifests', 'webhook.yaml', () => webhookText(options)),
    file('workload', 'ServiceAccounts', 'workload.yaml', () => workloadText(options)),
  ];
}

async function createKeys(
  out: string,
  ask: (question: string) => Promise<boolean>,
  io: CliIo,
): Promise<Outcome> {
  const names = { privateKey: `${out}/sa.key`, publicKey: `${out}/sa.pub` };
  const there = await Promise.all(Object.values(names).map((name) => exists(name, io)));
  if (there.every(Boolean)) return 'kept';
  if (there.some(Boolean)) {
    throw new UsageError(
      `${out}: expected both of sa.key and sa.pub, or none; restore the other one`,
    );
  }
  if (!(await ask(`Make a signing key in ${out}?`))) return 'declined';
  const { generateSigningKey } = await import('irsa/oidc');
  const key = await generateSigningKey();
  await writeNewFile(names.privateKey, key.privateKeyPem, { io, secret: true });
  await writeNewFile(names.publicKey, key.publicKeyPem, { io, secret: false });
  return 'done';
}

async function apiServerText(options: Options, io: CliIo): Promise<string> {
  const { apiServerSettings, renderApiServerSettings } = await import('irsa/cluster');
  const { spec } = await issuerTask(options, io);
  const settings = apiServerSettings({
    // The cluster's own issuer stays accepted, so that tokens that are about keep working.
    issuers: [String(spec.issuer), 'https://kubernetes.default.svc.cluster.local'],
    signingKeyFile: '/etc/kubernetes/pki/irsa-sa.key',
    verificationKeyFiles: ['/etc/kubernetes/pki/irsa-sa.pub', '/etc/kubernetes/pki/sa.pub'],
    apiAudiences: ['https://kubernetes.default.svc.cluster.local'],
  });
  return renderApiServerSettings(settings, { for: options.for })
    .map(({ path, content, notes }) =>
      [`# ${path}`, ...notes.map((note) => `# ${note}`), content].join('\n'),
    )
    .join('');
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
    throw new UsageError(`${name}: cannot be read (${reasonOf(error)})`, { cause: error });
  }
}
