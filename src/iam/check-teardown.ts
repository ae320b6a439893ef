import type { Finding } from '../names/finding.js';
import { issuerStatementSid, type BucketStatement } from './build-issuer-bucket-policy.js';
import { isEverybody } from './check-trust-statement.js';
import type { IssuerSpec, IssuerTarget, ObservedBucket, ObservedIssuer } from './plan-types.js';
import { ownershipTag, resolveIssuerSpec, type ResolvedSpec } from './resolve-issuer-spec.js';
import type { PrincipalElement } from './types.js';

type BucketTarget = Extract<IssuerTarget, { kind: 's3' }>;

/** Why a teardown leaves the whole bucket alone; undefined when it is ours to empty. */
export function whyBucketIsLeft(
  spec: ResolvedSpec,
  target: BucketTarget,
  bucket: ObservedBucket,
): Finding | undefined {
  const name = `s3://${target.bucket}`;
  const left = (id: string, why: string, evidence: string, fix: string): Finding => ({
    id: `teardown-bucket-${id}`,
    severity: 'warning',
    title: `${name} is left as it is, with its documents and its policy: ${why}.`,
    evidence,
    fix,
  });
  const { ownedByAccount, region, tags, unsupported = [] } = bucket;
  const other = tags[ownershipTag];
  if (!ownedByAccount) {
    return left(
      'not-readable',
      'it belongs to another account, or may not be read',
      'HeadBucket answered 403',
      'If it is yours, give the permission to read it and take down again. If it is not, see that no account trusts the issuer any more: whoever has the bucket can mint credentials for all that do.',
    );
  }
  if (region !== undefined && region !== target.region) {
    return left(
      'in-another-region',
      `it is in ${region}`,
      `it is in ${region}, expected ${target.region}`,
      `Take down again with the region ${region}.`,
    );
  }
  if (other !== undefined && other !== spec.name) {
    return left(
      'of-another-issuer',
      `it is the bucket of the issuer ${JSON.stringify(other)}`,
      `${ownershipTag}=${other}`,
      `Take down again with the name ${JSON.stringify(other)}, if that issuer is meant.`,
    );
  }
  if (other === undefined && !unsupported.includes('tags') && !spec.adopt) {
    return left(
      'untagged',
      'nothing says that it is ours',
      `it has no tag ${ownershipTag}=${spec.name}`,
      'If it is this issuer’s, put the tag back or set adopt, and take down again; until then whoever may read its documents still may.',
    );
  }
  return undefined;
}

/** Whether a statement of others lets everybody in, where no Block Public Access overrules it. */
const isOpen = ({ Sid, Effect, Principal, NotPrincipal }: BucketStatement): boolean =>
  Sid !== issuerStatementSid &&
  Effect === 'Allow' &&
  (NotPrincipal !== undefined || isEverybody(Principal as PrincipalElement | undefined));

/**
 * What a teardown leaves behind although it is where the issuer was: a bucket that lost its tag, that is another issuer’s
 * or lies elsewhere, documents without our mark. The plan passes over them, since they may be somebody else's; this says
 * so, from the same facts, before the teardown and after it. The emptied, closed bucket is kept on purpose and no finding.
 *
 * @returns empty when the teardown takes everything, and where `state` is not `absent`
 * @throws {@link PlanError} `ERR_PLAN` for a spec that `planIssuer` refuses too
 * @example
 * ```ts
 * import { checkTeardown } from 'irsa/iam';
 * const left = checkTeardown({
 *   desired: {
 *     name: 'cluster-1',
 *     accountId: '111122223333',
 *     target: { kind: 's3', bucket: 'my-oidc', region: 'eu-west-1', via: 'public' },
 *     documents: [],
 *     state: 'absent',
 *   },
 *   observed: { bucket: { ownedByAccount: true, tags: {}, objects: [] } },
 * });
 * console.log(left.map(({ id }) => id)); // [ 'teardown-bucket-untagged' ]
 * ```
 */
export function checkTeardown(options: {
  readonly desired: IssuerSpec;
  readonly observed: ObservedIssuer;
}): Finding[] {
  const { desired, observed } = options;
  const spec = resolveIssuerSpec(desired);
  const { target } = spec;
  const { bucket } = observed;
  if (desired.state !== 'absent' || target.kind === 'elsewhere' || bucket === undefined) return [];
  const left = whyBucketIsLeft(spec, target, bucket);
  if (left !== undefined) return [left];
  const name = `s3://${target.bucket}`;
  const findings: Finding[] = [];
  const paths = new Set(spec.documents.map(({ path }) => path));
  const unmarked = bucket.objects.filter(({ path, owned }) => !owned && paths.has(path));
  if (unmarked.length > 0) {
    findings.push({
      id: 'teardown-document-unmarked',
      severity: 'warning',
      title: `Documents are left in ${name}: nothing says that we put them there.`,
      evidence: unmarked.map(({ path }) => `${name}/${path}`).join(', '),
      fix: 'Look at them, and delete them by hand if nobody needs them.',
    });
  }
  const closable = bucket.unsupported?.includes('public-access-block') !== true;
  const open = closable ? [] : (bucket.policy?.Statement.filter(isOpen) ?? []);
  if (open.length > 0) {
    findings.push({
      id: 'teardown-bucket-still-open',
      severity: 'warning',
      title: `${name} is not closed: its policy lets everybody in by a statement that is not ours, and the server has no Block Public Access.`,
      evidence: open.map((statement) => JSON.stringify(statement)).join(', '),
      fix: 'Take the statement out of the bucket policy if nobody needs it.',
    });
  }
  return findings;
}
