import { cleanPath } from '../go/join-path.js';

/** The drive that mount paths of Windows containers may begin with. */
const drive = /^[a-z]:/i;

/**
 * A mount path as kubelet mounts it, comparable with others: absolute, between slashes, without drive, `.`, `..` and doubled
 * slashes. The API server takes any text here.
 */
export const comparablePath = (path: string): string =>
  path.startsWith('/')
    ? cleanPath(path)
    : cleanPath(`/${path.replace(drive, '').replaceAll('\\', '/')}`);

/** The token's path, as the container sees it, where the volume is mounted at a path of the user's own writing. */
export const tokenFileBelow = (
  mountPath: string,
  tokenPath: string,
  isWindows: boolean,
): string => {
  if (!isWindows) return cleanPath(`/${mountPath}/${tokenPath}`);
  const [letter = 'C:'] = drive.exec(mountPath) ?? [];
  return `${letter}${cleanPath(`${comparablePath(mountPath)}/${tokenPath}`).replaceAll('/', '\\')}`;
};
