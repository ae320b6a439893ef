import { lineDiff } from './line-diff.js';
import { paint } from './paint.js';
import type { CliIo } from './types.js';

/** A change as a diff with three lines around it, for people. */
export function changeText(before: string, after: string, io: CliIo): string {
  const lines = lineDiff(before, after);
  const changed = lines.map(({ sign }) => sign !== ' ');
  if (!changed.includes(true)) return 'no change';
  const colour = paint(io);
  const shown: string[] = [];
  let skipped = false;
  for (const [index, { sign, line }] of lines.entries()) {
    const near = changed.slice(Math.max(0, index - 3), index + 4).includes(true);
    if (!near) {
      skipped = true;
      continue;
    }
    if (skipped && shown.length > 0) shown.push('…');
    skipped = false;
    const text = `${sign} ${line}`;
    shown.push(sign === ' ' ? text : colour(sign === '+' ? 'green' : 'red', text));
  }
  return shown.join('\n');
}
