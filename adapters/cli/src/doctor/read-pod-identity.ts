/** What a pod's own containers ask for, else what its ServiceAccount says. */
export interface PodIdentity {
  readonly roleArn?: string;
  readonly audience?: string;
  readonly region?: string;
  readonly roleSessionName?: string;
}

interface PodLike {
  readonly spec?: {
    readonly containers?: readonly {
      readonly env?: readonly { readonly name?: string; readonly value?: unknown }[];
    }[];
    readonly volumes?: readonly {
      readonly projected?: {
        readonly sources?: readonly {
          readonly serviceAccountToken?: { readonly audience?: unknown };
        }[];
      };
    }[];
  };
}

/** The role, audience, region and session name with which the pod's SDK calls STS. */
export function readPodIdentity(
  pod: unknown,
  serviceAccount: unknown,
  annotationDomain: string,
): PodIdentity {
  const { spec } = (pod ?? {}) as PodLike;
  const env = list(spec?.containers).flatMap((container) => list(container.env));
  const valueOf = (name: string): string | undefined => {
    const value = env.find((one) => one.name === name)?.value;
    return typeof value === 'string' ? value : undefined;
  };
  const { metadata } = (serviceAccount ?? {}) as {
    readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> };
  };
  const annotation = (name: string): string | undefined =>
    metadata?.annotations?.[`${annotationDomain}/${name}`];
  return defined({
    roleArn: valueOf('AWS_ROLE_ARN') ?? annotation('role-arn'),
    audience: audienceOf(spec) ?? annotation('audience'),
    region: valueOf('AWS_REGION') ?? valueOf('AWS_DEFAULT_REGION'),
    roleSessionName: valueOf('AWS_ROLE_SESSION_NAME'),
  });
}

/** The audience of the projected token beside the one for the API server, which has none. */
function audienceOf(spec: PodLike['spec']): string | undefined {
  const sources = list(spec?.volumes).flatMap((volume) => list(volume.projected?.sources));
  const audiences = sources.map((source) => source.serviceAccountToken?.audience);
  return audiences.find((one): one is string => typeof one === 'string' && one !== '');
}

const list = <T>(value: readonly T[] | undefined): readonly T[] =>
  // What comes from a cluster is checked all the same.
  Array.isArray(value)
    ? (value as readonly T[]).filter((one) => typeof one === 'object' && one !== null)
    : [];

const defined = (fields: Readonly<Record<string, string | undefined>>): PodIdentity =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
