/** Somebody pressed Ctrl-C: exit code 130, as shells have it. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}
