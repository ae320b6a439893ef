import { argsList, argsMap, extraVolumes, keyFolders, pkiFolder } from './render-kubeadm.js';
import type { ApiServerSettings, ConfigFile, Flag, JsonValue } from './types.js';
import { writeYaml } from './write-yaml.js';

/**
 * A kind cluster. Its kubeadm configuration is v1beta4 from Kubernetes 1.36 on and v1beta3 before, so both are patched where v1beta3 can express it;
 * JSON patches keep kind's own arguments, which a merge patch would drop with the list.
 */
export function renderKind(settings: ApiServerSettings): ConfigFile[] {
  const both = settings.issuers.length === 1 && settings.verificationKeyFiles.length === 1;
  const { signingKeyFile, verificationKeyFiles } = settings;
  // kubeadm writes sa.pub itself unless it finds sa.key beside it: a read-only mount there would stop it.
  const isKubeadms = (file: string): boolean =>
    file === `${pkiFolder}/sa.pub` && signingKeyFile !== `${pkiFolder}/sa.key`;
  const ownKey = verificationKeyFiles.some(isKubeadms);
  const files = [signingKeyFile, ...verificationKeyFiles.filter((file) => !isKubeadms(file))];
  const patch = (version: string, operations: JsonValue[]): JsonValue => ({
    group: 'kubeadm.k8s.io',
    version,
    kind: 'ClusterConfiguration',
    patch: writeYaml(operations),
  });
  const document = {
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    nodes: [
      {
        role: 'control-plane',
        // File by file: a mounted folder would hide what kubeadm writes beside the keys.
        extraMounts: files.map((file) => ({
          hostPath: `./keys/${file.slice(file.lastIndexOf('/') + 1)}`,
          containerPath: file,
          readOnly: true,
        })),
        kubeadmConfigPatchesJSON6902: [
          ...(both ? [patch('v1beta3', operations(settings, mapOperations))] : []),
          patch('v1beta4', operations(settings, listOperations)),
        ],
      },
    ],
  };
  return [
    {
      path: 'kind.yaml',
      content: writeYaml(document),
      notes: [
        'kind create cluster --config kind.yaml, beside a folder keys with the key files.',
        ...(both
          ? []
          : ['Several issuers or key files need a node image of Kubernetes 1.36 or later.']),
        ...(ownKey
          ? [
              `${pkiFolder}/sa.pub is the key that kubeadm makes with the cluster; to accept an earlier key, put it at another path.`,
            ]
          : []),
        ...settings.notes,
      ],
    },
  ];
}

type ToOperations = (component: string, flags: readonly Flag[]) => JsonValue[];

const add = (path: string, value: JsonValue): JsonValue => ({ op: 'add', path, value });

const listOperations: ToOperations = (component, flags) =>
  argsList(flags).map((argument) => add(`/${component}/extraArgs/-`, argument));

const mapOperations: ToOperations = (component, flags) =>
  Object.entries(argsMap(flags)).map(([name, value]) =>
    add(`/${component}/extraArgs/${name}`, value),
  );

function operations(settings: ApiServerSettings, toOperations: ToOperations): JsonValue[] {
  const volumes = (component: string, files: readonly string[]): JsonValue[] =>
    keyFolders(files).length === 0
      ? []
      : [add(`/${component}/extraVolumes`, extraVolumes(files).extraVolumes ?? [])];
  return [
    ...toOperations('apiServer', settings.apiServerFlags),
    ...volumes('apiServer', [settings.signingKeyFile, ...settings.verificationKeyFiles]),
    ...toOperations('controllerManager', settings.controllerManagerFlags),
    ...volumes('controllerManager', [settings.signingKeyFile]),
  ];
}
