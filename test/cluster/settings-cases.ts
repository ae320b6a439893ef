import { readFileSync } from 'node:fs';
import type { ApiServerSettingsOptions, ApiServerTarget } from 'irsa/cluster';

const fixture = (name: string): string =>
  readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8');

const oidc = 'https://irsa-oidc-demo.s3.us-west-2.amazonaws.com';
const apiAudiences = ['https://kubernetes.default.svc.cluster.local'];

export type SettingsCase = 'one-issuer' | 'change-of-issuer';

/** The settings that the golden files show; made-up keys, used nowhere else. */
export const settingsCases: Record<SettingsCase, ApiServerSettingsOptions> = {
  /** A new cluster: kubeadm's own key files. */
  'one-issuer': {
    issuers: [oidc],
    signingKeyFile: '/etc/kubernetes/pki/sa.key',
    signingKeyPem: fixture('signing.key'),
    verificationKeyFiles: ['/etc/kubernetes/pki/sa.pub'],
    apiAudiences,
  },
  /** A live cluster changes its issuer and its key; the old ones stay accepted. The new issuer sorts after the old one. */
  'change-of-issuer': {
    issuers: [oidc, 'https://kubernetes.default.svc.cluster.local', 'https://a.example.com'],
    signingKeyFile: '/etc/kubernetes/irsa/sa-2.key',
    signingKeyPem: fixture('signing.key'),
    verificationKeyFiles: ['/etc/kubernetes/irsa/sa-2.pub', '/etc/kubernetes/pki/sa.pub'],
    verificationKeyPems: [fixture('previous.pub')],
    apiAudiences,
    jwksUri: `${oidc}/openid/v1/jwks`,
  },
};

export const targets: readonly ApiServerTarget[] = [
  'flags',
  'kubeadm-v1beta3',
  'kubeadm-v1beta4',
  'kubeadm-v1',
  'k3s',
  'rke2',
  'talos',
  'talos-v1alpha1',
  'kops',
  'kind',
  'static-pod-patch',
];

/** What a target cannot express, and what its error says to do instead. */
export const inexpressible: Partial<Record<`${ApiServerTarget}/${SettingsCase}`, RegExp>> = {
  'kubeadm-v1beta3/change-of-issuer': /kubeadm-v1beta4 .* static-pod-patch .* patches folder/,
  'talos-v1alpha1/change-of-issuer': /Upgrade to Talos 1\.14/,
};
