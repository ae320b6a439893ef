import { shown } from '../limit-warnings.js';
import { fieldOf, isAbsent, listOf, type JsonObject } from '../read-json.js';
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

/** The container's own AWS variables by name; the last of equal names is the one that counts. */
const awsVariables = (env: readonly unknown[]): ReadonlyMap<string, unknown> => {
  const found = new Map<string, unknown>();
  for (const variable of env) {
    const name = fieldOf(variable, 'name');
    if (typeof name === 'string' && name.startsWith('AWS_')) found.set(name, variable);
  }
  return found;
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
const regionVariables = (
  present: ReadonlyMap<string, unknown>,
  { container, identity, warnings }: EnvironmentRequest,
): EnvironmentVariable[] => {
  const { region } = identity;
  if (region === undefined) return [];
  const missing = ['AWS_DEFAULT_REGION', 'AWS_REGION'].filter((name) => !present.has(name));
  if (missing.length === 0) return [];
  if (listOf(fieldOf(container, 'envFrom')).length > 0 && !identity.regionIsAnnotated) {
    warnings.push(
      `container ${shown(fieldOf(container, 'name'))} has envFrom: no region is set, annotate region to set it`,
    );
    return [];
  }
  const own = present.get('AWS_REGION') ?? present.get('AWS_DEFAULT_REGION');
  if (own === undefined) return missing.map((name) => ({ name, value: region }));
  const value = fieldOf(own, 'value');
  const valueFrom = fieldOf(own, 'valueFrom');
  if (!isAbsent(valueFrom)) return missing.map((name) => ({ name, valueFrom }));
  // A reference to a variable further down would stay unresolved in front of it.
  if (typeof value !== 'string' || value.includes('$(')) return [];
  return missing.map((name) => ({ name, value }));
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
  const present = awsVariables(listOf(fieldOf(container, 'env')));
  const added: EnvironmentVariable[] = [];
  const want = (name: string, value: string): void => {
    if (!present.has(name)) added.push({ name, value });
  };
  if (present.size > 0) warnOfWinners(present, request);
  if (identity.regionalSts) want('AWS_STS_REGIONAL_ENDPOINTS', 'regional');
  added.push(...regionVariables(present, request));
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
