import { mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What {@link projectToken} needs. */
export interface ProjectTokenOptions {
  /** The volume's folder on the node: what the container sees at the mount path. */
  readonly folder: string;
  /** The token's path inside the volume. */
  readonly path: string;
  readonly token: string;
  readonly now: Date;
}

/**
 * Writes a projected token as the kubelet does: into a folder named after the time, with `..data` swapped to it by a
 * rename, and a stable symbolic link `token -> ..data/token` that readers open.
 */
export async function projectToken({
  folder,
  path,
  token,
  now,
}: ProjectTokenOptions): Promise<void> {
  const stamp = `..${now.toISOString().replace(/[-:TZ]/g, '_')}`;
  await mkdir(join(folder, stamp), { recursive: true });
  await writeFile(join(folder, stamp, path), token, { mode: 0o600 });
  await symlink(stamp, join(folder, '..data_tmp'));
  await rename(join(folder, '..data_tmp'), join(folder, '..data'));
  await symlink(join('..data', path), join(folder, path)).catch((error: unknown) => {
    // A rotation finds the stable link in place.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  });
}
