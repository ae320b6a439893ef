/** The API server cuts longer messages. */
const messageLimit = 120;
/** All messages of one review together stay below this, or the API server drops some. */
const totalLimit = 4096;
const tail = 40;
const unprintable = /[^\x20-\x7e]/;
const everyUnprintable = new RegExp(unprintable, 'g');

/** A name for use in a message: printable, quoted, of at most so many characters. */
export const shown = (name: unknown, most = 32): string => {
  const text = typeof name === 'string' ? name : typeof name;
  if (text.length <= most && !unprintable.test(text)) return `"${text}"`;
  const printable = text.slice(0, most + 1).replace(everyUnprintable, '?');
  return `"${printable.length > most ? `${printable.slice(0, most - 3)}...` : printable}"`;
};

/**
 * Messages as an admission response may carry them: printable ASCII, at most 120 characters each, below 4,096 in all.
 * What does not fit is counted in the last message.
 *
 * @see {@link https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/#response | Kubernetes: admission responses}
 */
export function limitWarnings(messages: readonly string[]): string[] {
  const kept: string[] = [];
  let total = 0;
  for (const message of messages) {
    const printable = unprintable.test(message) ? message.replace(everyUnprintable, '?') : message;
    const text =
      printable.length > messageLimit ? `${printable.slice(0, messageLimit - 3)}...` : printable;
    if (total + text.length + tail >= totalLimit) {
      kept.push(`irsa: ${messages.length - kept.length} more warnings`);
      break;
    }
    total += text.length;
    kept.push(text);
  }
  return kept;
}
