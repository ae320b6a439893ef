import { watch, type FSWatcher } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';

/** What {@link watchFiles} needs. */
export interface WatchFilesOptions {
  readonly paths: readonly string[];
  /**
   * Called with the contents of all files, in the order of `paths`, first and whenever one has changed; they are offered again at
   * the next look when it throws.
   */
  readonly onContents: (contents: readonly string[]) => void | Promise<void>;
  /** A file cannot be read, or `onContents` threw. Called for each new message, not at each look. */
  readonly onError: (error: unknown) => void;
  /** After a fault the files can be used again, changed or not. */
  readonly onMended: () => void;
  /** How often the files are read without being told. Default 10,000. */
  readonly pollMs?: number;
}

/** A running watch of files. */
export interface WatchedFiles {
  /** Looks now. */
  readonly look: () => Promise<void>;
  readonly stop: () => void;
}

/**
 * Watches files as Kubernetes changes them: kubelet writes a new folder and swaps the `..data` symbolic link, so a watch of the file itself
 * sees nothing. The folder is watched to be fast, and the files are read every few seconds to be sure.
 */
export async function watchFiles(options: WatchFilesOptions): Promise<WatchedFiles> {
  const { paths, onContents, onError, onMended, pollMs = 10_000 } = options;
  let seen: string | undefined;
  let lastFault: string | undefined;
  let looking: Promise<void> = Promise.resolve();

  const lookOnce = async (): Promise<void> => {
    try {
      const contents = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
      const together = JSON.stringify(contents);
      if (together !== seen) await onContents(contents);
      seen = together;
      if (lastFault !== undefined) onMended();
      lastFault = undefined;
    } catch (error) {
      const fault = error instanceof Error ? error.message : String(error);
      if (fault !== lastFault) onError(error);
      lastFault = fault;
    }
  };
  // One look after the other: a slow disk never makes an old look overwrite a new one.
  const look = (): Promise<void> => (looking = looking.then(lookOnce));

  await look();
  const timer = setInterval(() => void look(), pollMs);
  timer.unref();
  const watchers = [...new Set(paths.map((path) => dirname(path)))].flatMap((folder) =>
    watchFolder(folder, look),
  );
  return {
    look,
    stop: () => {
      clearInterval(timer);
      for (const watcher of watchers) watcher.close();
    },
  };
}

/** The folder may not be there yet, or inotify may be exhausted: then the poll alone has to do. */
function watchFolder(folder: string, look: () => Promise<void>): FSWatcher[] {
  try {
    const watcher = watch(folder, { persistent: false }, () => void look());
    watcher.on('error', () => {
      watcher.close();
    });
    return [watcher];
  } catch {
    return [];
  }
}
