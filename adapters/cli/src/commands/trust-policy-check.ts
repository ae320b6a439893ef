import {
  checkTrustPolicy,
  evaluateTrustPolicy,
  measureTrustPolicy,
  oidcProviderArn,
  parseTrustPolicy,
} from 'irsa/iam';
import { serviceAccountSubject } from 'irsa/oidc';
import { findingsText } from '../findings-text.js';
import { paint } from '../paint.js';
import { readText } from '../read-input.js';
import { serviceAccountPattern } from '../trust-options.js';
import type { CommandContext } from '../types.js';
import { UsageError } from '../usage-error.js';
import { accountNumber } from '../whole-number.js';

interface Options {
  readonly serviceAccount?: string;
  readonly issuer?: string;
  readonly accountId?: string;
  readonly audience: string;
}

export function defineTrustPolicyCheck({ command, io, respond }: CommandContext): void {
  command
    .argument('[file]', 'the trust policy; - is standard input', '-')
    .option('--service-account <namespace/name>', 'also: may this one assume the role?')
    .option('--issuer <url>', 'with --service-account')
    .option(
      '--account-id <id>',
      'with --service-account: the account of the OIDC provider',
      accountNumber,
    )
    .option('--audience <audience>', 'of its token', 'sts.amazonaws.com')
    .addHelpText('after', '\nExample:\n  irsa trust-policy check trust.json')
    .action(async (file: string, options: Options) => {
      await respond(async () => {
        const policy = parseTrustPolicy(await readText(file, io));
        const findings = checkTrustPolicy(policy);
        const measure = measureTrustPolicy(policy);
        const decision = decide(policy, options, io.now());
        const lines = [
          findingsText(findings, paint(io)),
          `${measure.length} of ${measure.limit} characters`,
          ...(decision === undefined
            ? []
            : [
                `${decision.allowed ? 'allowed' : 'refused'}: ${options.serviceAccount ?? ''}`,
                ...decision.reasons.map(({ message }) => `  ${message}`),
                ...(decision.undecided.length === 0
                  ? []
                  : [`  not known offline: ${decision.undecided.join(', ')}`]),
              ]),
        ].filter((line) => line !== '');
        const bad =
          findings.some(({ severity }) => severity !== 'info') || decision?.allowed === false;
        return {
          data: { findings, measure, ...(decision === undefined ? {} : { decision }) },
          text: lines.join('\n'),
          exitCode: bad ? 1 : 0,
        };
      });
    });
}

function decide(
  policy: ReturnType<typeof parseTrustPolicy>,
  { serviceAccount, issuer, accountId, audience }: Options,
  now: Date,
): ReturnType<typeof evaluateTrustPolicy> | undefined {
  if (serviceAccount === undefined) return undefined;
  if (issuer === undefined || accountId === undefined) {
    throw new UsageError('--service-account: needs --issuer and --account-id too');
  }
  const { namespace, name } = serviceAccountPattern(serviceAccount);
  return evaluateTrustPolicy(policy, {
    providerArn: oidcProviderArn({ issuer, accountId }),
    claims: { iss: issuer, sub: serviceAccountSubject(namespace, name), aud: audience },
    now,
  });
}
