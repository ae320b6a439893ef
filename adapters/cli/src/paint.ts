import { styleText } from 'node:util';
import type { CliIo } from './types.js';

type Colour = 'red' | 'green' | 'yellow' | 'dim' | 'bold';

/** Colours text where a person reads it on a terminal; NO_COLOR turns it off. */
export function paint(
  io: CliIo,
  stream: 'stdout' | 'stderr' = 'stdout',
): (colour: Colour, text: string) => string {
  const noColor = io.env['NO_COLOR'];
  const plain =
    !io[stream].isTty || (noColor !== undefined && noColor !== '') || io.env['TERM'] === 'dumb';
  return (colour, text) => (plain ? text : styleText(colour, text, { validateStream: false }));
}
