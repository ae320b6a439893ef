import { keyFolders } from './render-kubeadm.js';
import type { ApiServerSettings, ConfigFile, Flag } from './types.js';
import { writeYaml } from './write-yaml.js';

const args = (flags: readonly Flag[]): string[] =>
  flags.map(({ name, value }) => `${name}=${value}`);

/** A drop-in for k3s; its API server runs in the k3s process and sees the host's files. */
export function renderK3s(settings: ApiServerSettings): ConfigFile[] {
  return [
    {
      path: '/etc/rancher/k3s/config.yaml.d/irsa.yaml',
      content: writeYaml({
        'kube-apiserver-arg': args(settings.apiServerFlags),
        'kube-controller-manager-arg': args(settings.controllerManagerFlags),
      }),
      notes: [
        'On every server node; then systemctl restart k3s, one node at a time. Releases before 1.24 keep only the last of a repeated argument.',
        ...settings.notes,
      ],
    },
  ];
}

/** A drop-in for RKE2; its API server is a static pod, so the key folders are mounted. */
export function renderRke2(settings: ApiServerSettings): ConfigFile[] {
  const mounts = (files: readonly string[]): string[] =>
    keyFolders(files).map((folder) => `${folder}:${folder}:ro`);
  return [
    {
      path: '/etc/rancher/rke2/config.yaml.d/irsa.yaml',
      content: writeYaml({
        'kube-apiserver-arg': args(settings.apiServerFlags),
        'kube-apiserver-extra-mount': mounts([
          settings.signingKeyFile,
          ...settings.verificationKeyFiles,
        ]),
        'kube-controller-manager-arg': args(settings.controllerManagerFlags),
        'kube-controller-manager-extra-mount': mounts([settings.signingKeyFile]),
      }),
      notes: [
        'On every server node; then systemctl restart rke2-server, one node at a time.',
        ...settings.notes,
      ],
    },
  ];
}
