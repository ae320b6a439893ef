import { join } from 'node:path';
import { Option } from 'commander';
import { apiServerSettings, renderApiServerSettings, type ApiServerTarget } from 'irsa/cluster';
import { readText } from '../read-input.js';
import type { CommandContext } from '../types.js';
import { writeNewFiles } from '../write-new-files.js';

/** Every distribution that settings are written for. */
export const apiServerTargets: readonly ApiServerTarget[] = [
  'flags',
  'kubeadm-v1beta3',
  'kubeadm-v1beta4',
  'kubeadm-v1',
  'k3s',
  'rke2',
  'talos',
  'talos-v1alpha1',
  'kops',
  'kind',
  'static-pod-patch',
];

interface Options {
  readonly for: ApiServerTarget;
  readonly issuer: string[];
  readonly signingKeyFile: string;
  readonly keyFile?: string[];
  readonly apiAudience?: string[];
  readonly jwksUri?: string;
  readonly signingKey?: string;
  readonly acceptedKey?: string[];
  readonly out?: string;
}

export function defineApiserverConfig({ command, io, respond }: CommandContext): void {
  command
    .addOption(
      new Option('--for <target>', 'the distribution')
        .choices(apiServerTargets)
        .makeOptionMandatory(),
    )
    .requiredOption('--issuer <url...>', 'the issuer that signs, then those still accepted')
    .option(
      '--signing-key-file <path>',
      'private key, on the control plane',
      '/etc/kubernetes/pki/sa.key',
    )
    .option(
      '--key-file <path...>',
      'public keys, on the control plane (default: /etc/kubernetes/pki/sa.pub)',
    )
    .option(
      '--api-audience <audience...>',
      'of API tokens, never AWS’s (default: https://kubernetes.default.svc.cluster.local)',
    )
    .option('--jwks-uri <url>', 'where the public finds the keys')
    .option('--signing-key <file>', 'Talos: the private key itself')
    .option('--accepted-key <file...>', 'Talos: public keys of earlier signing keys')
    .option('--out <folder>', 'write the files there, under the names that they must have')
    .addHelpText(
      'after',
      '\nExample:\n  irsa apiserver-config --for kubeadm-v1beta4 --issuer https://oidc.example.com',
    )
    .action(async (options: Options) => {
      await respond(async () => {
        const settings = apiServerSettings({
          issuers: options.issuer,
          signingKeyFile: options.signingKeyFile,
          verificationKeyFiles: options.keyFile ?? ['/etc/kubernetes/pki/sa.pub'],
          apiAudiences: options.apiAudience ?? ['https://kubernetes.default.svc.cluster.local'],
          ...(options.jwksUri === undefined ? {} : { jwksUri: options.jwksUri }),
          ...(options.signingKey === undefined
            ? {}
            : { signingKeyPem: await readText(options.signingKey, io) }),
          verificationKeyPems: await Promise.all(
            (options.acceptedKey ?? []).map((file) => readText(file, io)),
          ),
        });
        const files = renderApiServerSettings(settings, { for: options.for });
        const notes = [...new Set(files.flatMap((file) => file.notes))];
        // Notes go beside, so that the file can be piped; several files are told apart by a comment.
        for (const note of notes) io.stderr.write(`note: ${note}\n`);
        if (options.out !== undefined) {
          const { out } = options;
          const written = files.map(({ path, content }) => ({
            name: join(out, path),
            content,
            // Talos takes the key itself.
            secret: content.includes('PRIVATE KEY'),
          }));
          await writeNewFiles(written, io);
          return { data: { files }, text: written.map(({ name }) => name).join('\n') };
        }
        const [only] = files;
        return {
          data: { files },
          text:
            files.length === 1 && only !== undefined
              ? only.content
              : files.map(({ path, content }) => `# ${path}\n${content}`).join(''),
        };
      });
    });
}
