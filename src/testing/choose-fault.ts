import type { LocalAwsFault } from './types.js';

/** The faults that are still to come; each hit uses one up. */
export interface FaultList {
  /** The faults that hit this operation now, and counts them. */
  take(operation: string): readonly LocalAwsFault[];
  set(faults: LocalAwsFault | readonly LocalAwsFault[] | undefined): void;
}

/** Keeps the faults of a running server. */
export function createFaultList(initial: readonly LocalAwsFault[]): FaultList {
  let left = initial.map((fault) => ({ fault, times: fault.times ?? Infinity }));
  return {
    take: (operation) => {
      const hits = left.filter(
        ({ fault }) => fault.operation === undefined || fault.operation === operation,
      );
      for (const hit of hits) hit.times -= 1;
      left = left.filter(({ times }) => times > 0);
      return hits.map(({ fault }) => fault);
    },
    set: (faults) => {
      const list = faults === undefined ? [] : 'kind' in faults ? [faults] : faults;
      left = list.map((fault) => ({ fault, times: fault.times ?? Infinity }));
    },
  };
}
