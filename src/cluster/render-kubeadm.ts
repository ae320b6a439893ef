import { ClusterError } from '../errors.js';
import type { ApiServerSettings, ConfigFile, Flag, JsonValue } from './types.js';
import { writeYaml } from './write-yaml.js';

/** The folder that kubeadm mounts into the control plane's pods by itself. */
export const pkiFolder = '/etc/kubernetes/pki';

/** A ClusterConfiguration to merge into the cluster's own. */
export function renderKubeadm(
  settings: ApiServerSettings,
  target: 'kubeadm-v1beta3' | 'kubeadm-v1beta4' | 'kubeadm-v1',
): ConfigFile[] {
  const extraArgs = target === 'kubeadm-v1beta3' ? argsMap : argsList;
  const apiServerVolumes = extraVolumes([
    settings.signingKeyFile,
    ...settings.verificationKeyFiles,
  ]);
  const controllerManagerVolumes = extraVolumes([settings.signingKeyFile]);
  const document = {
    apiVersion: `kubeadm.k8s.io/${target.slice('kubeadm-'.length)}`,
    kind: 'ClusterConfiguration',
    apiServer: { extraArgs: extraArgs(settings.apiServerFlags), ...apiServerVolumes },
    controllerManager: {
      extraArgs: extraArgs(settings.controllerManagerFlags),
      ...controllerManagerVolumes,
    },
  };
  return [
    {
      path: 'kubeadm-config.yaml',
      content: writeYaml(document),
      notes: notesFor(settings, target),
    },
  ];
}

/** v1beta4 and v1: a list that may repeat a name. No `mergeMethod`: kubeadm would glue the value to its default as text, while without one it replaces its default by these, in this order. */
export const argsList = (flags: readonly Flag[]): JsonValue[] =>
  flags.map(({ name, value }) => ({ name, value }));

/** v1beta3: a map, in which nothing can stand twice. */
export function argsMap(flags: readonly Flag[]): Record<string, string> {
  const map: Record<string, string> = {};
  for (const { name, value } of flags) {
    if (map[name] !== undefined) {
      throw new ClusterError(
        name === 'service-account-issuer'
          ? 'kubeadm v1beta3 cannot express several issuers: its extraArgs hold each flag once. Use kubeadm-v1beta4 (kubeadm 1.31 and later), or render the first issuer here and the whole list with static-pod-patch for kubeadm’s patches folder.'
          : `kubeadm v1beta3 cannot express --${name} twice: its extraArgs hold each flag once. Put all public keys into one file (it may have several PEM blocks), or use kubeadm-v1beta4 (kubeadm 1.31 and later).`,
        { path: name, expected: 'each flag once' },
      );
    }
    map[name] = value;
  }
  return map;
}

/** Mounts for key files outside of kubeadm's own folder. */
export function extraVolumes(files: readonly string[]): { extraVolumes?: JsonValue[] } {
  const volumes = keyFolders(files).map((folder, index) => ({
    name: `service-account-keys${index === 0 ? '' : `-${index + 1}`}`,
    hostPath: folder,
    mountPath: folder,
    readOnly: true,
    pathType: 'Directory',
  }));
  return volumes.length === 0 ? {} : { extraVolumes: volumes };
}

/** The folders of the files that kubeadm does not mount by itself. */
export function keyFolders(files: readonly string[]): string[] {
  const folders = files.map((file) => file.slice(0, file.lastIndexOf('/')) || '/');
  return [...new Set(folders)].filter(
    (folder) => folder !== pkiFolder && !folder.startsWith(`${pkiFolder}/`),
  );
}

function notesFor(settings: ApiServerSettings, target: string): string[] {
  const several = settings.issuers.length > 1;
  return [
    'Merge it into the ClusterConfiguration of the cluster (kubectl -n kube-system get cm kubeadm-config), then on each control-plane node: kubeadm init phase control-plane all --config FILE.',
    ...(target === 'kubeadm-v1beta4' && several
      ? [
          'kubeadm releases before February 2026 (1.32 to 1.35) sort the issuers, so that another one may sign (kubernetes/kubeadm#3261): update kubeadm first, or use static-pod-patch.',
        ]
      : []),
    ...(target === 'kubeadm-v1'
      ? ['kubeadm 1.37 takes v1 only with --allow-experimental-api.']
      : []),
    ...settings.notes,
  ];
}
