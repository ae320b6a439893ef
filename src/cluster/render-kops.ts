import { ClusterError } from '../errors.js';
import type { ApiServerSettings, ConfigFile } from './types.js';
import { writeYaml } from './write-yaml.js';

/**
 * A part of the kOps cluster specification. kOps gives API server and kube-controller-manager the keys of a key set of its own and overwrites the
 * JWKS address, so neither is written: fields that are ignored would only look as if they worked.
 */
export function renderKops(settings: ApiServerSettings): ConfigFile[] {
  const [serviceAccountIssuer, ...additionalServiceAccountIssuers] = settings.issuers;
  const jwksUri = `${serviceAccountIssuer}/openid/v1/jwks`;
  if (settings.jwksUri !== undefined && settings.jwksUri !== jwksUri) {
    throw new ClusterError(
      `kOps always names the JWKS ${jwksUri}, expected no other, got ${settings.jwksUri}; publish the JWKS there (jwksPath: 'openid/v1/jwks') and leave jwksUri out`,
      { path: 'jwksUri', expected: jwksUri, actual: settings.jwksUri },
    );
  }
  const document = {
    spec: {
      kubeAPIServer: {
        apiAudiences: [...settings.apiAudiences],
        serviceAccountIssuer,
        ...(additionalServiceAccountIssuers.length === 0
          ? {}
          : { additionalServiceAccountIssuers }),
      },
    },
  };
  return [
    {
      path: 'kops-cluster-patch.yaml',
      content: writeYaml(document),
      notes: [
        'Merge it into the specification with kops edit cluster, then kops update cluster --yes and kops rolling-update cluster. Several issuers need kOps 1.28.5 or later.',
        `The key files are not in it: kOps hands out the key set service-account. Add your key with kops create keypair service-account --key FILE (${settings.signingKeyFile}), roll the control plane, then kops promote keypair service-account; it accepts every key of the set. Or publish the key that kOps has made: kops get keypairs service-account -o json.`,
        ...settings.notes,
      ],
    },
  ];
}
