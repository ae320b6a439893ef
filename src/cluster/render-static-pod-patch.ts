import { keyFolders } from './render-kubeadm.js';
import type { ApiServerSettings, ConfigFile, Flag, JsonValue } from './types.js';
import { writeYaml } from './write-yaml.js';

/**
 * JSON patches for kubeadm's `patches` folder. The manifest that they meet has an issuer already, and the first on the command line signs: so the others go
 * in front of it, unless it is the one that signs.
 */
export function renderStaticPodPatch(
  settings: ApiServerSettings,
  manifestIssuer = 'https://kubernetes.default.svc.cluster.local',
): ConfigFile[] {
  const command = '/spec/containers/0/command';
  const append = (name: string, value: string): JsonValue => ({
    op: 'add',
    path: `${command}/-`,
    value: `--${name}=${value}`,
  });
  const missing = settings.issuers.filter((issuer) => issuer !== manifestIssuer);
  const keepsSigner = settings.issuers[0] === manifestIssuer;
  const issuers = keepsSigner
    ? missing.map((issuer) => append('service-account-issuer', issuer))
    : // Each goes to the place right after the program's name, so the one that signs comes last here.
      missing.reverse().map((issuer) => ({
        op: 'add',
        path: `${command}/1`,
        value: `--service-account-issuer=${issuer}`,
      }));
  const others = missingIn(manifestFlags, settings.apiServerFlags).filter(
    ({ name }) => name !== 'service-account-issuer',
  );
  const apiServer = [
    ...issuers,
    ...others.map(({ name, value }) => append(name, value)),
    ...mounts([settings.signingKeyFile, ...settings.verificationKeyFiles]),
  ];
  const controllerManager = [
    ...missingIn(manifestFlags, settings.controllerManagerFlags).map(({ name, value }) =>
      append(name, value),
    ),
    ...mounts([settings.signingKeyFile]),
  ];
  const notes = [
    'Put them into the folder that patches.directory names (kubeadm 1.22 and later), then run kubeadm init phase control-plane all or kubeadm upgrade.',
    `The issuer that the manifest has already, ${manifestIssuer}, stays accepted.`,
    ...settings.notes,
  ];
  return [
    { path: 'kube-apiserver+json.yaml', operations: apiServer },
    { path: 'kube-controller-manager+json.yaml', operations: controllerManager },
  ]
    .filter(({ operations }) => operations.length > 0)
    .map(({ path, operations }) => ({ path, content: writeYaml(operations), notes }));
}

/** What kubeadm's manifests say already; a key file given twice would be published twice. */
const manifestFlags: readonly Flag[] = [
  { name: 'service-account-key-file', value: '/etc/kubernetes/pki/sa.pub' },
  { name: 'service-account-signing-key-file', value: '/etc/kubernetes/pki/sa.key' },
  { name: 'service-account-private-key-file', value: '/etc/kubernetes/pki/sa.key' },
];

const missingIn = (present: readonly Flag[], wanted: readonly Flag[]): Flag[] =>
  wanted.filter(
    (flag) => !present.some(({ name, value }) => name === flag.name && value === flag.value),
  );

function mounts(files: readonly string[]): JsonValue[] {
  return keyFolders(files).flatMap((folder, index) => {
    const name = `service-account-keys${index === 0 ? '' : `-${index + 1}`}`;
    return [
      {
        op: 'add',
        path: '/spec/volumes/-',
        value: { name, hostPath: { path: folder, type: 'Directory' } },
      },
      {
        op: 'add',
        path: '/spec/containers/0/volumeMounts/-',
        value: { name, mountPath: folder, readOnly: true },
      },
    ];
  });
}
