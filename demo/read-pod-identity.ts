/** The parts of a patched pod that the kubelet and the container's process go by. */
export interface PodIdentity {
  /** The container's variables with plain values. */
  readonly env: Readonly<Record<string, string>>;
  /** Where the token volume is mounted. */
  readonly mountPath: string;
  /** What the pod asks the API server for. */
  readonly audience: string;
  readonly expirationSeconds: number;
  /** The token's path inside the volume. */
  readonly path: string;
}

interface Pod {
  readonly spec: {
    readonly volumes?: readonly {
      readonly name: string;
      readonly projected?: {
        readonly sources: readonly {
          readonly serviceAccountToken?: {
            readonly audience?: string;
            readonly expirationSeconds: number;
            readonly path: string;
          };
        }[];
      };
    }[];
    readonly containers: readonly {
      readonly env?: readonly { readonly name: string; readonly value?: string }[];
      readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
    }[];
  };
}

/**
 * Reads from a pod what its first container gets: by the pod alone, as the kubelet does, with no knowledge of how the
 * webhook names things. Throws where no token for another audience than the API server's own is mounted.
 */
export function readPodIdentity(pod: unknown): PodIdentity {
  const { spec } = pod as Pod;
  const [container] = spec.containers;
  const env = Object.fromEntries(
    (container?.env ?? []).flatMap(({ name, value }) =>
      value === undefined ? [] : [[name, value]],
    ),
  );
  for (const { name, mountPath } of container?.volumeMounts ?? []) {
    const volume = spec.volumes?.find((candidate) => candidate.name === name);
    for (const { serviceAccountToken: token } of volume?.projected?.sources ?? []) {
      if (token?.audience === undefined) continue;
      const { audience, expirationSeconds, path } = token;
      return { env, mountPath, audience, expirationSeconds, path };
    }
  }
  throw new Error('no projected token is mounted into the first container');
}
