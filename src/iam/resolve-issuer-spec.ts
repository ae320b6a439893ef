import { PlanError } from '../errors.js';
import { oidcProviderArn } from '../names/arn.js';
import { issuerHostPath, parseIssuer, type Issuer } from '../names/issuer.js';
import { partitionOf, type Partition } from '../names/partition.js';
import { buildOidcProvider, checkTags } from './build-oidc-provider.js';
import type { IssuerObject, IssuerRoleSpec, IssuerSpec, IssuerTarget, Tags } from './plan-types.js';
import type { OidcProviderSpec } from './types.js';

/** The tag that says whose a resource is; its value is the issuer's name. */
export const ownershipTag = 'irsa:issuer';

/** The spec with its defaults, checked once. */
export interface ResolvedSpec {
  readonly name: string;
  readonly accountId: string;
  readonly partition: Partition;
  readonly issuer: Issuer | undefined;
  readonly hostPath: string | undefined;
  readonly providerArn: string | undefined;
  readonly target: IssuerTarget;
  /** By object key, the discovery document last: it must never point to a JWKS that is not there yet. */
  readonly documents: readonly IssuerObject[];
  readonly provider: OidcProviderSpec | null;
  readonly roles: readonly IssuerRoleSpec[];
  readonly tags: Tags;
  readonly adopt: boolean;
  readonly retiredKids: ReadonlySet<string>;
  readonly releaseBucketName: boolean;
}

export const planError = (path: string, message: string): PlanError =>
  new PlanError(`${path}: ${message}`, { path });

const assertName = (name: unknown): void => {
  if (typeof name === 'string' && /^[\w.:/=+@-]{1,128}$/.test(name)) return;
  throw planError(
    'name',
    `expected 1 to 128 letters, digits or _.:/=+@- (it becomes a tag's value), got ${JSON.stringify(name)}; use the cluster's name`,
  );
};

/** Whether an object key is that of a discovery document. */
export const isDiscovery = (path: string): boolean =>
  path.endsWith('.well-known/openid-configuration');

const placeDocuments = (spec: IssuerSpec): IssuerObject[] => {
  const prefix = spec.target.kind === 's3' ? (spec.target.prefix ?? '') : '';
  if (prefix !== '' && !/^[^/].*\/$/.test(prefix)) {
    throw planError(
      'target.prefix',
      `expected text that ends with / and does not begin with it, got ${JSON.stringify(prefix)}; write cluster-1/`,
    );
  }
  const placed = spec.documents.map((document) => ({ ...document, path: prefix + document.path }));
  if (new Set(placed.map(({ path }) => path)).size < placed.length) {
    throw planError('documents', 'two documents have the same path; pass each once');
  }
  return [
    ...placed.filter(({ path }) => !isDiscovery(path)),
    ...placed.filter(({ path }) => isDiscovery(path)),
  ];
};

/** The issuer that a document names; undefined for a JWKS, and for what is no JSON. */
const issuerIn = ({ body }: IssuerObject): unknown => {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null && 'issuer' in parsed
      ? parsed.issuer
      : undefined;
  } catch {
    return undefined;
  }
};

/** STS refuses every token of an issuer whose document names another one, if only by a slash at the end. */
const assertSameIssuer = (documents: readonly IssuerObject[], issuer: string | undefined): void => {
  for (const document of documents) {
    const named = isDiscovery(document.path) ? issuerIn(document) : undefined;
    if (named === undefined || named === issuer) continue;
    throw planError(
      'documents',
      `expected ${document.path} to name the issuer ${String(issuer)}, got ${JSON.stringify(named)}; build the documents for this issuer`,
    );
  }
};

/** A way that is not said would be taken for one of the two: the bucket open to all, or behind a distribution. */
const assertTarget = (target: IssuerTarget): void => {
  const { kind, via } = target as { readonly kind?: unknown; readonly via?: unknown };
  if (kind !== 's3' && kind !== 'elsewhere') {
    throw planError(
      'target.kind',
      `expected "s3" or "elsewhere", got ${JSON.stringify(kind)}; say where the documents are published`,
    );
  }
  if (kind === 's3' && via !== 'public' && via !== 'cloudfront') {
    throw planError(
      'target.via',
      `expected "public" or "cloudfront", got ${JSON.stringify(via)}; say how the public reads the bucket`,
    );
  }
};

/** ARNs of another partition than the bucket's name nothing there. */
const assertSamePartition = (target: IssuerTarget, partition: Partition): void => {
  if (target.kind !== 's3' || partitionOf(target.region) === partition) return;
  throw planError(
    'partition',
    `expected ${partitionOf(target.region)}, of which ${target.region} is a region, got ${partition}; pass partition: partitionOf(region)`,
  );
};

/** Checks a spec and fills in its defaults. */
export function resolveIssuerSpec(spec: IssuerSpec): ResolvedSpec {
  const { name, accountId, partition = 'aws', target, roles = [], adopt = false } = spec;
  assertName(name);
  assertTarget(target);
  assertSamePartition(target, partition);
  const issuer = spec.issuer === undefined ? undefined : parseIssuer(spec.issuer);
  if (issuer === undefined && (spec.documents.length > 0 || roles.length > 0 || spec.provider)) {
    throw planError(
      'issuer',
      'documents, provider and roles need the issuer; leave all four out until CloudFront has told its host name',
    );
  }
  if (spec.state !== 'absent') assertSameIssuer(spec.documents, issuer);
  const tags = checkTags({ ...spec.tags, [ownershipTag]: name });
  const provider =
    issuer === undefined || spec.provider === null
      ? null
      : (spec.provider ?? buildOidcProvider({ issuer }));
  if (provider !== null && provider.url !== issuer) {
    throw planError(
      'provider.url',
      `expected the issuer ${String(issuer)}, got ${provider.url}; an IAM provider is found by its URL`,
    );
  }
  if (spec.releaseBucketName === true && spec.provider === null) {
    throw planError(
      'releaseBucketName',
      'expected that the IAM provider is taken down first, got provider: null; leave the provider to the plan, or keep the bucket',
    );
  }
  if (new Set(roles.map(({ roleName }) => roleName)).size < roles.length) {
    throw planError('roles', 'two entries have the same roleName; put all its subjects into one');
  }
  return {
    name,
    accountId,
    partition,
    issuer,
    hostPath: issuer === undefined ? undefined : issuerHostPath(issuer),
    providerArn:
      issuer === undefined ? undefined : oidcProviderArn({ issuer, accountId, partition }),
    target,
    documents: placeDocuments(spec),
    provider:
      provider === null ? null : { ...provider, tags: checkTags({ ...provider.tags, ...tags }) },
    roles,
    tags,
    adopt,
    retiredKids: new Set(spec.retiredKids),
    releaseBucketName: spec.releaseBucketName ?? false,
  };
}

/** Whether a resource carries our ownership tag. */
export const isOwned = (tags: Tags, spec: ResolvedSpec): boolean =>
  tags[ownershipTag] === spec.name;
