import {
  CreateCachePolicyCommand,
  CreateDistributionWithTagsCommand,
  CreateInvalidationCommand,
  CreateOriginAccessControlCommand,
  DeleteCachePolicyCommand,
  DeleteDistributionCommand,
  DeleteOriginAccessControlCommand,
  GetCachePolicyCommand,
  GetDistributionCommand,
  GetDistributionConfigCommand,
  GetOriginAccessControlCommand,
  UpdateCachePolicyCommand,
  UpdateDistributionCommand,
} from '@aws-sdk/client-cloudfront';
import type { IssuerChange } from 'irsa/iam';
import { orMissing, readAwsError } from './aws-error.js';
import {
  cachePolicyConfig,
  distributionConfig,
  mergeDistributionConfig,
  originAccessControlConfig,
} from './distribution-config.js';
import { staleError } from './issuer-change-error.js';
import type { PendingIds } from './resolve-pending.js';
import type { AwsClients } from './types.js';

/** Everything that concerns CloudFront. */
export type CloudFrontChange = Extract<
  IssuerChange,
  {
    readonly kind:
      `${string}-distribution` | `${string}-cache-policy` | `${string}-origin-access-control`;
  }
>;

type CloudFront = NonNullable<AwsClients['cloudFront']>;

const disable = async (cloudFront: CloudFront, Id: string): Promise<void> => {
  const { ETag, DistributionConfig: config } = await cloudFront.send(
    new GetDistributionConfigCommand({ Id }),
  );
  if (config?.Enabled !== true) return;
  await cloudFront.send(
    new UpdateDistributionCommand({
      Id,
      IfMatch: ETag,
      DistributionConfig: { ...config, Enabled: false },
    }),
  );
};

/** CloudFront deletes a distribution only once every edge has forgotten it. */
const deleteWhenDeployed = async (
  cloudFront: CloudFront,
  Id: string,
  wait: () => Promise<void>,
): Promise<void> => {
  for (;;) {
    const found = await orMissing(
      cloudFront.send(new GetDistributionCommand({ Id })),
      'NoSuchDistribution',
    );
    if (found === undefined) return;
    if (found.Distribution?.Status === 'Deployed') {
      await cloudFront.send(new DeleteDistributionCommand({ Id, IfMatch: found.ETag }));
      return;
    }
    await wait();
  }
};

/** Somebody made the same thing since it was observed, or the answer to our own first attempt was lost: look again. */
const createOnce = async <Answer>(what: string, request: Promise<Answer>): Promise<Answer> => {
  try {
    return await request;
  } catch (error) {
    if (readAwsError(error).name.endsWith('AlreadyExists')) throw staleError(what);
    throw error;
  }
};

/** Makes one change in CloudFront; answers the identifiers that later changes refer to. */
export async function applyCloudFrontChange(
  change: CloudFrontChange,
  cloudFront: CloudFront,
  wait: () => Promise<void>,
): Promise<PendingIds> {
  switch (change.kind) {
    case 'create-origin-access-control': {
      if (change.after === undefined) return {};
      const { OriginAccessControl } = await createOnce(
        change.resource,
        cloudFront.send(
          new CreateOriginAccessControlCommand({
            OriginAccessControlConfig: originAccessControlConfig(change.after),
          }),
        ),
      );
      return { originAccessControlId: OriginAccessControl?.Id };
    }
    case 'create-cache-policy': {
      if (change.after === undefined) return {};
      const { CachePolicy } = await createOnce(
        change.resource,
        cloudFront.send(
          new CreateCachePolicyCommand({ CachePolicyConfig: cachePolicyConfig(change.after) }),
        ),
      );
      return { cachePolicyId: CachePolicy?.Id };
    }
    case 'update-cache-policy': {
      if (change.after === undefined) return {};
      const { id: Id } = change.after;
      const { ETag } = await cloudFront.send(new GetCachePolicyCommand({ Id }));
      await cloudFront.send(
        new UpdateCachePolicyCommand({
          Id,
          IfMatch: ETag,
          CachePolicyConfig: cachePolicyConfig(change.after),
        }),
      );
      return {};
    }
    case 'create-distribution': {
      if (change.after === undefined) return {};
      const Items = Object.entries(change.after.tags).map(([Key, Value]) => ({ Key, Value }));
      const { Distribution } = await createOnce(
        change.resource,
        cloudFront.send(
          new CreateDistributionWithTagsCommand({
            DistributionConfigWithTags: {
              DistributionConfig: distributionConfig(change.after),
              Tags: { Items },
            },
          }),
        ),
      );
      return { distributionArn: Distribution?.ARN };
    }
    case 'update-distribution': {
      if (change.after === undefined) return {};
      const { id: Id } = change.after;
      const { ETag, DistributionConfig: present } = await cloudFront.send(
        new GetDistributionConfigCommand({ Id }),
      );
      const merged =
        present === undefined
          ? distributionConfig(change.after)
          : mergeDistributionConfig(present, change.after);
      await cloudFront.send(
        new UpdateDistributionCommand({ Id, IfMatch: ETag, DistributionConfig: merged }),
      );
      return {};
    }
    case 'invalidate-distribution': {
      const { id, paths = [] } = change.after ?? {};
      await cloudFront.send(
        new CreateInvalidationCommand({
          DistributionId: id,
          InvalidationBatch: {
            // Unique for each invalidation: a repeated reference would be answered with the old one.
            CallerReference: `irsa-${String(Date.now())}`,
            Paths: { Quantity: paths.length, Items: [...paths] },
          },
        }),
      );
      return {};
    }
    case 'disable-distribution':
      await disable(cloudFront, change.resource);
      return {};
    case 'delete-distribution':
      await deleteWhenDeployed(cloudFront, change.resource, wait);
      return {};
    case 'delete-cache-policy': {
      const { id: Id } = change.before ?? {};
      const found = await orMissing(
        cloudFront.send(new GetCachePolicyCommand({ Id })),
        'NoSuchCachePolicy',
      );
      if (found !== undefined)
        await cloudFront.send(new DeleteCachePolicyCommand({ Id, IfMatch: found.ETag }));
      return {};
    }
    case 'delete-origin-access-control': {
      const { id: Id } = change.before ?? {};
      const found = await orMissing(
        cloudFront.send(new GetOriginAccessControlCommand({ Id })),
        'NoSuchOriginAccessControl',
      );
      if (found !== undefined)
        await cloudFront.send(new DeleteOriginAccessControlCommand({ Id, IfMatch: found.ETag }));
      return {};
    }
  }
}
