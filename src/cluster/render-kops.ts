import type { ApiServerSettings, ConfigFile } from './types.js';
import { writeYaml } from './write-yaml.js';

/** A part of the kOps cluster specification. */
export function renderKops(settings: ApiServerSettings): ConfigFile[] {
  const [serviceAccountIssuer, ...additionalServiceAccountIssuers] = settings.issuers;
  const document = {
    spec: {
      kubeAPIServer: {
        apiAudiences: [...settings.apiAudiences],
        serviceAccountIssuer,
        ...(additionalServiceAccountIssuers.length === 0
          ? {}
          : { additionalServiceAccountIssuers }),
        ...(settings.jwksUri === undefined ? {} : { serviceAccountJWKSURI: settings.jwksUri }),
        serviceAccountKeyFile: [...settings.verificationKeyFiles],
        serviceAccountSigningKeyFile: settings.signingKeyFile,
      },
      kubeControllerManager: { serviceAccountPrivateKeyFile: settings.signingKeyFile },
    },
  };
  return [
    {
      path: 'kops-cluster-patch.yaml',
      content: writeYaml(document),
      notes: [
        'Merge it into the specification with kops edit cluster, then kops update cluster --yes and kops rolling-update cluster. Several issuers need kOps 1.28.5 or later.',
        'kOps manages a key set of its own; name these files only if you bring the keys to the nodes yourself (fileAssets).',
        ...settings.notes,
      ],
    },
  ];
}
