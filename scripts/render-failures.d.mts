/** The page of a finding catalogue, as Markdown. */
export function renderFailures(
  catalogue: Readonly<
    Record<
      string,
      {
        readonly severity: string;
        readonly title: string;
        readonly symptom: string;
        readonly see: string;
        readonly fix: string;
      }
    >
  >,
): Promise<string>;
