import { ClusterError } from '../errors.js';
import type { ApiServerSettings, ConfigFile, JsonValue } from './types.js';
import { writeYaml } from './write-yaml.js';

/** Talos 1.14 and later: a document of its own for service accounts, in place of whatever was there. */
export function renderTalos(settings: ApiServerSettings): ConfigFile[] {
  const [issuerURL, ...previous] = settings.issuers;
  if (settings.verificationKeyFiles.length > 1 && settings.verificationKeyPems.length === 0) {
    throw new ClusterError(
      'Talos takes keys, not paths: expected verificationKeyPems for the accepted keys besides the signing key’s, got none; pass their PEM to apiServerSettings',
      { path: 'verificationKeyPems', expected: 'public keys as PEM' },
    );
  }
  const notUrl = previous.find((issuer) => !/^https?:\/\//.test(issuer));
  if (notUrl !== undefined) {
    throw new ClusterError(
      `Talos accepts issuers that are http or https URLs only, got ${JSON.stringify(notUrl)}; wait until its last token has ended, then leave it out`,
      { path: 'issuers', actual: notUrl, expected: 'an https URL' },
    );
  }
  const accepted = {
    ...(settings.verificationKeyPems.length === 0
      ? {}
      : { publicKeys: [...settings.verificationKeyPems] }),
    ...(previous.length === 0 ? {} : { issuers: previous }),
    audiences: [...settings.apiAudiences],
  };
  const kind = { apiVersion: 'v1alpha1', kind: 'KubeServiceAccountConfig' };
  const documents: JsonValue[] = [
    // A patch adds to lists: without these two a second run would name every issuer twice, which kube-apiserver refuses.
    { cluster: { serviceAccount: { $patch: 'delete' } } },
    { ...kind, $patch: 'delete' },
    {
      ...kind,
      issuer: { privateKey: signingKey(settings), issuerURL },
      accepted,
    },
    ...(settings.jwksUri === undefined
      ? []
      : [
          {
            apiVersion: 'v1alpha1',
            kind: 'KubeAPIServerConfig',
            extraArgs: { 'service-account-jwks-uri': settings.jwksUri },
          },
        ]),
  ];
  const file = talosFile(documents, settings);
  const note =
    'jwksUri goes into KubeAPIServerConfig, which a machine configuration from before Talos 1.14 does not have (cluster.apiServer stands there): on such a node leave jwksUri out, or migrate the configuration first.';
  return [settings.jwksUri === undefined ? file : { ...file, notes: [note, ...file.notes] }];
}

/** Talos before 1.14: one key, and one issuer that replaces Talos' own. */
export function renderTalosV1Alpha1(settings: ApiServerSettings): ConfigFile[] {
  if (settings.issuers.length > 1) {
    throw new ClusterError(
      'Talos before 1.14 cannot express several issuers with the right one first: 1.12 and older take one value, 1.13 puts its own endpoint in front (siderolabs/talos#13210). Upgrade to Talos 1.14 and render for talos.',
      { path: 'issuers', expected: 'one issuer' },
    );
  }
  if (settings.verificationKeyFiles.length > 1 || settings.verificationKeyPems.length > 0) {
    throw new ClusterError(
      'Talos before 1.14 accepts tokens of its one signing key only, so a key cannot be rotated without refusing live tokens. Upgrade to Talos 1.14 and render for talos.',
      { path: 'verificationKeyFiles', expected: 'one key' },
    );
  }
  const document = {
    cluster: {
      serviceAccount: { key: btoa(signingKey(settings)) },
      apiServer: {
        extraArgs: {
          'service-account-issuer': settings.issuers[0],
          'api-audiences': settings.apiAudiences.join(','),
          ...(settings.jwksUri === undefined
            ? {}
            : { 'service-account-jwks-uri': settings.jwksUri }),
        },
      },
    },
  };
  const file = talosFile([document], settings);
  const note =
    'Talos 1.12 and older only: 1.13 puts its own endpoint before this issuer, which then does not sign (siderolabs/talos#13210).';
  // Their certificate library knew PKCS#1 and SEC1 only.
  const old = signingKey(settings).includes('-----BEGIN PRIVATE KEY-----')
    ? [
        'Talos 1.10 and older does not read PKCS#8: convert the key first (openssl pkey -traditional -in KEY -out KEY.pem).',
      ]
    : [];
  return [{ ...file, notes: [note, ...old, ...file.notes] }];
}

const talosFile = (documents: readonly JsonValue[], settings: ApiServerSettings): ConfigFile => ({
  path: 'talos-irsa-patch.yaml',
  content: writeYaml(...documents),
  notes: [
    'It holds the private key: keep it as safe as the machine configuration. Apply with talosctl patch machineconfig --patch @FILE to every control-plane node; Talos gives the same key to kube-controller-manager.',
    ...settings.notes,
  ],
});

function signingKey({ signingKeyPem }: ApiServerSettings): string {
  if (signingKeyPem !== undefined) return signingKeyPem;
  throw new ClusterError(
    'Talos takes the signing key, not its path: expected signingKeyPem, got none; pass the private key’s PEM to apiServerSettings',
    { path: 'signingKeyPem', expected: 'a private key as PEM' },
  );
}
