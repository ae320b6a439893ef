import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { KubernetesClient, KubernetesJson } from '../clients/kubernetes-client.js';
import { requestToken } from './request-token.js';

/**
 * Does for one container what the kubelet does: asks for the tokens that the stored pod's projected volumes name, writes them
 * where the container mounts them, and returns the container's environment, to the letter.
 */
export async function playKubelet(
  client: KubernetesClient,
  pod: KubernetesJson,
  containerName: string,
): Promise<Record<string, string>> {
  const { namespace, name, uid } = pod.metadata;
  const container = pod.spec.containers.find((one: KubernetesJson) => one.name === containerName);
  for (const mount of container.volumeMounts ?? []) {
    const volume = pod.spec.volumes.find((one: KubernetesJson) => one.name === mount.name);
    for (const { serviceAccountToken: source } of volume?.projected?.sources ?? []) {
      // The API server's own token is of no use to a client of AWS.
      if (source?.audience === undefined) continue;
      const token = await requestToken(client, {
        namespace,
        serviceAccount: pod.spec.serviceAccountName,
        audiences: [source.audience],
        expirationSeconds: source.expirationSeconds,
        pod: { name, uid },
      });
      writeProjectedFile(join(mount.mountPath, source.path), token);
    }
  }
  const variables: { name: string; value?: string }[] = container.env ?? [];
  return Object.fromEntries(variables.map(({ name: key, value = '' }) => [key, value]));
}

let generation = 0;

/** Writes a file as the kubelet's atomic writer does: behind `..data`, a link that is swapped, so that readers never see half of it. */
export function writeProjectedFile(file: string, content: string): void {
  const folder = dirname(file);
  const name = file.slice(folder.length + 1);
  const version = `..version_${String(generation++)}`;
  mkdirSync(join(folder, version), { recursive: true });
  writeFileSync(join(folder, version, name), content, { mode: 0o644 });
  symlinkSync(version, join(folder, '..data_tmp'));
  renameSync(join(folder, '..data_tmp'), join(folder, '..data'));
  rmSync(file, { force: true });
  symlinkSync(join('..data', name), file);
}
