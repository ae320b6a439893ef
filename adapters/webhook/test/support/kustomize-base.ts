import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { webhookManifests, type KubernetesObject } from 'irsa/cluster';
import { parseAllDocuments } from 'yaml';

export const baseFolder: URL = new URL('../../kustomize/base/', import.meta.url);

/** What the base is written from. */
export const baseManifests: readonly KubernetesObject[] = webhookManifests({
  namespace: 'irsa-system',
  image: 'irsa-webhook:0.1.0',
  certificates: 'self-managed',
});

/** On the path, or where controller tests keep theirs. */
export function findKubectl(): string | undefined {
  return ['kubectl', `${process.env['KUBEBUILDER_ASSETS'] ?? '/nowhere'}/kubectl`].find(
    (command) => spawnSync(command, ['kustomize', '--help']).status === 0,
  );
}

/** The objects that `kubectl kustomize` makes of the base, in the order of {@link baseManifests}. */
export function render(kubectl: string): unknown[] {
  const { status, stdout, stderr } = spawnSync(kubectl, ['kustomize', fileURLToPath(baseFolder)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  const rendered = parseAllDocuments(stdout).map((document) => document.toJS() as KubernetesObject);
  const place = ({ kind, metadata }: KubernetesObject): number =>
    baseManifests.findIndex((one) => one.kind === kind && one.metadata.name === metadata.name);
  return rendered.sort((a, b) => place(a) - place(b));
}
