import type { Injection } from '../patch/types.js';
import { otherExpiration } from '../patch/other-expiration.js';
import { makeFault } from './make-finding.js';
import { textMember } from './read-json.js';
import type { ContainerIdentity, PodFacts } from './read-pod.js';
import type { Fault } from './types.js';

/** What is wrong with the identity that a pod has. */
export function checkContainers(
  pod: PodFacts,
  expected: Injection | undefined,
  facts: {
    /** Names of containers that are skipped on purpose. */
    readonly skipped: ReadonlySet<string>;
    readonly pod: unknown;
    readonly serviceAccount: unknown;
    readonly annotationDomain: string;
  },
): Fault[] {
  return pod.containers.flatMap((container) => {
    if (facts.skipped.has(container.name))
      return [makeFault('pod-container-skipped', `container ${container.name}`)];
    return [
      ...checkToken(container, pod.isWindows),
      ...(expected === undefined ? [] : checkDrift(container, expected)),
      ...(expected === undefined ? [] : checkExpiration(container, facts)),
      ...checkRivals(container),
    ];
  });
}

function checkToken(container: ContainerIdentity, isWindows: boolean): Fault[] {
  const { name, hasRole, hasTokenFile, tokenFile, mount, source, otherPaths } = container;
  const where = `container ${name}`;
  if (!hasRole && !hasTokenFile)
    return [
      makeFault(
        'pod-not-mutated',
        `${where} has neither AWS_ROLE_ARN nor AWS_WEB_IDENTITY_TOKEN_FILE`,
      ),
    ];
  if (hasRole !== hasTokenFile) {
    const [has, lacks] = hasRole
      ? ['AWS_ROLE_ARN', 'AWS_WEB_IDENTITY_TOKEN_FILE']
      : ['AWS_WEB_IDENTITY_TOKEN_FILE', 'AWS_ROLE_ARN'];
    return [makeFault('pod-partial-environment', `${where} has ${has} and no ${lacks}`)];
  }
  // The file's path comes from elsewhere (valueFrom): nothing can be said of the mount.
  if (tokenFile === undefined) return [];
  if (/^[A-Za-z]:\\/.test(tokenFile) !== isWindows) {
    return [
      makeFault(
        'pod-windows-path',
        `${where}: ${tokenFile} in a ${isWindows ? 'Windows' : 'Linux'} pod`,
      ),
    ];
  }
  if (mount === undefined)
    return [makeFault('pod-token-not-mounted', `${where}: nothing is mounted at ${tokenFile}`)];
  const subPath = textMember(mount, 'subPath');
  if (subPath !== undefined && subPath !== '')
    return [makeFault('pod-token-subpath', `${where}: subPath ${subPath}`)];
  if (otherPaths.length > 0)
    return [
      makeFault(
        'pod-token-not-mounted',
        `${where}: ${tokenFile} is asked for, the volume has ${otherPaths.join(', ')}`,
      ),
    ];
  return source === undefined
    ? [
        makeFault(
          'pod-token-volume-foreign',
          `${where}: volume ${String(textMember(mount, 'name'))} has no serviceAccountToken source`,
        ),
      ]
    : [];
}

function checkDrift(container: ContainerIdentity, expected: Injection): Fault[] {
  const { name, roleArn, source } = container;
  const named = textMember(source, 'audience') ?? '';
  // Kubernetes’ default.
  const requested = named === '' ? 'the API server itself (it names no audience)' : named;
  const audience = source === undefined ? undefined : requested;
  return [
    ...(roleArn === undefined || roleArn === expected.roleArn
      ? []
      : [
          makeFault(
            'pod-role-outdated',
            `container ${name} has ${roleArn}, the ServiceAccount names ${String(expected.roleArn)}`,
          ),
        ]),
    ...(audience === undefined || audience === expected.audience
      ? []
      : [
          makeFault(
            'pod-audience-outdated',
            `container ${name} has a token for ${audience}, the ServiceAccount asks for ${expected.audience}`,
          ),
        ]),
  ];
}

function checkExpiration(
  { name, source }: ContainerIdentity,
  { annotationDomain, ...facts }: Parameters<typeof checkContainers>[2],
): Fault[] {
  const seconds = source?.['expirationSeconds'];
  const found = source === undefined ? [] : [seconds];
  const asked = otherExpiration(facts, annotationDomain, found);
  return asked === undefined
    ? []
    : [
        makeFault(
          'pod-expiration-outdated',
          `container ${name} has a token of ${JSON.stringify(seconds ?? 3600)} s, the ServiceAccount asks for ${asked} s`,
        ),
      ];
}

/** Settings of the container's own that win over the injected identity, or keep it from working. */
function checkRivals({ name, hasRole, variables, hasEnvFrom }: ContainerIdentity): Fault[] {
  if (!hasRole) return [];
  const rival = (variable: string): boolean => variables.has(variable);
  return [
    ...(rival('AWS_ACCESS_KEY_ID')
      ? [makeFault('pod-static-keys', `container ${name} sets AWS_ACCESS_KEY_ID`)]
      : []),
    ...(rival('AWS_PROFILE')
      ? [makeFault('pod-profile', `container ${name} sets AWS_PROFILE`)]
      : []),
    ...(rival('AWS_REGION') || rival('AWS_DEFAULT_REGION') || hasEnvFrom
      ? []
      : [
          makeFault(
            'pod-region-missing',
            `container ${name} sets neither AWS_REGION nor AWS_DEFAULT_REGION`,
          ),
        ]),
  ];
}
