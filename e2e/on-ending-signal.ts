const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** A signal that would end this process runs `stop` instead, so that it can clean up behind what it stops. Returns how to undo this. */
export function onEndingSignal(stop: () => void): () => void {
  for (const signal of signals) process.on(signal, stop);
  return () => {
    for (const signal of signals) process.off(signal, stop);
  };
}
