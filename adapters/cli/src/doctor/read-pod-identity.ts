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
      readonly volumeMounts?: readonly { readonly name?: unknown; readonly mountPath?: unknown }[];
    }[];
    readonly volumes?: readonly {
      readonly name?: unknown;
      readonly projected?: {
        readonly sources?: readonly {
          readonly serviceAccountToken?: { readonly audience?: unknown; readonly path?: unknown };
        }[];
      };
    }[];
  };
}

type Container = NonNullable<NonNullable<PodLike['spec']>['containers']>[number];

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

/** The audience of the token that the pod's SDK reads: others may have tokens of their own in it, for a mesh or a vault. */
function audienceOf(spec: PodLike['spec']): string | undefined {
  const tokenFileOf = ({ env }: Container): string | undefined => {
    const value = list(env).find(({ name }) => name === 'AWS_WEB_IDENTITY_TOKEN_FILE')?.value;
    return typeof value === 'string' ? value : undefined;
  };
  const container = list(spec?.containers).find((one) => tokenFileOf(one) !== undefined);
  if (container === undefined) return undefined;
  const file = tokenFileOf(container) ?? '';
  const mounted = list(container.volumeMounts)
    .filter(({ mountPath }) => typeof mountPath === 'string' && file.startsWith(mountPath))
    .map(({ name }) => name);
  const sources = list(spec?.volumes)
    .filter(({ name }) =>
      mounted.length === 0 ? name === 'aws-iam-token' : mounted.includes(name),
    )
    .flatMap(({ projected }) => list(projected?.sources))
    .flatMap(({ serviceAccountToken: token }) => (token === undefined ? [] : [token]));
  const atPath = sources.find(({ path }) => typeof path === 'string' && file.endsWith(`/${path}`));
  const audience = (atPath ?? sources[0])?.audience;
  return typeof audience === 'string' && audience !== '' ? audience : undefined;
}

const list = <T>(value: readonly T[] | undefined): readonly T[] =>
  // What comes from a cluster is checked all the same.
  Array.isArray(value)
    ? (value as readonly T[]).filter((one) => typeof one === 'object' && one !== null)
    : [];

const defined = (fields: Readonly<Record<string, string | undefined>>): PodIdentity =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
