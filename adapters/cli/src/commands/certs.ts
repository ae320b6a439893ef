import { generateServerIdentity, inspectCertificates, webhookDnsNames } from 'irsa/certs';
import { readText } from '../read-input.js';
import type { CliIo, CommandContext, CommandResult } from '../types.js';
import { wholeNumber } from '../whole-number.js';
import { planNewFiles, writeNewFiles } from '../write-new-files.js';

interface Options {
  readonly out: string;
  readonly service: string;
  readonly namespace: string;
  readonly dnsName?: string[];
  readonly days: number;
  readonly inspect?: string;
  readonly dryRun?: true;
}

export function defineCerts({ command, io, respond }: CommandContext): void {
  command
    .option('--out <folder>', 'where ca.crt, ca.key, tls.crt and tls.key go', '.')
    .option('--service <name>', 'of the webhook', 'irsa-webhook')
    .option('--namespace <namespace>', 'of the webhook', 'irsa-system')
    .option('--dns-name <name...>', 'more names')
    .option('--days <days>', 'that the serving certificate lasts', wholeNumber(1, 3000), 90)
    .option('--inspect <file>', 'make nothing; show the certificates of a PEM file')
    .option('--dry-run', 'show which files would be written')
    .addHelpText(
      'after',
      '\nExample:\n  irsa certs --out certs && kubectl -n irsa-system create secret tls irsa-webhook-tls --cert certs/tls.crt --key certs/tls.key\n  irsa certs --inspect certs/tls.crt',
    )
    .action(async (options: Options) => {
      await respond(() =>
        options.inspect === undefined ? create(options, io) : inspect(options.inspect, io),
      );
    });
}

async function create(options: Options, io: CliIo): Promise<CommandResult> {
  const { out, service, namespace, dnsName = [] } = options;
  const identity = await generateServerIdentity({
    dnsNames: [...webhookDnsNames({ service, namespace }), ...dnsName],
    lifetimeSeconds: options.days * 86_400,
    now: io.now(),
  });
  const files = [
    { name: `${out}/ca.key`, content: identity.authority.privateKeyPem, secret: true },
    { name: `${out}/ca.crt`, content: identity.caBundlePem, secret: false },
    { name: `${out}/tls.key`, content: identity.privateKeyPem, secret: true },
    { name: `${out}/tls.crt`, content: identity.certificatePem, secret: false },
  ];
  if (options.dryRun === true) return planNewFiles(files, io);
  await writeNewFiles(files, io);
  return {
    data: {
      files: files.map(({ name }) => name),
      notAfter: identity.notAfter,
      caBundle: identity.caBundle,
    },
    text: `${files.map(({ name }) => name).join('\n')}\nvalid until ${identity.notAfter.toISOString()}`,
  };
}

async function inspect(file: string, io: CliIo): Promise<CommandResult> {
  const facts = await inspectCertificates(await readText(file, io));
  const now = io.now();
  const expired = facts.some(({ notAfter }) => notAfter <= now);
  return {
    data: { certificates: facts },
    text: facts
      .map((certificate) =>
        [
          certificate.subject,
          `  issuer   ${certificate.issuer}${certificate.selfSigned ? ' (itself)' : ''}`,
          `  until    ${certificate.notAfter.toISOString()}${certificate.notAfter <= now ? '  EXPIRED' : ''}`,
          ...(certificate.dnsNames.length === 0
            ? []
            : [`  names    ${certificate.dnsNames.join(', ')}`]),
          `  sha256   ${certificate.fingerprint}`,
        ].join('\n'),
      )
      .join('\n'),
    exitCode: expired ? 1 : 0,
  };
}
