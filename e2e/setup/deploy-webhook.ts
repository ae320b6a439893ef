import { manifestsToYaml } from 'irsa/cluster';
import type { KubernetesObject } from 'irsa/cluster';
import type { ApiServer } from '../environment/start-api-server.js';
import type { World } from '../environment/world.js';
import { runKubectl } from './run-irsa.js';

/** Applies objects with kubectl. */
export const applyAll = (
  world: World,
  api: ApiServer,
  manifests: readonly KubernetesObject[],
): Promise<string> =>
  runKubectl(
    world,
    api.kubeconfig,
    ['apply', '--server-side', '-f', '-'],
    manifestsToYaml(manifests),
  );

/**
 * Applies the webhook's manifests with kubectl and returns the arguments of the Deployment's container. No cluster network leads to
 * its Service here, so the webhook configuration names the Service's host by URL; everything else is applied as it is.
 */
export async function deployWebhook(
  world: World,
  api: ApiServer,
  manifests: readonly KubernetesObject[],
  url: string,
): Promise<readonly string[]> {
  await applyAll(
    world,
    api,
    manifests.map((manifest) => byUrl(manifest, url)),
  );
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- the Deployment is read as the JSON that it is
  const deployment = manifests.find(({ kind }) => kind === 'Deployment') as any;
  return deployment.spec.template.spec.containers[0].args as string[];
}

function byUrl(configuration: KubernetesObject, url: string): KubernetesObject {
  if (configuration.kind !== 'MutatingWebhookConfiguration') return configuration;
  const copy = structuredClone(configuration) as KubernetesObject & {
    webhooks: { clientConfig: { service?: unknown; url?: string } }[];
  };
  for (const { clientConfig } of copy.webhooks) {
    delete clientConfig.service;
    clientConfig.url = url;
  }
  return copy;
}
