import { annotationKeysOf } from '../annotation-keys.js';
import { shown } from '../limit-warnings.js';
import { fieldOf, isAbsent, isJsonObject, listOf, textOf, type JsonObject } from '../read-json.js';
import type { MutationSettings } from '../types.js';
import { containerPathsOf, type ContainerList, type ContainerPaths } from './container-paths.js';

/** A container that is to be completed, and where it stands. */
export interface SelectedContainer {
  readonly paths: ContainerPaths;
  readonly container: JsonObject;
}

/** What {@link selectContainers} needs. */
export interface ContainerSelection {
  readonly pod: unknown;
  readonly serviceAccount: unknown;
  readonly settings: MutationSettings;
  readonly lists: readonly ContainerList[];
  /** Names that are left alone without a word: ephemeral containers that run already. */
  readonly settled: ReadonlySet<unknown>;
  readonly warnings: string[];
}

/** Container names between commas or on lines of their own; quotes, as the CSV of the Go webhook has them, are taken off. */
const readNames = (text: string): string[] =>
  text
    .split(/[,\n]/)
    .map((name) =>
      name
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .trim(),
    )
    .filter((name) => name !== '');

const namesOf = (
  { pod, serviceAccount, settings }: ContainerSelection,
  annotation: 'include-containers' | 'skip-containers',
): string[] | undefined => {
  const key = annotationKeysOf(settings)[annotation];
  const text =
    textOf(fieldOf(fieldOf(pod, 'metadata'), 'annotations'), key) ??
    textOf(fieldOf(fieldOf(serviceAccount, 'metadata'), 'annotations'), key);
  return text === undefined ? undefined : readNames(text);
};

/** Whether a field can hold the list that operations by index need. */
const isListOrAbsent = (value: unknown): boolean => isAbsent(value) || Array.isArray(value);

const isPatchable = (container: unknown): container is JsonObject =>
  isJsonObject(container) &&
  isListOrAbsent(fieldOf(container, 'env')) &&
  isListOrAbsent(fieldOf(container, 'volumeMounts'));

/**
 * The containers that include-containers and skip-containers leave; the pod's annotations win over its ServiceAccount's.
 */
export function selectContainers(selection: ContainerSelection): SelectedContainer[] {
  const include = namesOf(selection, 'include-containers');
  const skip = namesOf(selection, 'skip-containers');
  const unseen = new Set(include && skip ? [...include, ...skip] : (include ?? skip));
  const included = include && new Set(include);
  const excluded = skip && new Set(skip);
  const selected: SelectedContainer[] = [];
  const spec = fieldOf(selection.pod, 'spec');

  for (const list of selection.lists) {
    const containers = listOf(fieldOf(spec, list));
    for (let index = 0; index < containers.length; index += 1) {
      const container = containers[index];
      const name = textOf(container, 'name') ?? '';
      if (unseen.size > 0) unseen.delete(name);
      if (included?.has(name) === false || excluded?.has(name) === true) continue;
      if (selection.settled.has(name)) continue;
      if (isPatchable(container)) {
        selected.push({ paths: containerPathsOf(list, index), container });
      } else {
        selection.warnings.push(
          `${list}[${index}] is not mutated: env or volumeMounts is no list, or it is no container`,
        );
      }
    }
  }
  for (const name of unseen) {
    selection.warnings.push(`there is no container ${shown(name)}, which an annotation names`);
  }
  return selected;
}
