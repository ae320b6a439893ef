import type { paint } from './paint.js';

interface FindingLike {
  readonly id: string;
  readonly severity: 'error' | 'warning' | 'info';
  readonly title: string;
  readonly evidence?: string;
  readonly fix?: string;
  /** Where the project's documents say more. */
  readonly docs?: string;
}

/** Findings for people: what, what was seen, what to do. */
export function findingsText(
  findings: readonly FindingLike[],
  colour: ReturnType<typeof paint>,
): string {
  const colours = { error: 'red', warning: 'yellow', info: 'dim' } as const;
  return findings
    .map(({ id, severity, title, evidence, fix, docs }) =>
      [
        `${colour(colours[severity], severity)} ${id}: ${title}`,
        ...(evidence === undefined || evidence === '' ? [] : [`  seen: ${evidence}`]),
        ...(fix === undefined || fix === '' ? [] : [`  do:   ${fix}`]),
        ...(docs === undefined ? [] : [`  more: ${docs}`]),
      ].join('\n'),
    )
    .join('\n');
}
