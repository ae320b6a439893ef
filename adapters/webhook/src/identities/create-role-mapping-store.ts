import { parseRoleMappings, type RoleMappings } from 'irsa/patch';
import { RoleMappingsError } from 'irsa/errors';
import type { WatchStore } from '../kubernetes/list-and-watch.js';
import { readMetadata, stringField } from '../kubernetes/read-object.js';

/** The role-mapping ConfigMap as the watch last saw it. */
export interface RoleMappingStore extends WatchStore {
  readonly mappings: () => RoleMappings | undefined;
}

/** What {@link createRoleMappingStore} needs. */
export interface RoleMappingStoreOptions {
  /** Name of the ConfigMap; others are passed over. */
  readonly name: string;
  /** An entry or the whole ConfigMap cannot be read. */
  readonly onError: (error: unknown) => void;
  /** The whole ConfigMap was read, or is gone. */
  readonly onRead: () => void;
}

/**
 * Creates the store. A bad entry is left out and told; a ConfigMap that cannot be read at all leaves the last good mappings in force;
 * a deleted one takes its mappings with it (the Go webhook keeps them for ever).
 */
export function createRoleMappingStore(options: RoleMappingStoreOptions): RoleMappingStore {
  const { name, onError, onRead } = options;
  let mappings: RoleMappings | undefined;
  const isOurs = (object: unknown): boolean => readMetadata(object)?.name === name;
  const set = (object: unknown): void => {
    if (!isOurs(object)) return;
    try {
      const config = stringField(object, 'data', 'config') ?? '{}';
      mappings = parseRoleMappings(config, { onInvalid: 'omit' });
      for (const { key, why } of mappings.omitted) {
        onError(new RoleMappingsError(`role mapping ${key} is left out: ${why}`, { path: key }));
      }
      if (mappings.omitted.length === 0) onRead();
    } catch (error) {
      onError(error);
    }
  };
  const forget = (): void => {
    mappings = undefined;
    onRead();
  };
  return {
    mappings: () => mappings,
    begin: () => {
      const seen: unknown[] = [];
      return {
        add: (object) => seen.push(object),
        commit: () => {
          if (!seen.some(isOurs)) forget();
          for (const object of seen) set(object);
        },
      };
    },
    set,
    remove: (object) => {
      if (isOurs(object)) forget();
    },
  };
}
