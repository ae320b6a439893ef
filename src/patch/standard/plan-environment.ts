import { shown } from '../limit-warnings.js';
import { isAbsent, listOf, objectOf, type JsonObject } from '../read-json.js';
import { comparablePath } from './mount-path.js';
import type { Identity } from './resolve-identity.js';

/** A variable that we add. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}

/** A container whose environment is planned. */
export interface EnvironmentOf {
  readonly container: JsonObject;
  /** The token's path as this container sees it. */
  readonly tokenFile: string;
}

/** What {@link planEnvironment} needs beside a container: the same for all of a pod. */
export interface EnvironmentRequest {
  readonly identity: Identity;
  /** The agent's address in container-credentials mode. */
  readonly fullUri: string;
  readonly zoneVariable: boolean;
  readonly warnings: string[];
}

/** AWS variables that a container sets itself, by name; undefined for the most that set none. */
type OwnVariables = ReadonlyMap<string, JsonObject> | undefined;

/** Of equal names the last is the one that counts. */
const ownAwsVariables = (env: unknown): OwnVariables => {
  let found: Map<string, JsonObject> | undefined;
  for (const item of listOf(env)) {
    const variable = objectOf(item);
    const name = variable['name'];
    // Most names do not even begin with an A.
    if (typeof name !== 'string' || name.charCodeAt(0) !== 65 || !name.startsWith('AWS_')) continue;
    (found ??= new Map()).set(name, variable);
  }
  return found;
};

const addMissing = (
  added: EnvironmentVariable[],
  own: OwnVariables,
  name: string,
  value: string,
): void => {
  if (own?.has(name) !== true) added.push({ name, value });
};

/**
 * The region variables. A container that sets one of the two gets the other with the same value, so that SDKs that read
 * different ones agree.
 */
const addRegion = (
  added: EnvironmentVariable[],
  own: OwnVariables,
  container: JsonObject,
  { identity, warnings }: EnvironmentRequest,
): void => {
  const { region } = identity;
  const ownRegion = own?.get('AWS_REGION');
  const ownDefault = own?.get('AWS_DEFAULT_REGION');
  if (region === undefined || (ownRegion !== undefined && ownDefault !== undefined)) return;
  if (listOf(container['envFrom']).length > 0 && !identity.regionIsAnnotated) {
    warnings.push(
      `container ${shown(container['name'])} has envFrom: no region is added, annotate region to add it`,
    );
    return;
  }
  const model = ownRegion ?? ownDefault;
  if (model === undefined) {
    added.push({ name: 'AWS_DEFAULT_REGION', value: region });
    added.push({ name: 'AWS_REGION', value: region });
    return;
  }
  const name = ownRegion === undefined ? 'AWS_REGION' : 'AWS_DEFAULT_REGION';
  const { value, valueFrom } = model;
  if (!isAbsent(valueFrom)) added.push({ name, valueFrom });
  // A reference to a variable further down would stay unresolved in front of it.
  else if (typeof value === 'string' && !value.includes('$(')) added.push({ name, value });
};

const winners = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
];
const winnersOverPodIdentity = [...winners, 'AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE'];

/** Whether a variable has a value, or may have one. */
const isSet = (variable: JsonObject | undefined): boolean =>
  variable !== undefined && (Boolean(variable['value']) || !isAbsent(variable['valueFrom']));

const warnOfWinner = (
  own: NonNullable<OwnVariables>,
  container: JsonObject,
  { identity, warnings }: EnvironmentRequest,
): void => {
  const names = identity.method === 'container-credentials' ? winnersOverPodIdentity : winners;
  const winner = names.find((name) => isSet(own.get(name)));
  if (winner !== undefined) {
    warnings.push(
      `container ${shown(container['name'])} sets ${winner}: SDKs prefer it to the injected identity`,
    );
  }
};

const warnOfTokenFile = (
  own: NonNullable<OwnVariables>,
  { container, tokenFile }: EnvironmentOf,
  { identity, warnings }: EnvironmentRequest,
): void => {
  const name =
    identity.method === 'container-credentials'
      ? 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'
      : 'AWS_WEB_IDENTITY_TOKEN_FILE';
  const variable = own.get(name);
  if (variable === undefined) return;
  const { value } = variable;
  if (typeof value === 'string' && comparablePath(value) === comparablePath(tokenFile)) return;
  warnings.push(
    `container ${shown(container['name'])} sets ${name}: SDKs read that file, not the injected`,
  );
};

/**
 * The variables that a container lacks, each decided by itself, in the order in which they go to the front of its `env`:
 * Kubernetes expands `$(AWS_REGION)` only where the variable stands before.
 */
export function planEnvironment(
  of: EnvironmentOf,
  request: EnvironmentRequest,
): EnvironmentVariable[] {
  const { container, tokenFile } = of;
  const { identity } = request;
  const own = ownAwsVariables(container['env']);
  const added: EnvironmentVariable[] = [];
  if (own !== undefined) {
    warnOfWinner(own, container, request);
    warnOfTokenFile(own, of, request);
  }
  if (identity.regionalSts) addMissing(added, own, 'AWS_STS_REGIONAL_ENDPOINTS', 'regional');
  addRegion(added, own, container, request);
  if (identity.roleArn === undefined) {
    addMissing(added, own, 'AWS_CONTAINER_CREDENTIALS_FULL_URI', request.fullUri);
    addMissing(added, own, 'AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', tokenFile);
  } else {
    addMissing(added, own, 'AWS_ROLE_ARN', identity.roleArn);
    addMissing(added, own, 'AWS_WEB_IDENTITY_TOKEN_FILE', tokenFile);
  }
  const { roleSessionName } = identity;
  if (roleSessionName !== undefined) {
    addMissing(added, own, 'AWS_ROLE_SESSION_NAME', roleSessionName);
  }
  if (request.zoneVariable && own?.has('AWS_ZONE') !== true) {
    const fieldPath = "metadata.labels['topology.kubernetes.io/zone']";
    added.push({ name: 'AWS_ZONE', valueFrom: { fieldRef: { fieldPath } } });
  }
  return added;
}
