import type { CliIo, CommandResult } from './types.js';

export type OutputForm = 'text' | 'json' | 'yaml';

/** Prints a result in the form that was asked for; always ends in one line feed. */
export async function printResult(
  { data, text }: CommandResult,
  form: OutputForm,
  io: CliIo,
): Promise<void> {
  const printed = await render(data, text, form);
  if (printed !== '') io.stdout.write(printed.endsWith('\n') ? printed : `${printed}\n`);
}

async function render(data: unknown, text: string, form: OutputForm): Promise<string> {
  switch (form) {
    case 'text':
      return text;
    case 'json':
      return JSON.stringify(data, undefined, 2);
    case 'yaml': {
      const { stringify } = await import('yaml');
      // Through JSON, so that dates and left-out fields look the same in both.
      return stringify(JSON.parse(JSON.stringify(data)), { lineWidth: 0 });
    }
  }
}
