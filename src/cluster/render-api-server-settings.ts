import { renderFlags } from './render-flags.js';
import { renderKind } from './render-kind.js';
import { renderKops } from './render-kops.js';
import { renderKubeadm } from './render-kubeadm.js';
import { renderK3s, renderRke2 } from './render-rancher.js';
import { renderStaticPodPatch } from './render-static-pod-patch.js';
import { renderTalos, renderTalosV1Alpha1 } from './render-talos.js';
import type { ApiServerSettings, ApiServerTarget, ConfigFile } from './types.js';

/** What {@link renderApiServerSettings} takes. */
export interface RenderApiServerSettingsOptions {
  /**
   * `talos` is 1.14 and later (`KubeServiceAccountConfig`), `talos-v1alpha1` the schema before it; `kubeadm-v1beta3` reaches
   * to Kubernetes 1.35, `kubeadm-v1` is experimental in 1.37; `static-pod-patch` is for kubeadm's `patches` folder.
   */
  readonly for: ApiServerTarget;
  /** `static-pod-patch` only: the issuer that the manifest has already; default `https://kubernetes.default.svc.cluster.local`. */
  readonly manifestIssuer?: string;
}

/**
 * Writes API-server settings as the configuration of a distribution. The order of the issuers is kept: the first signs.
 *
 * @throws {@link ClusterError} `ERR_CLUSTER` when the distribution cannot express the settings; the message says what to do instead
 * @example
 * ```ts
 * import { apiServerSettings, renderApiServerSettings } from 'irsa/cluster';
 * const settings = apiServerSettings({
 *   issuers: ['https://oidc.example.com'],
 *   signingKeyFile: '/var/lib/rancher/k3s/server/tls/irsa.key',
 *   verificationKeyFiles: ['/var/lib/rancher/k3s/server/tls/irsa.pub'],
 *   apiAudiences: ['https://kubernetes.default.svc.cluster.local'],
 * });
 * for (const { path, content } of renderApiServerSettings(settings, { for: 'k3s' })) console.log(path, content);
 * ```
 * @see {@link https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/ | Kubernetes: kube-apiserver}
 */
export function renderApiServerSettings(
  settings: ApiServerSettings,
  options: RenderApiServerSettingsOptions,
): ConfigFile[] {
  const target = options.for;
  switch (target) {
    case 'flags':
      return renderFlags(settings);
    case 'kubeadm-v1beta3':
    case 'kubeadm-v1beta4':
    case 'kubeadm-v1':
      return renderKubeadm(settings, target);
    case 'k3s':
      return renderK3s(settings);
    case 'rke2':
      return renderRke2(settings);
    case 'talos':
      return renderTalos(settings);
    case 'talos-v1alpha1':
      return renderTalosV1Alpha1(settings);
    case 'kops':
      return renderKops(settings);
    case 'kind':
      return renderKind(settings);
    case 'static-pod-patch':
      return renderStaticPodPatch(settings, options.manifestIssuer);
    default:
      throw new TypeError(
        `for: expected a known target, got ${JSON.stringify(target satisfies never)}`,
      );
  }
}
