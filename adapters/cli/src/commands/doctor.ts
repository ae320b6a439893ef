import { explainPod, explainWebIdentity, type Diagnosis } from 'irsa/diagnose';
import { findingsText } from '../findings-text.js';
import { gatherFacts } from '../doctor/gather-facts.js';
import type { Gap } from '../doctor/types.js';
import type { CliIo, CommandContext, CommandResult } from '../types.js';
import { UsageError } from '../usage-error.js';

interface Options {
  readonly tokenFile?: string;
  readonly role?: string;
  readonly pod?: string;
  readonly serviceAccount?: string;
  readonly durationSeconds?: number;
  readonly sts: boolean;
}

/** `irsa doctor`: gathers facts as each party sees them, and explains them. */
export function defineDoctor({ command, io, respond }: CommandContext): void {
  command
    .option('--token-file <file>', 'the projected token (default: AWS_WEB_IDENTITY_TOKEN_FILE)')
    .option('--role <arn>', 'the role (default: AWS_ROLE_ARN, or the ServiceAccount’s annotation)')
    .option('--pod <namespace/name>', 'a pod to look at, through kubectl')
    .option('--service-account <namespace/name>', 'a ServiceAccount to look at, through kubectl')
    .option(
      '--duration-seconds <seconds>',
      'the session length that the SDK is told to ask for (default: none is asked for)',
      wholeSeconds,
    )
    .option('--no-sts', 'do not ask STS itself')
    .addHelpText(
      'after',
      '\nExample:\n  irsa doctor --pod default/s3-echoer-xclgt\n  irsa doctor                      (inside a pod)',
    )
    .action(async (options: Options) => {
      await respond(() => examine(options, io));
    });
}

function wholeSeconds(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`--duration-seconds: expected a number, got ${JSON.stringify(text)}`);
}

async function examine(options: Options, io: CliIo): Promise<CommandResult> {
  const { tokenFile, role, pod, serviceAccount, durationSeconds, sts } = options;
  for (const [name, value] of Object.entries({
    '--pod': pod,
    '--service-account': serviceAccount,
  })) {
    if (value !== undefined && !/^[^/\s]+\/[^/\s]+$/.test(value)) {
      throw new UsageError(`${name}: expected NAMESPACE/NAME, got ${JSON.stringify(value)}`);
    }
  }
  if (
    [tokenFile, pod, serviceAccount, io.env['AWS_WEB_IDENTITY_TOKEN_FILE']].every(
      (one) => one === undefined,
    )
  ) {
    throw new UsageError(
      'nothing to look at: pass --pod, --service-account or --token-file, or run inside a pod with AWS_WEB_IDENTITY_TOKEN_FILE',
    );
  }
  const facts = await gatherFacts(
    {
      askSts: sts,
      ...(tokenFile === undefined ? {} : { tokenFile }),
      ...(role === undefined ? {} : { roleArn: role }),
      ...(pod === undefined ? {} : { pod }),
      ...(serviceAccount === undefined ? {} : { serviceAccount }),
      ...(durationSeconds === undefined ? {} : { durationSeconds }),
    },
    io,
  );
  const diagnoses = [
    ...(facts.pod === undefined ? [] : [explainPod(facts.pod)]),
    ...(facts.webIdentity === undefined ? [] : [await explainWebIdentity(facts.webIdentity)]),
  ];
  return report(diagnoses, facts.gaps, io);
}

const rank = { error: 0, warning: 1, info: 2 } as const;

function report(diagnoses: readonly Diagnosis[], gaps: readonly Gap[], io: CliIo): CommandResult {
  const findings = diagnoses
    .flatMap((diagnosis) => diagnosis.findings)
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
    ...(findings.length === 0 ? [] : [findingsText(findings, io)]),
    ...gaps.map(({ what, why }) => `not looked at: ${what} (${why})`),
  ];
  const bad = findings.some(({ severity }) => severity !== 'info') || diagnoses.length === 0;
  return {
    data: { verdict, findings, notLookedAt: gaps, ...(stsError === undefined ? {} : { stsError }) },
    text: lines.join('\n'),
    exitCode: bad ? 1 : 0,
  };
}
