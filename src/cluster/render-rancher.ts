import { pkiFolder } from './render-kubeadm.js';
import type { ApiServerSettings, ConfigFile, Flag } from './types.js';
import { writeYaml } from './write-yaml.js';

/**
 * A drop-in for k3s and RKE2. `+` adds to the arguments that other files have; without it this list would replace theirs.
 * k3s runs the API server in its own process; RKE2 mounts every file that an argument names into the static pod.
 */
const dropIn = (settings: ApiServerSettings): string => {
  const args = (flags: readonly Flag[]): string[] =>
    flags.map(({ name, value }) => `${name}=${value}`);
  return writeYaml({
    'kube-apiserver-arg+': args(settings.apiServerFlags),
    'kube-controller-manager-arg+': args(settings.controllerManagerFlags),
  });
};

const ownArguments =
  'Take arguments of the same names out of config.yaml and other drop-ins: the first issuer signs, and arguments are collected in the order of the files.';

/** Neither has kubeadm's folder, which is where many settings point. */
const ownKeys = (settings: ApiServerSettings, data: string): string[] =>
  [settings.signingKeyFile, ...settings.verificationKeyFiles].some((file) =>
    file.startsWith(`${pkiFolder}/`),
  )
    ? [
        `${pkiFolder} is kubeadm’s: put the key files there yourself, or name this distribution’s own: ${data}/server/tls/service.current.key signs, and the keys in ${data}/server/tls/service.key are accepted.`,
      ]
    : [];

export function renderK3s(settings: ApiServerSettings): ConfigFile[] {
  return [
    {
      path: '/etc/rancher/k3s/config.yaml.d/irsa.yaml',
      content: dropIn(settings),
      notes: [
        'On every server node; then systemctl restart k3s, one node at a time. Releases before 1.24 keep only the last of a repeated argument.',
        ownArguments,
        ...ownKeys(settings, '/var/lib/rancher/k3s'),
        ...settings.notes,
      ],
    },
  ];
}

export function renderRke2(settings: ApiServerSettings): ConfigFile[] {
  return [
    {
      path: '/etc/rancher/rke2/config.yaml.d/irsa.yaml',
      content: dropIn(settings),
      notes: [
        'On every server node; then systemctl restart rke2-server, one node at a time. The key files have to be there before: RKE2 mounts those that exist when it starts.',
        ownArguments,
        ...ownKeys(settings, '/var/lib/rancher/rke2'),
        ...settings.notes,
      ],
    },
  ];
}
