/** Why a request is shed. */
export type ShedReason = 'too-many-in-flight' | 'too-many-bytes' | 'too-late';

/** Counts what the server holds and says when to refuse more. */
export interface LoadGate {
  /** Requests held now. */
  readonly inFlight: number;
  /** Bytes of bodies held now. */
  readonly bufferedBytes: number;
  readonly enter: () => void;
  readonly leave: () => void;
  readonly hold: (bytes: number) => void;
  readonly release: (bytes: number) => void;
  /** A reason to refuse a request that has waited `waitedMs` here and whose sender gives up after `patienceMs`. */
  readonly shed: (waitedMs: number, patienceMs: number) => ShedReason | undefined;
  /** How long a request of this turn of the event loop has waited before anybody saw it. */
  readonly lagMs: () => number;
  readonly close: () => void;
}

/** What {@link createLoadGate} needs. */
export interface LoadGateOptions {
  readonly maxInFlight: number;
  readonly maxBufferedBytes: number;
}

const tickMs = 20;
/** An answer after this share of the sender's patience is likely to find nobody. */
const usefulShare = 0.5;

/**
 * Load shedding for a server whose work is CPU-bound and so queues in the event loop, where Node.js does not show it.
 *
 * A timer ticks every 20 ms. When a request is seen long after the last tick, the loop has been busy at least that long, and the
 * request was waiting all the while: work that its sender will not wait for is refused before it is parsed, which costs
 * a tenth of answering it. Counters bound memory.
 */
export function createLoadGate(options: LoadGateOptions): LoadGate {
  const { maxInFlight, maxBufferedBytes } = options;
  let inFlight = 0;
  let bufferedBytes = 0;
  let lastTick = performance.now();
  const timer = setInterval(() => {
    lastTick = performance.now();
  }, tickMs);
  timer.unref();

  const lagMs = (): number => Math.max(0, performance.now() - lastTick - tickMs);
  return {
    get inFlight() {
      return inFlight;
    },
    get bufferedBytes() {
      return bufferedBytes;
    },
    enter: () => {
      inFlight += 1;
    },
    leave: () => {
      inFlight -= 1;
    },
    hold: (bytes) => {
      bufferedBytes += bytes;
    },
    release: (bytes) => {
      bufferedBytes -= bytes;
    },
    shed: (waitedMs, patienceMs) => {
      if (waitedMs > patienceMs * usefulShare) return 'too-late';
      if (inFlight > maxInFlight) return 'too-many-in-flight';
      return bufferedBytes > maxBufferedBytes ? 'too-many-bytes' : undefined;
    },
    lagMs,
    close: () => {
      clearInterval(timer);
    },
  };
}
