import type { ScenarioResult } from './scenarios/types.js';

/** The object of `--json`. */
export interface Report {
  readonly ok: boolean;
  readonly parts: Readonly<Record<string, string>>;
  readonly scenarios: readonly ScenarioResult[];
}

/** The table for people. */
export function renderReport(report: Report): string {
  const width = Math.max(0, ...report.scenarios.map(({ id }) => id.length));
  const lines = report.scenarios.map(
    ({ id, ok, ms, detail }) =>
      `${ok ? 'ok    ' : 'FAILED'} ${id.padEnd(width)} ${(ms / 1000).toFixed(1).padStart(7)} s  ${detail.replaceAll('\n', '\n' + ' '.repeat(width + 19))}`,
  );
  const parts = Object.entries(report.parts).map(([name, version]) => `${name} ${version}`);
  return [...lines, '', `parts: ${parts.join(', ')}`, `ok: ${String(report.ok)}`].join('\n');
}
