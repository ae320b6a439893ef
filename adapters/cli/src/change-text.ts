import { structuredPatch } from 'diff';
import type { paint } from './paint.js';

/** A change as a diff with three lines around it, for people. */
export function changeText(
  before: string,
  after: string,
  colour: ReturnType<typeof paint>,
): string {
  const { hunks } = structuredPatch('', '', withEnd(before), withEnd(after), '', '', {
    context: 3,
  });
  if (hunks.length === 0) return 'no change';
  return hunks
    .map(({ lines }) =>
      lines
        .map((line) => {
          const text = `${line.charAt(0)} ${line.slice(1)}`;
          if (line.startsWith('+')) return colour('green', text);
          return line.startsWith('-') ? colour('red', text) : text;
        })
        .join('\n'),
    )
    .join('\n…\n');
}

const withEnd = (text: string): string => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
