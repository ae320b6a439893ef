import { getCiphers } from 'node:tls';
import { parseArgs } from 'node:util';
import { SettingsError } from 'irsa/errors';
import { partitionOf } from 'irsa/iam';
import { resolveMutationSettings, type MutationSettings } from 'irsa/patch';
import type { LogLevel } from './create-logger.js';
import { flags, type Flag, type FlagName } from './flags.js';

/** What the program does. */
export interface WebhookOptions {
  readonly port: number;
  readonly bindAddress: string;
  readonly metricsPort: number;
  readonly kubeconfig?: string;
  readonly kubeApi?: string;
  readonly namespace: string;
  readonly serviceName: string;
  readonly certificates: 'provided' | 'self-managed';
  readonly tlsCert: string;
  readonly tlsKey: string;
  readonly tlsSecret: string;
  readonly webhookConfiguration: string;
  readonly tlsMinVersion: 'TLSv1.2' | 'TLSv1.3';
  readonly tlsCiphers?: readonly string[];
  readonly roleMappingConfigMap?: string;
  readonly identitiesFile?: string;
  readonly lookupTimeoutMs: number;
  readonly settings: MutationSettings;
  readonly maxInFlight: number;
  readonly lameDuckMs: number;
  readonly drainMs: number;
  readonly logLevel: LogLevel;
  /** Sentences about flags that have no effect. */
  readonly notes: readonly string[];
}

/** What a command line asks for. */
export type Command =
  | { readonly kind: 'run'; readonly options: WebhookOptions }
  | { readonly kind: 'help'; readonly text: string }
  | { readonly kind: 'version' };

type Values = ReadonlyMap<FlagName, string>;

/**
 * Reads flags and environment; a flag beats its variable.
 *
 * @throws {@link SettingsError} `ERR_SETTINGS` which names the flag
 */
export function parseOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Command {
  if (args.includes('--help') || args.includes('-h')) return { kind: 'help', text: helpText() };
  if (args.includes('--version')) return { kind: 'version' };
  const given = new Map([...fromEnvironment(environment), ...fromArguments(args)]);
  const values = new Map(given);
  for (const name of flagNames) {
    const fallback = definition(name).default;
    if (!values.has(name) && fallback !== undefined) values.set(name, fallback);
  }
  const notes = [...given.keys()]
    .filter((name) => definition(name).ignored === true)
    .map((name) => `--${name} has no effect here: ${definition(name).help}`);
  return { kind: 'run', options: buildOptions(values, notes) };
}

// `as`: the keys of a constant object are its type's keys.
const flagNames = Object.keys(flags) as FlagName[];
const definition = (name: FlagName): Flag => flags[name];

function refuse(name: FlagName, expected: string, actual: string): SettingsError {
  return new SettingsError(
    `--${name}: expected ${expected}, got ${JSON.stringify(actual.slice(0, 200))}; see irsa-webhook --help`,
    { path: `--${name}`, expected, actual: actual.slice(0, 200) },
  );
}

/** `--name value`, `--name=value`, and for switches `--name` and `--name=false`, as pflag has it. */
function fromArguments(args: readonly string[]): Map<FlagName, string> {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      flagNames.map((name) => [
        name,
        {
          type: definition(name).kind === 'switch' ? 'boolean' : 'string',
          ...(name.length === 1 && { short: name }),
        },
      ]),
    ),
  });
  const values = new Map<FlagName, string>();
  for (const token of tokens) {
    const name =
      token.kind === 'option' ? flagNames.find((known) => known === token.name) : undefined;
    if (token.kind !== 'option' || name === undefined) {
      const shown = token.kind === 'option' ? token.rawName : (args[token.index] ?? '');
      throw new SettingsError(
        `command line: expected only known flags, got ${JSON.stringify(shown.slice(0, 100))}; see irsa-webhook --help`,
      );
    }
    const value = token.value ?? (definition(name).kind === 'switch' ? 'true' : undefined);
    if (value === undefined) throw refuse(name, 'a value', '');
    values.set(name, value);
  }
  return values;
}

function fromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): [FlagName, string][] {
  return flagNames.flatMap((name): [FlagName, string][] => {
    const value = environment[`IRSA_WEBHOOK_${name.toUpperCase().replaceAll('-', '_')}`] ?? '';
    return value === '' || isServiceLink(value) ? [] : [[name, value]];
  });
}

/**
 * Of a Service called `irsa-webhook` Kubernetes makes IRSA_WEBHOOK_PORT=tcp://10.96.0.12:443 in every pod beside it.
 *
 * @see {@link https://kubernetes.io/docs/tutorials/services/connect-applications-service/#environment-variables | Kubernetes: environment variables of Services}
 */
const isServiceLink = (value: string): boolean => /^(?:tcp|udp|sctp):\/\//.test(value);

function buildOptions(values: Values, notes: readonly string[]): WebhookOptions {
  const text = (name: FlagName): string => values.get(name) ?? '';
  const optional = (name: FlagName): string | undefined => {
    const value = text(name);
    return value === '' ? undefined : value;
  };
  const kubeconfig = optional('kubeconfig');
  const kubeApi = optional('kube-api');
  const identitiesFile = optional('watch-container-credentials-config');
  const ciphers = ciphersOf(values);
  return {
    port: numberOf(values, 'port', 65_535),
    bindAddress: text('bind-address'),
    metricsPort: numberOf(values, 'metrics-port', 65_535),
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(kubeApi !== undefined && { kubeApi }),
    namespace: text('namespace'),
    serviceName: text('service-name'),
    certificates:
      oneOf(values, 'certificates', ['provided', 'cert-manager', 'self-managed']) === 'self-managed'
        ? 'self-managed'
        : 'provided',
    tlsCert: text('tls-cert'),
    tlsKey: text('tls-key'),
    tlsSecret: text('tls-secret'),
    webhookConfiguration: text('webhook-configuration'),
    tlsMinVersion: minVersionOf(values),
    ...(ciphers.length > 0 && { tlsCiphers: ciphers }),
    ...(switchOf(values, 'watch-config-map') && { roleMappingConfigMap: text('config-map-name') }),
    ...(identitiesFile !== undefined && { identitiesFile }),
    lookupTimeoutMs: durationOf(values, 'service-account-lookup-grace-period'),
    settings: settingsOf(values),
    maxInFlight: Math.max(1, numberOf(values, 'max-in-flight', 1_000_000)),
    lameDuckMs: durationOf(values, 'lame-duck'),
    drainMs: durationOf(values, 'drain-timeout'),
    logLevel: oneOf(values, 'log-level', ['debug', 'info', 'warn', 'error']),
    notes,
  };
}

function settingsOf(values: Values): MutationSettings {
  const text = (name: FlagName): string => values.get(name) ?? '';
  const region = text('aws-default-region');
  const accountId = text('account-id');
  const composes = switchOf(values, 'compose-role-arn');
  if (composes && accountId === '') {
    throw refuse('account-id', 'the 12 digits of an account, for --compose-role-arn', '');
  }
  return resolveMutationSettings({
    annotationDomain: text('annotation-prefix'),
    audience: text('token-audience'),
    tokenMountPath: text('token-mount-path'),
    tokenExpirationSeconds: numberOf(values, 'token-expiration', Number.MAX_SAFE_INTEGER),
    ...(region !== '' && { region }),
    regionalSts: switchOf(values, 'sts-regional-endpoint'),
    ...(composes && {
      composeRoleArn: { accountId, partition: region === '' ? 'aws' : partitionOf(region) },
    }),
    containerCredentials: {
      audience: text('container-credentials-audience'),
      tokenMountPath: text('container-credentials-token-mount-path'),
      tokenVolumeName: text('container-credentials-token-volume-name'),
      tokenPath: text('container-credentials-token-path'),
      fullUri: text('container-credentials-full-uri'),
    },
    behavior: oneOf(values, 'behavior', ['standard', 'eks']),
    invalidIdentity: oneOf(values, 'invalid-identity', ['warn', 'reject']),
    roleSessionName: switchOf(values, 'role-session-name'),
  });
}

function numberOf(values: Values, name: FlagName, max: number): number {
  const text = values.get(name) ?? '';
  if (!/^\d{1,16}$/.test(text) || Number(text) > max) {
    throw refuse(name, `a whole number from 0 to ${max}`, text);
  }
  return Number(text);
}

function oneOf<const T extends string>(values: Values, name: FlagName, allowed: readonly T[]): T {
  const text = values.get(name) ?? '';
  const found = allowed.find((value) => value === text);
  if (found === undefined) throw refuse(name, allowed.join(', '), text);
  return found;
}

/** The spellings that Go's strconv.ParseBool takes. */
function switchOf(values: Values, name: FlagName): boolean {
  const text = values.get(name) ?? 'false';
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  if (/^(?:0|f|F|FALSE|false|False)$/.test(text)) return false;
  throw refuse(name, 'true or false', text);
}

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};
const goDuration = /(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g;

/** `0`, `100ms`, `1.5s`, `1m30s`, as Go writes them. */
function durationOf(values: Values, name: FlagName): number {
  const text = values.get(name) ?? '';
  if (text === '0') return 0;
  if (text === '' || text.replaceAll(goDuration, '') !== '') {
    throw refuse(name, 'a duration such as 500ms, 10s or 1m30s', text);
  }
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(goDuration)) {
    total += Number(amount) * (unitMs[unit] ?? 0);
  }
  return Math.round(total);
}

function minVersionOf(values: Values): 'TLSv1.2' | 'TLSv1.3' {
  const version = oneOf(values, 'tls-min-version', ['1.2', '1.3', 'VersionTLS12', 'VersionTLS13']);
  return version === '1.3' || version === 'VersionTLS13' ? 'TLSv1.3' : 'TLSv1.2';
}

/** OpenSSL passes over names that it does not know; a policy that is half in force must not look like one. */
function ciphersOf(values: Values): readonly string[] {
  const names = (values.get('tls-cipher-suites') ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const known = new Set(getCiphers());
  const unknown = names.find((name) => !known.has(opensslName(name).toLowerCase()));
  if (unknown !== undefined) {
    throw refuse('tls-cipher-suites', 'names of ciphers that OpenSSL knows', unknown);
  }
  return names.map(opensslName);
}

/** Go names cipher suites as IANA does, OpenSSL has names of its own below TLS 1.3. */
function opensslName(name: string): string {
  if (!/^TLS_.*_WITH_/.test(name)) return name;
  return name
    .replace(/^TLS_/, '')
    .replace('_WITH_', '_')
    .replace(/^RSA_/, '')
    .replace(/AES_(128|256)/, 'AES$1')
    .replace('_CBC_', '_')
    .replace(/(CHACHA20_POLY1305)_SHA256$/, '$1')
    .replaceAll('_', '-');
}

function helpText(): string {
  const lines = flagNames
    .filter((name) => definition(name).ignored !== true)
    .map((name) => {
      const { kind, default: fallback, help } = definition(name);
      const shown = fallback === undefined || kind === 'switch' ? '' : ` (${fallback})`;
      return `  --${name}${kind === 'switch' ? '' : ` ${kind.toUpperCase()}`}\n        ${help}${shown}`;
    });
  return [
    'irsa-webhook: gives pods the IAM role of their ServiceAccount',
    '',
    'Usage: irsa-webhook [flags]',
    'Each flag is an environment variable too: --token-audience is IRSA_WEBHOOK_TOKEN_AUDIENCE.',
    '',
    'Example: irsa-webhook --kubeconfig ~/.kube/config --tls-cert tls.crt --tls-key tls.key --port 8443',
    '',
    ...lines,
    '',
  ].join('\n');
}
