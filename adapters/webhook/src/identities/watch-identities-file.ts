import { parsePodIdentityAssociations, type PodIdentityAssociations } from 'irsa/patch';
import { watchFiles } from '../watch-files.js';

/** What {@link watchIdentitiesFile} needs. */
export interface WatchIdentitiesFileOptions {
  readonly file: string;
  /** The file cannot be read or parsed; the associations before it stay. */
  readonly onError: (error: unknown) => void;
  /** After that, the file can be used again. */
  readonly onMended: () => void;
  /** Default 10,000. */
  readonly pollMs?: number;
}

/** The container-credentials identities file, kept up to date. */
export interface WatchedIdentities {
  readonly associations: () => PodIdentityAssociations | undefined;
  readonly stop: () => void;
}

/** Reads the identities file of container-credentials mode now and whenever it changes; a bad one leaves the last good one in force. */
export async function watchIdentitiesFile(
  options: WatchIdentitiesFileOptions,
): Promise<WatchedIdentities> {
  let associations: PodIdentityAssociations | undefined;
  const watched = await watchFiles({
    paths: [options.file],
    onContents: ([text = '']) => {
      associations = parsePodIdentityAssociations(text);
    },
    onError: options.onError,
    onMended: options.onMended,
    ...(options.pollMs !== undefined && { pollMs: options.pollMs }),
  });
  return { associations: () => associations, stop: watched.stop };
}
