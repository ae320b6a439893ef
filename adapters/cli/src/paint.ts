import type { CliIo } from './types.js';

const codes = { red: 31, green: 32, yellow: 33, dim: 2, bold: 1 } as const;

/** Colours text where a person reads it on a terminal; NO_COLOR turns it off. */
export function paint(io: CliIo): (colour: keyof typeof codes, text: string) => string {
  const noColor = io.env['NO_COLOR'];
  const plain = !io.stdout.isTty || (noColor !== undefined && noColor !== '');
  return (colour, text) => (plain ? text : `\u001b[${codes[colour]}m${text}\u001b[0m`);
}
