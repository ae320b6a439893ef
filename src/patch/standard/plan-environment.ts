import { shown } from '../limit-warnings.js';
import { fieldOf, isAbsent, listOf, nameOf, type JsonObject } from '../read-json.js';
import type { Identity } from './resolve-identity.js';

/** A variable that we add. */
export interface EnvironmentVariable {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}

/** What {@link planEnvironment} needs. */
export interface EnvironmentRequest {
  readonly container: JsonObject;
  readonly identity: Identity;
  /** The token's path as this container sees it. */
  readonly tokenFile: string;
  /** The agent's address in container-credentials mode. */
  readonly fullUri: string;
  readonly zoneVariable: boolean;
  readonly warnings: string[];
}

const noVariables: ReadonlyMap<string, unknown> = new Map();

/** The container's own AWS variables by name; the last of equal names is the one that counts. */
const awsVariables = (env: readonly unknown[]): ReadonlyMap<string, unknown> => {
  let found: Map<string, unknown> | undefined;
  for (const variable of env) {
    const name = nameOf(variable);
    // Most names do not even begin with an A.
    if (typeof name !== 'string' || name.charCodeAt(0) !== 65 || !name.startsWith('AWS_')) continue;
    found ??= new Map();
    found.set(name, variable);
  }
  return found ?? noVariables;
};

const winners = [
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_PROFILE',
  'AWS_DEFAULT_PROFILE',
];
const webIdentityNames = ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE'];

/**
 * The region variables. A container that sets one of the two gets the other with the same value, so that SDKs that read
 * different ones agree.
 */
const addRegion = (
  added: EnvironmentVariable[],
  present: ReadonlyMap<string, unknown>,
  { container, identity, warnings }: EnvironmentRequest,
): void => {
  const { region } = identity;
  const own = present.get('AWS_REGION');
  const ownDefault = present.get('AWS_DEFAULT_REGION');
  if (region === undefined || (own !== undefined && ownDefault !== undefined)) return;
  if (listOf(container['envFrom']).length > 0 && !identity.regionIsAnnotated) {
    warnings.push(
      `container ${shown(container['name'])} has envFrom: no region is set, annotate region to set it`,
    );
    return;
  }
  const model = own ?? ownDefault;
  let content: Omit<EnvironmentVariable, 'name'> = { value: region };
  if (model !== undefined) {
    const value = fieldOf(model, 'value');
    const valueFrom = fieldOf(model, 'valueFrom');
    if (!isAbsent(valueFrom)) content = { valueFrom };
    // A reference to a variable further down would stay unresolved in front of it.
    else if (typeof value === 'string' && !value.includes('$(')) content = { value };
    else return;
  }
  if (ownDefault === undefined) added.push({ name: 'AWS_DEFAULT_REGION', ...content });
  if (own === undefined) added.push({ name: 'AWS_REGION', ...content });
};

const warnOfWinners = (
  present: ReadonlyMap<string, unknown>,
  { container, identity, warnings }: EnvironmentRequest,
): void => {
  const others =
    identity.method === 'container-credentials' ? [...winners, ...webIdentityNames] : winners;
  const winner = others.find((name) => present.has(name));
  if (winner !== undefined) {
    warnings.push(
      `container ${shown(fieldOf(container, 'name'))} sets ${winner}: SDKs prefer it to the injected identity`,
    );
  }
};

/**
 * The variables that a container lacks, each decided by itself, in the order in which they go to the front of its `env`:
 * Kubernetes expands `$(AWS_REGION)` only where the variable stands before.
 */
export function planEnvironment(request: EnvironmentRequest): EnvironmentVariable[] {
  const { container, identity, tokenFile } = request;
  const present = awsVariables(listOf(container['env']));
  const added: EnvironmentVariable[] = [];
  const want = (name: string, value: string): void => {
    if (!present.has(name)) added.push({ name, value });
  };
  if (present.size > 0) warnOfWinners(present, request);
  if (identity.regionalSts) want('AWS_STS_REGIONAL_ENDPOINTS', 'regional');
  addRegion(added, present, request);
  if (identity.roleArn === undefined) {
    want('AWS_CONTAINER_CREDENTIALS_FULL_URI', request.fullUri);
    want('AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE', tokenFile);
  } else {
    want('AWS_ROLE_ARN', identity.roleArn);
    want('AWS_WEB_IDENTITY_TOKEN_FILE', tokenFile);
  }
  if (identity.roleSessionName !== undefined) {
    want('AWS_ROLE_SESSION_NAME', identity.roleSessionName);
  }
  if (request.zoneVariable && !present.has('AWS_ZONE')) {
    const fieldPath = "metadata.labels['topology.kubernetes.io/zone']";
    added.push({ name: 'AWS_ZONE', valueFrom: { fieldRef: { fieldPath } } });
  }
  return added;
}
