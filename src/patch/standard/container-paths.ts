/** The lists of containers that a pod may have. */
export type ContainerList = 'initContainers' | 'containers' | 'ephemeralContainers';

/** The JSON Pointers that operations on one container need. */
export interface ContainerPaths {
  readonly env: string;
  /** `…/env/0` and on, one for each variable that may be added. */
  readonly envAt: readonly string[];
  readonly mounts: string;
  readonly mountsEnd: string;
}

const mostVariables = 7;
const mostKept = 32;
const kept: Readonly<Record<ContainerList, ContainerPaths[]>> = {
  initContainers: [],
  containers: [],
  ephemeralContainers: [],
};

const pathsOf = (list: ContainerList, index: number): ContainerPaths => {
  const pointer = `/spec/${list}/${index}`;
  const env = `${pointer}/env`;
  return {
    env,
    envAt: Array.from({ length: mostVariables }, (_, at) => `${env}/${at}`),
    mounts: `${pointer}/volumeMounts`,
    mountsEnd: `${pointer}/volumeMounts/-`,
  };
};

for (const list of ['initContainers', 'containers', 'ephemeralContainers'] as const) {
  for (let index = 0; index < mostKept; index += 1) kept[list].push(pathsOf(list, index));
}

/** The paths of a container; those of the first ones in each list are put together once, not for each pod. */
export const containerPathsOf = (list: ContainerList, index: number): ContainerPaths =>
  kept[list][index] ?? pathsOf(list, index);
