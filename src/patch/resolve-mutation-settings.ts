import { SettingsError } from '../errors.js';
import { partitions } from '../names/partition.js';
import { isJsonObject } from './read-json.js';
import { defaultTokenExpiration } from './token-expiration.js';
import type {
  ContainerCredentialsSettings,
  MutationSettings,
  PartialMutationSettings,
} from './types.js';

const fullUris = {
  ipv4: 'http://169.254.170.23/v1/credentials',
  ipv6: 'http://[fd00:ec2::23]/v1/credentials',
} as const;

/** The settings that hold where a caller says nothing. Frozen, nested objects too. */
export const defaultMutationSettings: Readonly<MutationSettings> = Object.freeze({
  annotationDomain: 'eks.amazonaws.com',
  audience: 'sts.amazonaws.com',
  tokenMountPath: '/var/run/secrets/eks.amazonaws.com/serviceaccount',
  tokenExpirationSeconds: defaultTokenExpiration,
  regionalSts: false,
  containerCredentials: Object.freeze({
    audience: 'pods.eks.amazonaws.com',
    tokenMountPath: '/var/run/secrets/pods.eks.amazonaws.com/serviceaccount',
    tokenVolumeName: 'eks-pod-identity-token',
    tokenPath: 'eks-pod-identity-token',
    fullUri: fullUris.ipv4,
  }),
  behavior: 'standard',
  invalidIdentity: 'warn',
  roleSessionName: false,
  zoneVariable: false,
});

const fail = (path: string, expected: string, actual: unknown, fix: string): SettingsError => {
  const isPlain = typeof actual === 'string' || typeof actual === 'number';
  const shown = isPlain ? JSON.stringify(actual).slice(0, 120) : typeof actual;
  return new SettingsError(`settings.${path}: expected ${expected}, got ${shown}; ${fix}`, {
    path,
    expected,
    actual: shown,
  });
};

/** Settings whose types nobody has checked yet. */
type Values = Readonly<Record<string, unknown>>;

/** The fields of a type, held to it by the compiler. */
const fieldsOf = <T extends object>(fields: Readonly<Record<keyof T, true>>): readonly string[] =>
  Object.keys(fields);

const settingNames = fieldsOf<PartialMutationSettings>({
  annotationDomain: true,
  audience: true,
  tokenMountPath: true,
  tokenExpirationSeconds: true,
  region: true,
  regionalSts: true,
  composeRoleArn: true,
  containerCredentials: true,
  behavior: true,
  invalidIdentity: true,
  roleSessionName: true,
  tokenFileMode: true,
  zoneVariable: true,
});

/** The fields of those settings that are objects. */
const sections: Readonly<Record<string, readonly string[] | undefined>> = {
  composeRoleArn: fieldsOf<NonNullable<PartialMutationSettings['composeRoleArn']>>({
    accountId: true,
    partition: true,
  }),
  containerCredentials: fieldsOf<NonNullable<PartialMutationSettings['containerCredentials']>>({
    audience: true,
    tokenMountPath: true,
    tokenVolumeName: true,
    tokenPath: true,
    fullUri: true,
    ipFamily: true,
  }),
};

/** Every value, read once. */
const copyOf = (values: Values, names = settingNames): Values =>
  Object.fromEntries(
    names.map((name) => {
      const value = values[name];
      const fields = sections[name];
      return [name, fields !== undefined && isJsonObject(value) ? copyOf(value, fields) : value];
    }),
  );

const holdsTheSame = (copy: Values, values: Values, names = settingNames): boolean => {
  for (const name of names) {
    const one = copy[name];
    const other = values[name];
    if (one === other) continue;
    const fields = sections[name];
    if (fields === undefined || !isJsonObject(one) || !isJsonObject(other)) return false;
    if (!holdsTheSame(one, other, fields)) return false;
  }
  return true;
};

/** Reads fields of a settings object whose types nobody has checked yet. */
class SettingsReader {
  readonly #source: Values;
  readonly #prefix: string;

  constructor(source: Values, prefix = '') {
    this.#source = source;
    this.#prefix = prefix;
  }

  path(name: string): string {
    return `${this.#prefix}${name}`;
  }

  value(name: string): unknown {
    return this.#source[name] ?? undefined;
  }

  text(name: string, fallback: string): string {
    const value = this.value(name);
    if (value === undefined) return fallback;
    if (typeof value === 'string') return value;
    throw fail(this.path(name), 'a string', value, 'pass text or leave it out');
  }

  flag(name: string, fallback: boolean): boolean {
    const value = this.value(name);
    if (value === undefined) return fallback;
    if (typeof value === 'boolean') return value;
    throw fail(this.path(name), 'true or false', value, 'pass a boolean or leave it out');
  }

  integer(name: string): number | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (Number.isSafeInteger(value)) return value as number;
    throw fail(this.path(name), 'a whole number', value, 'pass a number or leave it out');
  }

  choice<T extends string>(name: string, choices: readonly T[], fallback: T): T {
    const value = this.value(name);
    if (value === undefined) return fallback;
    const known = choices.find((choice) => choice === value);
    if (known !== undefined) return known;
    throw fail(this.path(name), choices.join(' or '), value, 'pass one of these');
  }

  section(name: string): SettingsReader | undefined {
    const value = this.value(name);
    if (value === undefined) return undefined;
    if (isJsonObject(value)) return new SettingsReader(value, `${name}.`);
    throw fail(this.path(name), 'an object', value, 'pass an object or leave it out');
  }
}

const readContainerCredentials = (
  reader: SettingsReader | undefined,
): ContainerCredentialsSettings => {
  const fallback = defaultMutationSettings.containerCredentials;
  if (reader === undefined) return fallback;
  const family = reader.choice('ipFamily', ['ipv4', 'ipv6'], 'ipv4');
  return Object.freeze({
    audience: reader.text('audience', fallback.audience),
    tokenMountPath: reader.text('tokenMountPath', fallback.tokenMountPath),
    tokenVolumeName: reader.text('tokenVolumeName', fallback.tokenVolumeName),
    tokenPath: reader.text('tokenPath', fallback.tokenPath),
    fullUri: reader.text('fullUri', fullUris[family]),
  });
};

const readComposeRoleArn = (
  reader: SettingsReader | undefined,
): MutationSettings['composeRoleArn'] => {
  if (reader === undefined) return undefined;
  const accountId = reader.text('accountId', '');
  if (!/^\d{12}$/.test(accountId)) {
    throw fail(
      reader.path('accountId'),
      '12 digits in a string',
      accountId,
      'leading zeros are part of an account ID',
    );
  }
  return Object.freeze({ accountId, partition: reader.choice('partition', partitions, 'aws') });
};

const assertMountPath = (path: string, value: string): void => {
  // The API server takes a colon, the container runtimes do not.
  if (!value.startsWith('/') || value.includes(':') || value.split('/').includes('..')) {
    throw fail(path, 'an absolute path without ":" and ".."', value, 'begin it with /');
  }
};

/** What the API server would refuse in every pod, found once at start. The Go webhook takes any text, so `eks` does too. */
const assertUsable = (settings: MutationSettings): void => {
  const { containerCredentials: pod, region, tokenFileMode } = settings;
  assertMountPath('tokenMountPath', settings.tokenMountPath);
  assertMountPath('containerCredentials.tokenMountPath', pod.tokenMountPath);
  const domain = settings.annotationDomain;
  if (!/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/.test(domain)) {
    throw fail(
      'annotationDomain',
      'a DNS name in lower case',
      domain,
      'write it without the slash, e.g. eks.amazonaws.com',
    );
  }
  for (const [path, audience] of [
    ['audience', settings.audience],
    ['containerCredentials.audience', pod.audience],
  ] as const) {
    if (audience === '') throw fail(path, 'a text', '', 'leave it out for the default');
  }
  if (!/^[a-z0-9]([a-z0-9-]{0,59}[a-z0-9])?$/.test(pod.tokenVolumeName)) {
    throw fail(
      'containerCredentials.tokenVolumeName',
      'a DNS label',
      pod.tokenVolumeName,
      'volume names are lower-case letters, digits and -',
    );
  }
  if (!/^[^/]/.test(pod.tokenPath) || pod.tokenPath.split('/').includes('..')) {
    throw fail(
      'containerCredentials.tokenPath',
      'a relative path without ".."',
      pod.tokenPath,
      'write a file name',
    );
  }
  if (!/^https?:\/\/[^/\s]/.test(pod.fullUri)) {
    throw fail(
      'containerCredentials.fullUri',
      'an http or https URL',
      pod.fullUri,
      `e.g. ${fullUris.ipv4}`,
    );
  }
  if (region !== undefined && !/^[a-z0-9-]{1,64}$/.test(region)) {
    throw fail('region', 'an AWS region such as eu-west-1', region, 'write it in lower case');
  }
  if (tokenFileMode !== undefined && (tokenFileMode < 0 || tokenFileMode > 0o777)) {
    throw fail('tokenFileMode', 'permission bits 0 to 0o777', tokenFileMode, 'e.g. 0o444');
  }
};

const resolve = (partial: Values): MutationSettings => {
  const reader = new SettingsReader(partial);
  const fallback = defaultMutationSettings;
  const region = reader.text('region', '');
  const composeRoleArn = readComposeRoleArn(reader.section('composeRoleArn'));
  const tokenFileMode = reader.integer('tokenFileMode');
  const settings: MutationSettings = Object.freeze({
    annotationDomain: reader.text('annotationDomain', fallback.annotationDomain),
    audience: reader.text('audience', fallback.audience),
    tokenMountPath: reader.text('tokenMountPath', fallback.tokenMountPath),
    tokenExpirationSeconds:
      reader.integer('tokenExpirationSeconds') ?? fallback.tokenExpirationSeconds,
    ...(region === '' ? {} : { region }),
    regionalSts: reader.flag('regionalSts', fallback.regionalSts),
    ...(composeRoleArn === undefined ? {} : { composeRoleArn }),
    containerCredentials: readContainerCredentials(reader.section('containerCredentials')),
    behavior: reader.choice('behavior', ['standard', 'eks'], fallback.behavior),
    invalidIdentity: reader.choice('invalidIdentity', ['warn', 'reject'], fallback.invalidIdentity),
    roleSessionName: reader.flag('roleSessionName', fallback.roleSessionName),
    ...(tokenFileMode === undefined ? {} : { tokenFileMode }),
    zoneVariable: reader.flag('zoneVariable', fallback.zoneVariable),
  });
  if (settings.behavior === 'standard') assertUsable(settings);
  return settings;
};

/** What this module has checked. */
const resolved = new WeakSet();
resolved.add(defaultMutationSettings);

/** The last ones that were resolved: who passes the same few with each pod would wait three times as long for them as for the patch. */
let last: { readonly partial: Values; readonly settings: MutationSettings } | undefined;

/**
 * Completes and checks mutation settings. The result is frozen, and every function here takes it without checking again:
 * resolve once at start, pass it with each pod. Settings with the very values of the last call are not checked again either.
 *
 * @throws {@link SettingsError} `ERR_SETTINGS` for a value that cannot work
 * @example
 * ```ts
 * import { resolveMutationSettings } from 'irsa/patch';
 * const settings = resolveMutationSettings({ region: 'eu-west-1', regionalSts: true });
 * console.log(settings.audience); // sts.amazonaws.com
 * ```
 */
export function resolveMutationSettings(partial: PartialMutationSettings = {}): MutationSettings {
  if (resolved.has(partial)) return partial as MutationSettings;
  if (!isJsonObject(partial)) throw new TypeError('settings: expected an object of settings');
  if (last !== undefined && holdsTheSame(last.partial, partial)) return last.settings;
  const copy = copyOf(partial);
  const settings = resolve(copy);
  resolved.add(settings);
  last = { partial: copy, settings };
  return settings;
}
