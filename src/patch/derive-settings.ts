import { joinPath } from './go/join-path.js';
import { comparablePath } from './standard/mount-path.js';
import type { MutationSettings } from './types.js';

const names = [
  'role-arn',
  'audience',
  'token-expiration',
  'sts-regional-endpoints',
  'region',
  'role-session-name',
  'include-containers',
  'skip-containers',
] as const;

/** The annotations that mutation reads, without their domain. */
export type AnnotationName = (typeof names)[number];

/** Where one method of injection puts its token. */
export interface TokenPlace {
  readonly volumeName: string;
  readonly mountPath: string;
  /** The mount path in the one writing in which it can be compared with others. */
  readonly comparableMountPath: string;
  /** The same folder by its other name, `/run/…` for `/var/run/…` or the reverse; that very path where it has none. */
  readonly otherMountPath: string;
  /** The token's path inside the volume. */
  readonly tokenPath: string;
  /** The token's path in a container. */
  readonly tokenFile: string;
  readonly windowsTokenFile: string;
}

/** What follows from settings alone. */
export interface DerivedSettings {
  /** The full keys of the annotations. */
  readonly annotationKeys: Readonly<Record<AnnotationName, string>>;
  /** The label by which a pod opts out, under the settings' own domain. */
  readonly optOutLabel: string;
  readonly webIdentity: TokenPlace;
  readonly containerCredentials: TokenPlace;
}

/** A path as Windows containers see it. */
const windowsPath = (path: string): string => `C:${path.replaceAll('/', '\\')}`;

/** The other name of a path below `/var/run`, which most images have as a link to `/run`; the path itself elsewhere. */
const otherName = (path: string): string =>
  path.startsWith('/run/') ? `/var${path}` : path.replace(/^\/var\/run\//, '/run/');

const placeOf = (volumeName: string, mountPath: string, tokenPath: string): TokenPlace => {
  const tokenFile = joinPath(mountPath, tokenPath);
  const comparableMountPath = comparablePath(mountPath);
  return {
    volumeName,
    mountPath,
    comparableMountPath,
    otherMountPath: otherName(comparableMountPath),
    tokenPath,
    tokenFile,
    windowsTokenFile: windowsPath(tokenFile),
  };
};

const known = new WeakMap<MutationSettings, DerivedSettings>();

/** What follows from settings alone: put together once for them, not for each pod. */
export const deriveSettings = (settings: MutationSettings): DerivedSettings => {
  const kept = known.get(settings);
  if (kept !== undefined) return kept;
  const { annotationDomain: domain, containerCredentials: pod } = settings;
  const derived: DerivedSettings = {
    annotationKeys: Object.fromEntries(
      names.map((name) => [name, `${domain}/${name}`]),
    ) as DerivedSettings['annotationKeys'],
    optOutLabel: `${domain}/skip-pod-identity-webhook`,
    webIdentity: placeOf('aws-iam-token', settings.tokenMountPath, 'token'),
    containerCredentials: placeOf(pod.tokenVolumeName, pod.tokenMountPath, pod.tokenPath),
  };
  known.set(settings, derived);
  return derived;
};
