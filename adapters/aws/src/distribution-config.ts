import type {
  CacheBehavior,
  CachePolicyConfig,
  DistributionConfig,
  OriginAccessControlConfig,
} from '@aws-sdk/client-cloudfront';
import type {
  CachePolicySpec,
  DistributionSpec,
  OriginAccessControlSpec,
  PlannedDistribution,
} from 'irsa/iam';

const originId = 'issuer';

/** The request of an origin access control. */
export const originAccessControlConfig = (
  spec: OriginAccessControlSpec,
): OriginAccessControlConfig => ({
  Name: spec.name,
  Description: spec.description,
  OriginAccessControlOriginType: spec.originType,
  SigningBehavior: spec.signingBehavior,
  SigningProtocol: spec.signingProtocol,
});

/** Documents depend on nothing but their path: no header, cookie or query is part of the cache key. */
export const cachePolicyConfig = (spec: CachePolicySpec): CachePolicyConfig => ({
  Name: spec.name,
  Comment: spec.comment,
  MinTTL: spec.minTtlSeconds,
  DefaultTTL: spec.defaultTtlSeconds,
  MaxTTL: spec.maxTtlSeconds,
  ParametersInCacheKeyAndForwardedToOrigin: {
    EnableAcceptEncodingGzip: true,
    EnableAcceptEncodingBrotli: true,
    HeadersConfig: { HeaderBehavior: 'none' },
    CookiesConfig: { CookieBehavior: 'none' },
    QueryStringsConfig: { QueryStringBehavior: 'none' },
  },
});

const readOnly = ['GET', 'HEAD'] as const;

const cacheBehavior = ({
  spec,
  cachePolicyId,
}: PlannedDistribution): Omit<CacheBehavior, 'PathPattern'> => ({
  TargetOriginId: originId,
  ViewerProtocolPolicy: spec.viewerProtocolPolicy,
  CachePolicyId: cachePolicyId,
  Compress: true,
  AllowedMethods: {
    Quantity: 2,
    Items: [...readOnly],
    CachedMethods: { Quantity: 2, Items: [...readOnly] },
  },
});

/** The configuration that a spec asks for. */
export function distributionConfig(planned: PlannedDistribution): DistributionConfig {
  const { spec, originAccessControlId, enabled } = planned;
  const { aliases, certificateArn } = spec;
  return {
    CallerReference: spec.callerReference,
    Comment: spec.comment,
    Enabled: enabled,
    PriceClass: spec.priceClass,
    HttpVersion: spec.httpVersion,
    IsIPV6Enabled: spec.ipv6,
    Aliases:
      aliases.length === 0 ? { Quantity: 0 } : { Quantity: aliases.length, Items: [...aliases] },
    Origins: {
      Quantity: 1,
      Items: [
        {
          Id: originId,
          DomainName: spec.originDomainName,
          OriginAccessControlId: originAccessControlId,
          // Empty: the older origin access identity is not used.
          S3OriginConfig: { OriginAccessIdentity: '' },
        },
      ],
    },
    DefaultCacheBehavior: cacheBehavior(planned),
    ViewerCertificate:
      certificateArn === undefined
        ? { CloudFrontDefaultCertificate: true }
        : {
            ACMCertificateArn: certificateArn,
            SSLSupportMethod: 'sni-only',
            MinimumProtocolVersion: spec.minimumProtocolVersion,
          },
  };
}

type Origins = NonNullable<DistributionConfig['Origins']>;

/** Our origin as it should be, with what others have set on it; all other origins as they are. */
const mergeOrigins = (present: Origins | undefined, wanted: Origins | undefined): Origins => {
  const items = present?.Items ?? [];
  const [ours] = wanted?.Items ?? [];
  const merged = items.map((item) => (item.Id === originId ? { ...item, ...ours } : item));
  const Items =
    items.some(({ Id }) => Id === originId) || ours === undefined ? merged : [...merged, ours];
  return { Quantity: Items.length, Items };
};

/** What CloudFront refuses beside a cache policy: the older way to say how long things live. */
const withoutLegacySettings = (
  behavior: DistributionConfig['DefaultCacheBehavior'],
): Partial<NonNullable<DistributionConfig['DefaultCacheBehavior']>> =>
  Object.fromEntries(
    Object.entries(behavior ?? {}).filter(
      ([name]) => !['ForwardedValues', 'MinTTL', 'DefaultTTL', 'MaxTTL'].includes(name),
    ),
  );

/**
 * The same, laid over the configuration that is there: what somebody else has set (logging, a web ACL, further origins and
 * behaviours) stays as it is.
 */
export function mergeDistributionConfig(
  present: DistributionConfig,
  planned: PlannedDistribution,
): DistributionConfig {
  const wanted = distributionConfig(planned);
  return {
    ...present,
    ...wanted,
    CallerReference: present.CallerReference,
    Origins: mergeOrigins(present.Origins, wanted.Origins),
    DefaultCacheBehavior: {
      ...withoutLegacySettings(present.DefaultCacheBehavior),
      ...wanted.DefaultCacheBehavior,
      TargetOriginId: originId,
      ViewerProtocolPolicy: planned.spec.viewerProtocolPolicy,
    },
  };
}

/** Reads our part of a configuration back, for the planner to compare. */
export function readDistributionConfig(config: DistributionConfig): Pick<
  PlannedDistribution,
  'originAccessControlId' | 'cachePolicyId'
> & {
  readonly spec: DistributionSpec;
} {
  const behavior = config.DefaultCacheBehavior;
  // The origin that the public gets to see, whatever others there are.
  const origin = config.Origins?.Items?.find(({ Id }) => Id === behavior?.TargetOriginId);
  const { ACMCertificateArn, MinimumProtocolVersion } = config.ViewerCertificate ?? {};
  const spec = {
    callerReference: config.CallerReference ?? '',
    comment: config.Comment ?? '',
    originDomainName: origin?.DomainName ?? '',
    aliases: [...(config.Aliases?.Items ?? [])].sort(),
    ...(ACMCertificateArn === undefined ? {} : { certificateArn: ACMCertificateArn }),
    viewerProtocolPolicy: behavior?.ViewerProtocolPolicy,
    // CloudFront fixes the version itself for its own certificate.
    minimumProtocolVersion:
      ACMCertificateArn === undefined ? 'TLSv1.2_2021' : MinimumProtocolVersion,
    priceClass: config.PriceClass,
    httpVersion: config.HttpVersion?.toLowerCase(),
    ipv6: config.IsIPV6Enabled,
  };
  return {
    originAccessControlId: origin?.OriginAccessControlId ?? '',
    cachePolicyId: behavior?.CachePolicyId ?? '',
    // What differs from the literal types is exactly what the planner must see as drift.
    spec: spec as unknown as DistributionSpec,
  };
}
