import { matchWildcard, patternOf } from '../iam/match-wildcard.js';
import type { FindingId } from './finding-catalogue.js';
import { isJsonObject, jsonText, listMember, readJson, textMember } from './read-json.js';
import type { BucketFact } from './types.js';

/** Why a bucket keeps strangers out; undefined where its settings do not tell. */
export function explainForbidden(
  bucket: BucketFact | undefined,
  url: string,
): { readonly id: FindingId; readonly evidence: string } | undefined {
  if (!isJsonObject(bucket)) return undefined;
  const { accountPublicAccessBlock, publicAccessBlock, policy, name } = bucket as BucketFact;
  if (accountPublicAccessBlock?.restrictPublicBuckets === true)
    return {
      id: 'issuer-account-public-access-block',
      evidence: `the account’s block: ${jsonText(accountPublicAccessBlock)}`,
    };
  const blocked = {
    id: 'issuer-public-access-block' as const,
    evidence: `bucket ${name}: ${jsonText(publicAccessBlock)}`,
  };
  if (publicAccessBlock?.restrictPublicBuckets === true) return blocked;
  if (policy === undefined || allowsStrangers(policy, name, url)) return undefined;
  if (accountPublicAccessBlock?.blockPublicPolicy === true)
    return {
      id: 'issuer-account-public-access-block',
      evidence: `bucket ${name} has no public policy, and the account’s block forbids one: ${jsonText(accountPublicAccessBlock)}`,
    };
  if (publicAccessBlock?.blockPublicPolicy === true) return blocked;
  return {
    id: 'issuer-bucket-policy',
    evidence:
      policy === null
        ? `bucket ${name} has no policy`
        : `no statement of bucket ${name}’s policy lets everybody s3:GetObject ${url}`,
  };
}

const listed = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

/** Whether a statement lets everybody read the object that the URL names. */
function allowsStrangers(policy: unknown, bucket: string, url: string): boolean {
  const document = readJson(policy);
  const statements = isJsonObject(document) ? listed(document['Statement']) : [];
  const path = url.replace(/^https:\/\/[^/]+\//, '').replace(`${bucket}/`, '');
  return statements.some(
    (statement) =>
      textMember(statement, 'Effect') === 'Allow' &&
      isJsonObject(statement) &&
      principals(statement['Principal']).includes('*') &&
      listed(statement['Action']).some((action) => matches(action, 's3:GetObject')) &&
      listed(statement['Resource']).some(
        (resource) =>
          typeof resource === 'string' &&
          matches(resource.replace(/^arn:[^:]+:s3:::/, ''), `${bucket}/${path}`),
      ),
  );
}

const principals = (principal: unknown): readonly unknown[] =>
  isJsonObject(principal)
    ? [...listed(principal['AWS']), ...listMember(principal, 'AWS')]
    : listed(principal);

const matches = (pattern: unknown, text: string): boolean =>
  typeof pattern === 'string' && matchWildcard(patternOf(pattern), text);
