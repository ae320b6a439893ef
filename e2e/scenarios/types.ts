import type { World } from '../environment/world.js';
import type { PartId } from '../parts/catalogue.js';

/** One proof of the run. */
export interface Scenario {
  readonly id: string;
  /** What it shows, in a sentence. */
  readonly about: string;
  readonly parts: readonly PartId[];
  /** Buckets whose host names must resolve. */
  readonly buckets: readonly string[];
  /** Only with `--slow`. */
  readonly slow?: boolean;
  /** Returns what was seen, in one line; throws when the proof fails. */
  run(world: World): Promise<string>;
}

/** A scenario's line in the report. */
export interface ScenarioResult {
  readonly id: string;
  readonly ok: boolean;
  readonly ms: number;
  readonly detail: string;
}
