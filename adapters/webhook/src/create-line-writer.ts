/** A writer of log lines. */
export interface LineWriter {
  readonly write: (line: string) => void;
  /** Hands over what is held now; for the end of the program. */
  readonly flush: () => void;
}

/** Longer than a burst of reviews, shorter than anybody waits for a log. */
const holdMs = 50;
const holdCharacters = 64 * 1024;

/**
 * Gathers lines for a moment, so that a thousand reviews in a second are twenty writes and not a thousand: a write to a pipe is a
 * system call that the reviews behind it wait for.
 */
export function createLineWriter(sink: (text: string) => void): LineWriter {
  let held = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const text = held;
    held = '';
    if (text !== '') sink(text);
  };
  return {
    write: (line) => {
      held += line;
      if (held.length >= holdCharacters) flush();
      else timer ??= setTimeout(flush, holdMs);
    },
    flush,
  };
}
