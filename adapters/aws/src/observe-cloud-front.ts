import { createHash } from 'node:crypto';
import {
  GetDistributionCommand,
  ListCachePoliciesCommand,
  ListDistributionsCommand,
  ListOriginAccessControlsCommand,
  ListTagsForResourceCommand,
} from '@aws-sdk/client-cloudfront';
import {
  buildIssuerDistribution,
  type CachePolicySpec,
  type IssuerTarget,
  type ObservedCloudFront,
  type ObservedDistribution,
  type OriginAccessControlSpec,
} from 'irsa/iam';
import { readDistributionConfig } from './distribution-config.js';
import type { AwsClients, FetchPublic } from './types.js';

type CloudFront = NonNullable<AwsClients['cloudFront']>;
type BucketTarget = Extract<IssuerTarget, { kind: 's3' }>;

/** Goes through all pages of a list until one item is the one looked for. */
const findInPages = async <Item>(
  page: (
    marker: string | undefined,
  ) => Promise<{ items: readonly Item[]; next: string | undefined }>,
  wanted: (item: Item) => boolean,
): Promise<Item | undefined> => {
  let marker: string | undefined;
  do {
    const { items, next } = await page(marker);
    const found = items.find(wanted);
    if (found !== undefined) return found;
    marker = next;
  } while (marker !== undefined && marker !== '');
  return undefined;
};

const observeAccessControl = async (
  cloudFront: CloudFront,
  name: string,
): Promise<ObservedCloudFront['originAccessControl']> => {
  const found = await findInPages(
    async (Marker) => {
      const { OriginAccessControlList: list } = await cloudFront.send(
        new ListOriginAccessControlsCommand({ Marker }),
      );
      return { items: list?.Items ?? [], next: list?.NextMarker };
    },
    ({ Name }) => Name === name,
  );
  if (found === undefined) return undefined;
  return {
    id: found.Id ?? '',
    spec: {
      name,
      description: found.Description ?? '',
      originType: found.OriginAccessControlOriginType as OriginAccessControlSpec['originType'],
      signingBehavior: found.SigningBehavior as OriginAccessControlSpec['signingBehavior'],
      signingProtocol: found.SigningProtocol as OriginAccessControlSpec['signingProtocol'],
    },
  };
};

const observeCachePolicy = async (
  cloudFront: CloudFront,
  name: string,
): Promise<ObservedCloudFront['cachePolicy']> => {
  const found = await findInPages(
    async (Marker) => {
      const { CachePolicyList: list } = await cloudFront.send(
        new ListCachePoliciesCommand({ Type: 'custom', Marker }),
      );
      return { items: list?.Items ?? [], next: list?.NextMarker };
    },
    ({ CachePolicy }) => CachePolicy?.CachePolicyConfig?.Name === name,
  );
  const config = found?.CachePolicy?.CachePolicyConfig;
  if (config === undefined) return undefined;
  const spec: CachePolicySpec = {
    name,
    comment: config.Comment ?? '',
    minTtlSeconds: config.MinTTL ?? 0,
    defaultTtlSeconds: config.DefaultTTL ?? 0,
    maxTtlSeconds: config.MaxTTL ?? 0,
  };
  return { id: found?.CachePolicy?.Id ?? '', spec };
};

const observeDistribution = async (
  cloudFront: CloudFront,
  comment: string,
): Promise<ObservedDistribution | undefined> => {
  const listed = await findInPages(
    async (Marker) => {
      const { DistributionList: list } = await cloudFront.send(
        new ListDistributionsCommand({ Marker }),
      );
      return { items: list?.Items ?? [], next: list?.NextMarker };
    },
    ({ Comment }) => Comment === comment,
  );
  if (listed === undefined) return undefined;
  const { Distribution: found } = await cloudFront.send(
    new GetDistributionCommand({ Id: listed.Id }),
  );
  const config = found?.DistributionConfig;
  if (config === undefined) return undefined;
  const { Tags } = await cloudFront.send(new ListTagsForResourceCommand({ Resource: found?.ARN }));
  return {
    id: found?.Id ?? '',
    arn: found?.ARN ?? '',
    domainName: found?.DomainName ?? '',
    enabled: config.Enabled ?? false,
    tags: Object.fromEntries((Tags?.Items ?? []).map(({ Key, Value }) => [Key ?? '', Value ?? ''])),
    ...readDistributionConfig(config),
  };
};

/** What there is of CloudFront for a bucket: found by name and comment, judged by tags. */
export async function observeCloudFront(
  cloudFront: CloudFront,
  target: BucketTarget,
): Promise<ObservedCloudFront> {
  const { bucket, region } = target;
  const wanted = buildIssuerDistribution({ bucket, region });
  const originAccessControl = await observeAccessControl(
    cloudFront,
    wanted.originAccessControl.name,
  );
  const cachePolicy = await observeCachePolicy(cloudFront, wanted.cachePolicy.name);
  const distribution = await observeDistribution(cloudFront, wanted.distribution.comment);
  return {
    ...(originAccessControl === undefined ? {} : { originAccessControl }),
    ...(cachePolicy === undefined ? {} : { cachePolicy }),
    ...(distribution === undefined ? {} : { distribution }),
  };
}

/** What the public gets at each address; null where it gets nothing. */
export async function observeServed(
  fetchPublic: FetchPublic,
  urls: Readonly<Record<string, string>>,
): Promise<Record<string, string | null>> {
  const entries = Object.entries(urls).map(
    async ([path, url]): Promise<[string, string | null]> => {
      try {
        const { status, body } = await fetchPublic(url);
        return [path, status === 200 ? createHash('sha256').update(body).digest('hex') : null];
      } catch {
        // Not reachable yet (a name that does not resolve, a distribution under way) is nothing served.
        return [path, null];
      }
    },
  );
  return Object.fromEntries(await Promise.all(entries));
}
