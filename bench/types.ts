/** One measured line: ours beside the rival or floor of the same run. */
export interface BenchRow {
  /** What was measured, e.g. `realistic review, bytes in to bytes out`. */
  readonly what: string;
  /** Our figure, in `unit`. */
  readonly ours: number;
  /** The rival's or floor's figure from the same run, in `unit`. */
  readonly floor: number;
  /** `ours / floor`, or the median of the paired ratios. */
  readonly ratio: number;
  readonly unit: string;
  /** The goal in words, e.g. `≤ 1.4×`. */
  readonly target?: string;
  /** Whether the goal was met in this run; left out where there is no goal. */
  readonly met?: boolean;
  /** What the floor is, and anything a reader must know. */
  readonly note?: string;
}

/** What a suite's module exports. */
export interface BenchSuite {
  readonly suite: string;
  run(): Promise<BenchRow[]>;
}
