import type { ScenarioResult } from './scenarios/types.js';

/** The object of `--json`. */
export interface Report {
  readonly ok: boolean;
  readonly parts: Readonly<Record<string, string>>;
  readonly scenarios: readonly ScenarioResult[];
}

const columns = 118;

/** The table for people: a line for each thing that a scenario saw. */
export function renderReport(report: Report): string {
  const width = Math.max(0, ...report.scenarios.map(({ id }) => id.length));
  const lines = report.scenarios.flatMap(({ id, ok, ms, detail }) => {
    const head = `${ok ? 'ok    ' : 'FAILED'} ${id.padEnd(width)} ${(ms / 1000).toFixed(1).padStart(6)} s  `;
    const saw = detail.split(/\n|; /).flatMap((line) => wrap(line, columns - head.length));
    return saw.map((line, index) => `${index === 0 ? head : ' '.repeat(head.length)}${line}`);
  });
  const parts = Object.entries(report.parts).map(([name, version]) => `${name} ${version}`);
  return [
    ...lines,
    '',
    ...wrap(`parts: ${parts.join(', ')}`, columns),
    `ok: ${String(report.ok)}`,
  ].join('\n');
}

/** Lines of whole words; those after the first are indented. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = `  ${word}`;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
