/** A program or a library that the run takes from its registry and keeps in the cache. */
export interface Part {
  readonly id: string;
  /** The version that the report names. */
  readonly version: string;
  /** Commands that the build calls; a missing one is named in a single line. */
  readonly needs: readonly string[];
  /** Everything that decides the result of the build; its hash is the key in the cache. */
  readonly key: readonly string[];
  /** Builds into an empty folder; the folder appears in the cache only when this has succeeded. */
  readonly build: (into: string, note: (line: string) => void) => Promise<void>;
}

/** A built part: the folder in the cache that holds it. */
export interface PreparedPart {
  readonly id: string;
  readonly version: string;
  readonly folder: string;
}
