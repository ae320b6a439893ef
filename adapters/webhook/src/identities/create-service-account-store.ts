import type { ServiceAccount } from 'irsa/patch';
import { readMetadata } from '../kubernetes/read-object.js';
import type { WatchStore } from '../kubernetes/list-and-watch.js';

/** The annotations of one ServiceAccount that matter here; null where it has none of them. */
type KeptAnnotations = Readonly<Record<string, string>> | null;
type Namespaces = Map<string, Map<string, KeptAnnotations>>;

/** Every ServiceAccount of the cluster, in as few bytes as possible. */
export interface ServiceAccountStore extends WatchStore {
  find(namespace: string, name: string): ServiceAccount | undefined;
  readonly size: number;
}

/**
 * Creates the store. Of each ServiceAccount only its name and the annotations of our domain stay; most have none and cost
 * an entry of a map. Maps by namespace keep the namespace's name once and need no joined key for a lookup.
 */
export function createServiceAccountStore(annotationDomain: string): ServiceAccountStore {
  const prefix = `${annotationDomain}/`;
  let accounts: Namespaces = new Map();
  let size = 0;

  const put = (into: Namespaces, object: unknown): boolean => {
    const metadata = readMetadata(object);
    if (metadata === undefined) return false;
    let names = into.get(metadata.namespace);
    if (names === undefined) {
      names = new Map<string, KeptAnnotations>();
      into.set(metadata.namespace, names);
    }
    const isNew = !names.has(metadata.name);
    names.set(metadata.name, keep(metadata.annotations, prefix));
    return isNew;
  };

  return {
    get size() {
      return size;
    },
    begin: () => {
      const copy: Namespaces = new Map<string, Map<string, KeptAnnotations>>();
      let count = 0;
      return {
        add: (object) => {
          if (put(copy, object)) count += 1;
        },
        commit: () => {
          accounts = copy;
          size = count;
        },
      };
    },
    set: (object) => {
      if (put(accounts, object)) size += 1;
    },
    remove: (object) => {
      const metadata = readMetadata(object);
      const names = metadata === undefined ? undefined : accounts.get(metadata.namespace);
      if (metadata === undefined || names?.delete(metadata.name) !== true) return;
      size -= 1;
      if (names.size === 0) accounts.delete(metadata.namespace);
    },
    find: (namespace, name) => {
      const annotations = accounts.get(namespace)?.get(name);
      return annotations === undefined ? undefined : asServiceAccount(namespace, name, annotations);
    },
  };
}

/** A ServiceAccount as the API server serves it, reduced to what mutation reads. */
export function reduceServiceAccount(
  object: unknown,
  annotationDomain: string,
): ServiceAccount | undefined {
  const metadata = readMetadata(object);
  return metadata === undefined
    ? undefined
    : asServiceAccount(
        metadata.namespace,
        metadata.name,
        keep(metadata.annotations, `${annotationDomain}/`),
      );
}

function asServiceAccount(
  namespace: string,
  name: string,
  annotations: KeptAnnotations,
): ServiceAccount {
  return { metadata: { namespace, name, ...(annotations !== null && { annotations }) } };
}

function keep(annotations: Readonly<Record<string, string>>, prefix: string): KeptAnnotations {
  // A role under a mistyped domain (eks.amazon.com) is kept too, so that the pod's author can be told.
  const kept = Object.entries(annotations).filter(
    ([key]) => key.startsWith(prefix) || key.endsWith('/role-arn'),
  );
  return kept.length === 0 ? null : Object.fromEntries(kept);
}
