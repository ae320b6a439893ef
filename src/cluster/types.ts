import type { Issuer } from '../names/issuer.js';

/** One command-line flag, without its dashes. A flag may be repeated; the order of the list is the order on the command line. */
export interface Flag {
  readonly name: string;
  readonly value: string;
}

/** What the control plane must be told, settled and checked; {@link renderApiServerSettings} writes it for a distribution. */
export interface ApiServerSettings {
  /** The first signs; the others are accepted until their last token has ended. */
  readonly issuers: readonly [Issuer, ...string[]];
  /** Path on the control-plane node. */
  readonly signingKeyFile: string;
  /** The private key itself, for distributions that take it inside their configuration. */
  readonly signingKeyPem?: string;
  /** Paths on the control-plane node, each with one or more keys whose tokens the API server accepts. */
  readonly verificationKeyFiles: readonly string[];
  /** The public keys themselves, for distributions that take them inside their configuration. */
  readonly verificationKeyPems: readonly string[];
  readonly apiAudiences: readonly string[];
  readonly jwksUri?: string;
  /** Flags of kube-apiserver, in order. */
  readonly apiServerFlags: readonly Flag[];
  /** Flags of kube-controller-manager. */
  readonly controllerManagerFlags: readonly Flag[];
  /** What the operator must know: order of the steps, above all. */
  readonly notes: readonly string[];
}

/** A distribution or form that {@link renderApiServerSettings} can write. */
export type ApiServerTarget =
  | 'flags'
  | 'kubeadm-v1beta3'
  | 'kubeadm-v1beta4'
  | 'kubeadm-v1'
  | 'k3s'
  | 'rke2'
  | 'talos'
  | 'talos-v1alpha1'
  | 'kops'
  | 'kind'
  | 'static-pod-patch';

/** A file to put on the control-plane nodes or to hand to the distribution's tool. */
export interface ConfigFile {
  /** Where it belongs, or a file name where the place is free. */
  readonly path: string;
  readonly content: string;
  /** What to do with it, one sentence each. */
  readonly notes: readonly string[];
}

/** A value that JSON and YAML can hold. */
export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** A Kubernetes object as plain JSON. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: JsonValue;
}
