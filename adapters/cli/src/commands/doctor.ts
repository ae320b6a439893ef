import { explainPod, explainWebIdentity, type Diagnosis } from 'irsa/diagnose';
import { parseRoleMappings, type RoleMappings } from 'irsa/patch';
import { findingsText } from '../findings-text.js';
import { gatherFacts } from '../doctor/gather-facts.js';
import type { ExaminedPod, Gap } from '../doctor/types.js';
import { paint } from '../paint.js';
import { readDocuments } from '../read-input.js';
import type { CliIo, CommandContext, CommandResult } from '../types.js';
import { UsageError } from '../usage-error.js';

interface Options {
  readonly tokenFile?: string;
  readonly role?: string;
  readonly pod?: string;
  readonly serviceAccount?: string;
  readonly cluster?: true;
  readonly apiServerManifest?: string;
  readonly durationSeconds?: string;
  readonly roleMappings?: string;
  readonly annotationDomain: string;
  readonly sts: boolean;
}

/** `irsa doctor`: gathers facts as each party sees them, and explains them. */
export function defineDoctor({ command, io, respond }: CommandContext): void {
  command
    .option('--token-file <file>', 'the projected token (default: AWS_WEB_IDENTITY_TOKEN_FILE)')
    .option('--role <arn>', 'the role (default: the pod’s, its ServiceAccount’s, or AWS_ROLE_ARN)')
    .option('--pod <namespace/name>', 'a pod to look at, through kubectl')
    .option(
      '--service-account <namespace/name>',
      'a ServiceAccount and its pods to look at, through kubectl',
    )
    .option('--cluster', 'ask the API server about its keys and flags too, through kubectl')
    .option(
      '--api-server-manifest <file>',
      'kube-apiserver’s static pod, where kubectl does not show it',
    )
    .option('--duration-seconds <seconds>', 'that the client asks STS for')
    .option('--role-mappings <file>', 'the pod-identity-webhook ConfigMap')
    .option('--annotation-domain <domain>', 'of the annotations', 'eks.amazonaws.com')
    .option('--no-sts', 'do not ask STS itself')
    .addHelpText(
      'after',
      '\nExample:\n  irsa doctor --pod default/s3-echoer-xclgt\n  irsa doctor                      (inside a pod)',
    )
    .action(async (options: Options) => {
      await respond(() => examine(options, io));
    });
}

async function examine(options: Options, io: CliIo): Promise<CommandResult> {
  checkOptions(options, io);
  const { tokenFile, role, pod, serviceAccount, sts, apiServerManifest, durationSeconds } = options;
  const facts = await gatherFacts(
    {
      askSts: sts,
      cluster: options.cluster === true,
      annotationDomain: options.annotationDomain,
      ...(tokenFile === undefined ? {} : { tokenFile }),
      ...(role === undefined ? {} : { roleArn: role }),
      ...(pod === undefined ? {} : { pod }),
      ...(serviceAccount === undefined ? {} : { serviceAccount }),
      ...(apiServerManifest === undefined ? {} : { apiServerManifest }),
      ...(durationSeconds === undefined ? {} : { durationSeconds: Number(durationSeconds) }),
    },
    io,
  );
  const roleMappings =
    options.roleMappings === undefined
      ? undefined
      : parseRoleMappings((await readDocuments(options.roleMappings, io))[0]);
  const diagnoses = [
    ...facts.pods.map((pod) => examinePod(pod, roleMappings)),
    ...(facts.webIdentity === undefined ? [] : [await explainWebIdentity(facts.webIdentity)]),
  ];
  return report(diagnoses, facts.gaps, io);
}

function checkOptions(options: Options, io: CliIo): void {
  const { tokenFile, pod, serviceAccount, durationSeconds } = options;
  for (const [name, value] of Object.entries({
    '--pod': pod,
    '--service-account': serviceAccount,
  })) {
    if (value !== undefined && !/^[^-/\s][^/\s]*\/[^-/\s][^/\s]*$/.test(value)) {
      throw new UsageError(`${name}: expected NAMESPACE/NAME, got ${JSON.stringify(value)}`);
    }
  }
  if (durationSeconds !== undefined && !/^\d{1,6}$/.test(durationSeconds))
    throw new UsageError(
      `--duration-seconds: expected a number, got ${JSON.stringify(durationSeconds)}`,
    );
  if (
    [tokenFile, pod, serviceAccount, io.env['AWS_WEB_IDENTITY_TOKEN_FILE']].every(
      (one) => one === undefined,
    )
  ) {
    throw new UsageError(
      'nothing to look at: pass --pod, --service-account or --token-file, or run inside a pod with AWS_WEB_IDENTITY_TOKEN_FILE',
    );
  }
}

/** A pod that is still to come lacks its identity because it was never made: only what would keep it from one counts. */
function examinePod(
  { options, toCome }: ExaminedPod,
  roleMappings: RoleMappings | undefined,
): Diagnosis {
  const diagnosis = explainPod(roleMappings === undefined ? options : { ...options, roleMappings });
  if (!toCome) return diagnosis;
  const findings = diagnosis.findings.filter(({ id }) => id !== 'pod-not-mutated');
  const wrong = findings.some(({ severity }) => severity === 'error');
  const unseen = findings.some(({ id }) => id.startsWith('unknown-'));
  return { verdict: wrong ? 'refused' : unseen ? 'unknown' : 'ok', findings };
}

const rank = { error: 0, warning: 1, info: 2 } as const;

function report(diagnoses: readonly Diagnosis[], gaps: readonly Gap[], io: CliIo): CommandResult {
  const seen = new Set<string>();
  const findings = diagnoses
    .flatMap((diagnosis) => diagnosis.findings)
    // Ten pods of one ServiceAccount have one webhook.
    .filter(({ id, evidence }) => !seen.has(`${id} ${evidence}`) && seen.add(`${id} ${evidence}`))
    .sort((a, b) => rank[a.severity] - rank[b.severity]);
  const stsError = diagnoses.find((diagnosis) => diagnosis.stsError !== undefined)?.stsError;
  const verdicts = diagnoses.map(({ verdict }) => verdict);
  const verdict = verdicts.includes('refused')
    ? 'refused'
    : verdicts.includes('unknown') || verdicts.length === 0
      ? 'unknown'
      : 'ok';
  const lines = [
    {
      ok: 'ok: nothing is wrong',
      refused: 'refused',
      unknown: 'nothing wrong is in sight, and not everything could be looked at',
    }[verdict],
    ...(stsError === undefined ? [] : [`STS: ${stsError.code}: ${stsError.message}`]),
    ...(findings.length === 0 ? [] : [findingsText(findings, paint(io))]),
    ...gapLines(gaps),
  ];
  const bad = findings.some(({ severity }) => severity !== 'info') || diagnoses.length === 0;
  return {
    data: { verdict, findings, notLookedAt: gaps, ...(stsError === undefined ? {} : { stsError }) },
    text: lines.join('\n'),
    exitCode: bad ? 1 : 0,
  };
}

/** One line a reason: without kubectl eight things are out of sight, and it is said once. */
function gapLines(gaps: readonly Gap[]): string[] {
  const byReason = new Map<string, string[]>();
  for (const { what, why } of gaps) byReason.set(why, [...(byReason.get(why) ?? []), what]);
  return [...byReason].map(
    ([why, whats]) => `not looked at: ${[...new Set(whats)].join(', ')} (${why})`,
  );
}
