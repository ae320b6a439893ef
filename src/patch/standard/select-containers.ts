import { shown } from '../limit-warnings.js';
import { isJsonObject, isListOrAbsent, listOf, objectOf, type JsonObject } from '../read-json.js';
import type { ResolvedMutation } from '../resolved-mutation.js';
import { containerPathsOf, type ContainerList, type ContainerPaths } from './container-paths.js';

/** A container that is to be completed, and where it stands. */
export interface SelectedContainer {
  readonly paths: ContainerPaths;
  readonly container: JsonObject;
}

/** Container names between commas or on lines of their own; quotes, as the CSV of the Go webhook has them, are taken off. */
const readNames = (text: string): ReadonlySet<string> =>
  new Set(
    text
      .split(/[,\n]/)
      .map((name) =>
        name
          .trim()
          .replace(/^"(.*)"$/, '$1')
          .trim(),
      )
      .filter((name) => name !== ''),
  );

/** The names in the first of two annotations that is a text. */
const namesIn = (first: unknown, second: unknown): ReadonlySet<string> | undefined => {
  const text = typeof first === 'string' ? first : second;
  return typeof text === 'string' ? readNames(text) : undefined;
};

const isPatchable = (container: unknown): container is JsonObject =>
  isJsonObject(container) &&
  isListOrAbsent(container['env']) &&
  isListOrAbsent(container['volumeMounts']);

const nameIn = (container: unknown): string => {
  const { name } = objectOf(container);
  return typeof name === 'string' ? name : '';
};

const allLists: readonly ContainerList[] = ['initContainers', 'containers', 'ephemeralContainers'];

const warnOfUnknown = (wanted: ReadonlySet<string>, spec: JsonObject, warnings: string[]): void => {
  const present = new Set(allLists.flatMap((list) => listOf(spec[list]).map(nameIn)));
  for (const name of wanted) {
    if (present.has(name)) continue;
    warnings.push(`there is no container ${shown(name)}, which an annotation names`);
  }
};

/** The names of ephemeral containers that run already, and may not change any more. */
const settledNames = (oldPod: JsonObject): ReadonlySet<string> =>
  new Set(listOf(objectOf(oldPod['spec'])['ephemeralContainers']).map(nameIn));

/** The containers that include-containers and skip-containers leave. */
export function selectContainers(
  mutation: ResolvedMutation,
  spec: JsonObject,
  lists: readonly ContainerList[],
): SelectedContainer[] {
  const { oldPod, subresource, podAnnotations, accountAnnotations, derived, warnings } = mutation;
  let settled: ReadonlySet<string> | undefined;
  if (subresource !== undefined) {
    if (!isJsonObject(oldPod)) {
      warnings.push(
        'not mutated: without the pod before the update no container is known to be new',
      );
      return [];
    }
    settled = settledNames(oldPod);
  }
  const { 'include-containers': include, 'skip-containers': skip } = derived.annotationKeys;
  // The pod's wins over its ServiceAccount's.
  const included = namesIn(podAnnotations[include], accountAnnotations[include]);
  const excluded = namesIn(podAnnotations[skip], accountAnnotations[skip]);
  const selected: SelectedContainer[] = [];

  for (const list of lists) {
    const containers = listOf(spec[list]);
    for (let index = 0; index < containers.length; index += 1) {
      const container = containers[index];
      const name = nameIn(container);
      if (included?.has(name) === false || excluded?.has(name) === true) continue;
      if (settled?.has(name) === true) continue;
      if (isPatchable(container)) {
        selected.push({ paths: containerPathsOf(list, index), container });
      } else {
        warnings.push(
          `${list}[${index}] is not mutated: env or volumeMounts is no list, or it is no container`,
        );
      }
    }
  }
  if (included?.size === 0) {
    warnings.push('include-containers names no container: none is mutated');
  }
  if (included !== undefined || excluded !== undefined) {
    const wanted = new Set([...(included ?? []), ...(excluded ?? [])]);
    warnOfUnknown(wanted, spec, warnings);
  }
  return selected;
}
