/** What the catalogue says of one finding; the evidence comes with the case. */
export interface CatalogueEntry {
  readonly severity: 'error' | 'warning' | 'info';
  /** One sentence: what is wrong. */
  readonly title: string;
  /** The exact text that people see, so that a search finds it; empty where nothing is said at all. */
  readonly symptom: string;
  /** How to see it oneself. */
  readonly see: string;
  /** What to do. */
  readonly fix: string;
}

/** Shorthand for the tables: an error unless told otherwise. */
export const entry = (
  title: string,
  rest: Omit<CatalogueEntry, 'title' | 'severity'> & {
    readonly severity?: CatalogueEntry['severity'];
  },
): CatalogueEntry => ({ severity: 'error', title, ...rest });
