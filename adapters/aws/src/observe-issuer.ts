import { oidcProviderArn, type IssuerObject, type IssuerSpec, type ObservedIssuer } from 'irsa/iam';
import { createAwsClients } from './create-aws-clients.js';
import { observeBucket, type BucketAddress } from './observe-bucket.js';
import { observeCloudFront, observeServed } from './observe-cloud-front.js';
import { observeDirectory } from './observe-directory.js';
import { observeProvider, observeRoles } from './observe-trust.js';
import type { FetchPublic, IssuerTargetOptions, ObserveOptions } from './types.js';

const platformFetch: FetchPublic = async (url) => {
  const response = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(10_000) });
  return { status: response.status, body: await response.text() };
};

/** The documents at their object keys. */
export const placedDocuments = ({ target, documents }: IssuerSpec): IssuerObject[] => {
  const prefix = target.kind === 's3' ? (target.prefix ?? '') : '';
  return documents.map((document) => ({ ...document, path: prefix + document.path }));
};

/** Which bucket, and which account must own it. */
export const bucketAddress = (options: IssuerTargetOptions): BucketAddress => {
  const { spec, expectedBucketOwner = spec.accountId } = options;
  const Bucket = spec.target.kind === 's3' ? spec.target.bucket : '';
  return expectedBucketOwner === null
    ? { Bucket }
    : { Bucket, ExpectedBucketOwner: expectedBucketOwner };
};

/**
 * Reads what there is of an issuer: bucket, documents, CloudFront, IAM provider, roles. It only reads.
 * Its answer is `observed` of `planIssuer`; the changes of that plan go to `applyIssuerChanges` with the same options.
 *
 * @throws errors of the AWS SDK as they are (missing credentials, access denied, …)
 * @example
 * ```ts no-run
 * import { applyIssuerChanges, observeIssuer } from 'irsa-aws';
 * import { planIssuer, type IssuerSpec } from 'irsa/iam';
 * declare const spec: IssuerSpec;
 * const observed = await observeIssuer({ spec });
 * const changes = planIssuer({ desired: spec, observed });
 * for (const { kind, resource, reason, risk } of changes) console.log(kind, resource, reason, risk);
 * await applyIssuerChanges(changes, { spec, onProgress: ({ change, status }) => console.log(status, change.id) });
 * ```
 */
export async function observeIssuer(options: ObserveOptions): Promise<ObservedIssuer> {
  const { spec, directory, keysInUse } = options;
  const { target, issuer, accountId, partition = 'aws' } = spec;
  const clients = options.clients ?? (await createAwsClients({ spec }));
  const documents = placedDocuments(spec);
  const paths = documents.map(({ path }) => path);
  let observed: ObservedIssuer = keysInUse === undefined ? {} : { keysInUse };
  if (target.kind === 's3') {
    const bucket =
      directory === undefined
        ? await observeBucket(clients.s3, {
            address: bucketAddress(options),
            region: target.region,
            name: spec.name,
            paths,
          })
        : await observeDirectory(directory, spec.name, documents);
    observed = { ...observed, ...(bucket === undefined ? {} : { bucket }) };
  }
  if (target.kind === 's3' && target.via === 'cloudfront') {
    if (clients.cloudFront === undefined)
      throw new TypeError('clients.cloudFront: needed for a target via CloudFront');
    const cloudFront = await observeCloudFront(clients.cloudFront, target);
    observed = { ...observed, cloudFront };
    const fetchPublic = options.fetchPublic === undefined ? platformFetch : options.fetchPublic;
    if (fetchPublic !== null && issuer !== undefined && cloudFront.distribution?.enabled === true) {
      const base = issuer.replace(/\/$/, '');
      const urls = spec.documents.map(({ path }, index) => [
        paths[index] ?? path,
        `${base}/${path}`,
      ]);
      observed = {
        ...observed,
        served: await observeServed(
          fetchPublic,
          Object.fromEntries(urls) as Record<string, string>,
        ),
      };
    }
  }
  if (issuer === undefined) return observed;
  const providerArn = oidcProviderArn({ issuer, accountId, partition });
  const wantsIam = spec.provider !== null || (spec.roles ?? []).length > 0;
  if (!wantsIam) return observed;
  const provider = await observeProvider(clients.iam, providerArn);
  return {
    ...observed,
    ...(provider === undefined ? {} : { provider }),
    roles: await observeRoles(clients.iam, spec, providerArn),
  };
}
