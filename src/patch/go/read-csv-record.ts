/**
 * The fields of the first record that Go's `encoding/csv` reads from a text; undefined where it answers with an error, an end of
 * input included. Its rules: empty lines are passed over, nothing is trimmed, a quote may only stand at a field's begin, a quoted
 * field may hold commas, doubled quotes and line breaks.
 *
 * @see {@link https://pkg.go.dev/encoding/csv | encoding/csv}
 */
export function readCsvRecord(text: string): string[] | undefined {
  const lines = linesOf(text);
  const first = lines.findIndex((line) => line !== '' && line !== '\n');
  const following = lines.slice(first + 1).values();
  let line = lines[first];
  if (line === undefined) return undefined;
  const fields: string[] = [];
  for (;;) {
    if (!line.startsWith('"')) {
      const comma = line.indexOf(',');
      const field = comma < 0 ? line.replace(/\n$/, '') : line.slice(0, comma);
      if (field.includes('"')) return undefined;
      fields.push(field);
      if (comma < 0) return fields;
      line = line.slice(comma + 1);
      continue;
    }
    line = line.slice(1);
    let field = '';
    for (;;) {
      const quote = line.indexOf('"');
      if (quote < 0) {
        // The field goes on in the next line, or the input ends inside the quotes.
        field += line;
        const next = following.next();
        if (next.done === true) return undefined;
        line = next.value;
        continue;
      }
      field += line.slice(0, quote);
      line = line.slice(quote + 1);
      if (!line.startsWith('"')) break;
      field += '"';
      line = line.slice(1);
    }
    fields.push(field);
    if (line === '' || line === '\n') return fields;
    if (!line.startsWith(',')) return undefined;
    line = line.slice(1);
  }
}

/** Lines with their break, `\r\n` turned into `\n`; a last `\r` before the end of input is dropped. */
const linesOf = (text: string): string[] => {
  const lines = text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
  return lines.map((line) =>
    line.endsWith('\n') ? line.replace(/\r\n$/, '\n') : line.replace(/\r$/, ''),
  );
};
