/** One thing that a check has found, in words for people and with an id for machines. */
export interface Finding {
  /** Stable, kebab-case, e.g. `issuer-trailing-slash`. */
  readonly id: string;
  readonly severity: 'error' | 'warning' | 'info';
  /** One sentence: what is wrong. */
  readonly title: string;
  /** What was seen, without secrets. */
  readonly evidence: string;
  /** What to do. */
  readonly fix: string;
}
