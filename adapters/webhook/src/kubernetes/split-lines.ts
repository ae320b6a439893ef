const lineFeed = 0x0a;
/** Objects are at most 3 MiB; a line past this is no watch event. */
const maxLineBytes = 16 * 1024 * 1024;

/**
 * Cuts a byte stream into lines, wherever the network cut it: inside a line or inside a character.
 *
 * @throws Error when a line has no end in sight.
 */
export function splitLines(onLine: (line: string) => void): (chunk: Buffer) => void {
  let parts: Buffer[] = [];
  let held = 0;
  return (chunk) => {
    let from = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, from)) {
      parts.push(chunk.subarray(from, end));
      const line = Buffer.concat(parts).toString().trim();
      parts = [];
      held = 0;
      from = end + 1;
      if (line !== '') onLine(line);
    }
    if (from === chunk.length) return;
    held += chunk.length - from;
    if (held > maxLineBytes) throw new Error(`a line of more than ${maxLineBytes} bytes`);
    parts.push(chunk.subarray(from));
  };
}
